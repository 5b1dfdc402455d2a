//! Doubles of authorization servers whose users carry attributes, over real HTTP, built from the servers'
//! documentation and source. Neither was compared with the real one.

mod graph;
mod keycloak;

use std::{
    collections::{HashMap, VecDeque},
    net::TcpListener,
    sync::Arc,
    time::Duration,
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    dev::ServerHandle,
    http::{Method, StatusCode},
    web::{Bytes, Data},
};
use chrono::{DateTime, TimeDelta, Utc};
use kinlink_domain::port::Clock;
use parking_lot::Mutex;
use serde_json::Value;

pub use graph::GraphDouble;
pub use keycloak::{KeycloakDouble, UserProfile};

/// What a double answers once instead of what it was asked for.
#[derive(Debug, Clone, Copy)]
pub struct Trouble {
    /// The status.
    pub status: u16,
    /// `Retry-After`.
    pub retry_after: Option<&'static str>,
    /// How long it takes.
    pub delay: Duration,
}

impl Trouble {
    /// This status, at once.
    pub const fn status(status: u16) -> Self {
        Self { status, retry_after: None, delay: Duration::ZERO }
    }
}

/// A request that a double took, without its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Its method.
    pub method: String,
    /// Its path.
    pub path: String,
}

/// What both doubles have: clients with secrets, tokens with an end, troubles, and a memory of requests.
#[derive(Debug)]
struct Common {
    clock: Arc<dyn Clock>,
    lasts: TimeDelta,
    secret: Mutex<String>,
    tokens: Mutex<HashMap<String, DateTime<Utc>>>,
    issued: Mutex<u64>,
    permitted: Mutex<bool>,
    troubles: Mutex<VecDeque<Trouble>>,
    taken: Mutex<Vec<Taken>>,
}

impl Common {
    fn new(clock: Arc<dyn Clock>, lasts: TimeDelta) -> Self {
        Self {
            clock,
            lasts,
            secret: Mutex::new("right".to_owned()),
            tokens: Mutex::default(),
            issued: Mutex::default(),
            permitted: Mutex::new(true),
            troubles: Mutex::default(),
            taken: Mutex::default(),
        }
    }

    /// A token for this form, if its client and secret are right.
    fn token(&self, form: &HashMap<String, String>) -> Option<String> {
        let is = |name: &str, value: &str| form.get(name).is_some_and(|given| given == value);
        let right = is("grant_type", "client_credentials")
            && is("client_id", "kinlink")
            && is("client_secret", &self.secret.lock());
        let mut issued = self.issued.lock();
        *issued += u64::from(right);
        let token = right.then(|| format!("token-{issued}"))?;
        self.tokens.lock().insert(token.clone(), self.clock.now() + self.lasts);
        Some(token)
    }

    fn accepts(&self, request: &HttpRequest) -> bool {
        let header = request.headers().get("authorization").and_then(|value| value.to_str().ok());
        let token = header.and_then(|value| value.strip_prefix("Bearer "));
        let until = token.and_then(|token| self.tokens.lock().get(token).copied());
        until.is_some_and(|until| self.clock.now() < until)
    }

    /// Remembers the request; the trouble that it meets, if any.
    async fn take(&self, method: &Method, path: &str) -> Option<Trouble> {
        self.taken.lock().push(Taken { method: method.to_string(), path: path.to_owned() });
        let trouble = self.troubles.lock().pop_front()?;
        tokio::time::sleep(trouble.delay).await;
        Some(trouble)
    }

    fn form(body: &Bytes) -> HashMap<String, String> {
        url::form_urlencoded::parse(body).into_owned().collect()
    }
}

fn answer(status: u16, body: &Value) -> HttpResponse {
    HttpResponse::build(status_code(status)).json(body)
}

fn troubled(trouble: Trouble, body: &Value) -> HttpResponse {
    let mut answer = HttpResponse::build(status_code(trouble.status));
    if let Some(after) = trouble.retry_after {
        answer.insert_header(("retry-after", after));
    }
    answer.json(body)
}

fn status_code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).expect("a status")
}

/// A double that serves until it is stopped.
#[derive(Debug)]
struct Serving {
    url: String,
    handle: ServerHandle,
}

/// What a double does with a request.
trait Answers: Send + Sync + 'static {
    fn answer(&self, request: &HttpRequest, body: &Bytes) -> impl Future<Output = HttpResponse>;
}

fn serve<D: Answers>(listener: TcpListener, double: Arc<D>) -> Serving {
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let data = Data::from(double);
    let server = HttpServer::new(move || {
        App::new().app_data(data.clone()).default_service(actix_web::web::to(handle::<D>))
    });
    let server = server.workers(1).disable_signals().listen(listener).expect("a double can listen").run();
    let handle = server.handle();
    tokio::spawn(server);
    Serving { url, handle }
}

async fn handle<D: Answers>(request: HttpRequest, body: Bytes, double: Data<D>) -> HttpResponse {
    double.answer(&request, &body).await
}

fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").expect("a port")
}

/// What tests do with either double.
macro_rules! controls {
    ($double:ident) => {
        impl $double {
            /// Where it is.
            pub fn url(&self) -> &str {
                &self.serving.url
            }

            /// Meets the next requests, but for tokens, with these troubles.
            pub fn trouble(&self, troubles: &[$crate::servers::Trouble]) {
                self.state.common.troubles.lock().extend(troubles);
            }

            /// Takes another secret from now on.
            pub fn change_secret(&self, secret: &str) {
                *self.state.common.secret.lock() = secret.to_owned();
            }

            /// Accepts no token that it has given.
            pub fn revoke_tokens(&self) {
                self.state.common.tokens.lock().clear();
            }

            /// Whether the client may read and change users.
            pub fn permit(&self, permitted: bool) {
                *self.state.common.permitted.lock() = permitted;
            }

            /// How many tokens it has given.
            pub fn tokens(&self) -> u64 {
                *self.state.common.issued.lock()
            }

            /// The requests that it took, but for tokens.
            pub fn taken(&self) -> Vec<$crate::servers::Taken> {
                self.state.common.taken.lock().clone()
            }

            /// How many requests with this method it took.
            pub fn count(&self, method: &str) -> usize {
                self.taken().iter().filter(|taken| taken.method == method).count()
            }

            /// Stops it.
            pub async fn stop(self) {
                self.serving.handle.stop(true).await;
            }
        }
    };
}
use controls;

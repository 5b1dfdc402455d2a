//! A receiver of events on this machine, which answers as a test says.

use std::{
    net::TcpListener,
    sync::{Arc, Mutex},
    time::Duration,
};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, http::StatusCode, web};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

/// What arrived.
#[derive(Debug, Clone)]
pub(crate) struct Arrived {
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Arrived {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// The claims of a SET, unverified.
    pub(crate) fn claims(&self) -> Value {
        let claims = URL_SAFE_NO_PAD.decode(self.body.split('.').nth(1).unwrap()).unwrap();
        serde_json::from_slice(&claims).unwrap()
    }

    pub(crate) fn sub(&self) -> String {
        self.claims()["sub_id"]["sub"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn jti(&self) -> String {
        self.claims()["jti"].as_str().unwrap().to_owned()
    }
}

/// How one request is answered.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Answer {
    Status(u16),
    Body(u16, &'static str),
    After(u16, &'static str),
    Slow(Duration),
}

type Script = Arc<dyn Fn(&Arrived, usize) -> Answer + Send + Sync>;

pub(crate) struct EventReceiver {
    pub(crate) url: String,
    handle: ServerHandle,
    arrived: Arc<Mutex<Vec<Arrived>>>,
}

impl EventReceiver {
    /// `script` gets what arrived, and how many arrived before.
    pub(crate) fn start(script: impl Fn(&Arrived, usize) -> Answer + Send + Sync + 'static) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").unwrap(), script)
    }

    pub(crate) fn on(
        listener: TcpListener,
        script: impl Fn(&Arrived, usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let url = format!("http://{}/events", listener.local_addr().unwrap());
        let (arrived, script): (_, Script) = (Arc::new(Mutex::new(Vec::new())), Arc::new(script));
        let kept = arrived.clone();
        let server = HttpServer::new(move || {
            let (kept, script) = (kept.clone(), script.clone());
            App::new().default_service(web::to(move |request: HttpRequest, body: web::Bytes| {
                let (kept, script) = (kept.clone(), script.clone());
                async move { take(&request, &body, &kept, &script).await }
            }))
        });
        let server = server.workers(1).disable_signals().listen(listener).unwrap().run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { url, handle, arrived }
    }

    pub(crate) fn arrived(&self) -> Vec<Arrived> {
        self.arrived.lock().unwrap().clone()
    }

    pub(crate) async fn stop(self) {
        self.handle.stop(false).await;
    }
}

async fn take(
    request: &HttpRequest,
    body: &[u8],
    kept: &Mutex<Vec<Arrived>>,
    script: &Script,
) -> HttpResponse {
    let headers = request.headers().iter();
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    let arrived = Arrived { headers: headers.collect(), body: String::from_utf8(body.to_vec()).unwrap() };
    let answer = {
        let mut kept = kept.lock().unwrap();
        let answer = script(&arrived, kept.len());
        kept.push(arrived);
        answer
    };
    let status = |status| HttpResponse::build(StatusCode::from_u16(status).unwrap());
    match answer {
        Answer::Status(code) => status(code).finish(),
        Answer::Body(code, body) => status(code).body(body),
        Answer::After(code, after) => status(code).insert_header(("retry-after", after)).finish(),
        Answer::Slow(time) => {
            tokio::time::sleep(time).await;
            status(202).finish()
        }
    }
}

use std::{
    collections::HashMap,
    net::TcpListener,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use actix_web::{App, HttpResponse, HttpServer, web};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// When which event of which account arrived first, and which came again.
#[derive(Debug, Default)]
pub(super) struct Heard {
    pub(super) at: HashMap<(String, String), Instant>,
    pub(super) twice: HashMap<String, usize>,
}

/// A receiver over real HTTP that takes everything.
#[derive(Debug, Clone)]
pub(super) struct Receiver {
    pub(super) url: String,
    heard: Arc<Mutex<Heard>>,
}

impl Receiver {
    pub(super) fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}/events", listener.local_addr()?);
        let heard = Arc::new(Mutex::new(Heard::default()));
        let kept = heard.clone();
        let server = HttpServer::new(move || {
            let kept = kept.clone();
            App::new().default_service(web::to(move |set: String| {
                let kept = kept.clone();
                async move {
                    let now = Instant::now();
                    if let Some((event, sub)) = read(&set) {
                        kept.lock().unwrap_or_else(PoisonError::into_inner).note(event, sub, now);
                    }
                    HttpResponse::Accepted().finish()
                }
            }))
        });
        tokio::spawn(server.workers(1).disable_signals().listen(listener)?.run());
        Ok(Self { url, heard })
    }

    pub(super) fn count(&self) -> usize {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).at.len()
    }

    pub(super) fn take(&self) -> Heard {
        std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Heard {
    fn note(&mut self, event: String, sub: String, now: Instant) {
        if self.at.contains_key(&(event.clone(), sub.clone())) {
            *self.twice.entry(event).or_default() += 1;
        } else {
            self.at.insert((event, sub), now);
        }
    }
}

/// The event and the account of a SET. Its signature is not checked: that would be the receiver's cost.
fn read(set: &str) -> Option<(String, String)> {
    let claims = URL_SAFE_NO_PAD.decode(set.split('.').nth(1)?).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&claims).ok()?;
    let event = claims["events"].as_object()?.keys().next()?.rsplit('/').next()?.to_owned();
    Some((event, claims["sub_id"]["sub"].as_str()?.to_owned()))
}

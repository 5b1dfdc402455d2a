//! A receiver of webhooks on this machine, well-behaved or not.

use std::{
    net::TcpListener,
    sync::{Arc, Mutex},
    time::Duration,
};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, http::StatusCode, web};

/// What arrived.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) id: String,
    pub(crate) timestamp: String,
    pub(crate) signature: String,
    pub(crate) body: Vec<u8>,
}

/// How one request is answered.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Answer {
    Status(u16),
    RetryAfter(u16, &'static str),
    Redirect,
    Slow,
}

/// A receiver that answers as it was told, the last answer again and again.
pub(crate) struct Receiver {
    pub(crate) url: String,
    handle: ServerHandle,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Receiver {
    pub(crate) fn start(answers: &[Answer]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/in", listener.local_addr().unwrap());
        let received = Arc::new(Mutex::new(Vec::new()));
        let (kept, answers) = (received.clone(), Arc::new(answers.to_vec()));
        let server = HttpServer::new(move || {
            let (kept, answers) = (kept.clone(), answers.clone());
            App::new().default_service(web::to(move |request: HttpRequest, body: web::Bytes| {
                let (kept, answers) = (kept.clone(), answers.clone());
                async move { take(&request, &body, &kept, &answers).await }
            }))
        });
        let server = server.workers(1).disable_signals().listen(listener).unwrap().run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { url, handle, received }
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    pub(crate) async fn stop(self) {
        self.handle.stop(false).await;
    }
}

async fn take(
    request: &HttpRequest,
    body: &[u8],
    kept: &Mutex<Vec<Received>>,
    answers: &[Answer],
) -> HttpResponse {
    let header = |name: &str| request.headers().get(name).unwrap().to_str().unwrap().to_owned();
    let answer = {
        let mut kept = kept.lock().unwrap();
        let answer = *answers.get(kept.len()).or(answers.last()).unwrap();
        kept.push(Received {
            id: header("webhook-id"),
            timestamp: header("webhook-timestamp"),
            signature: header("webhook-signature"),
            body: body.to_vec(),
        });
        answer
    };
    match answer {
        Answer::Status(status) => HttpResponse::build(StatusCode::from_u16(status).unwrap()).body("garbage"),
        Answer::RetryAfter(status, after) => HttpResponse::build(StatusCode::from_u16(status).unwrap())
            .insert_header(("retry-after", after))
            .finish(),
        Answer::Redirect => HttpResponse::Found().insert_header(("location", "/elsewhere")).finish(),
        Answer::Slow => {
            tokio::time::sleep(Duration::from_secs(5)).await;
            HttpResponse::Ok().finish()
        }
    }
}

//! Clients hear at once that access changed: by SETs that are pushed or polled, and by webhooks.

mod neighbour;
mod poll;
mod push;
mod turns;
mod webhooks;

use std::{
    net::TcpListener,
    sync::{Arc, Mutex},
};

use actix_web::{App as ActixApp, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::Value;

use crate::app::{App, Caller};

/// What a receiver got.
struct Request {
    body: String,
    headers: actix_web::http::header::HeaderMap,
}

impl Request {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

type Arrived = Arc<Mutex<Vec<Request>>>;

/// A receiver that takes everything; where it is, and what it got.
fn receiver() -> (String, Arrived) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/events", listener.local_addr().unwrap());
    let arrived = Arrived::default();
    let kept = arrived.clone();
    let server = HttpServer::new(move || {
        let kept = kept.clone();
        ActixApp::new().default_service(web::to(move |request: HttpRequest, body: String| {
            let kept = kept.clone();
            async move {
                kept.lock().unwrap().push(Request { body, headers: request.headers().clone() });
                HttpResponse::Accepted().finish()
            }
        }))
    });
    tokio::spawn(server.workers(1).disable_signals().listen(listener).unwrap().run());
    (url, arrived)
}

/// The claims of a SET whose signature the published keys bear out.
pub(crate) async fn verified(app: &App, set: &str) -> Value {
    let metadata = app.with_token("").get("/.well-known/ssf-configuration").await.expect(200);
    let jwks = metadata.text("/jwks_uri").strip_prefix(&app.url).unwrap().to_owned();
    let keys = app.with_token("").get(&jwks).await.expect(200).body;
    let keys: jsonwebtoken::jwk::JwkSet = serde_json::from_value(keys).unwrap();
    let header = jsonwebtoken::decode_header(set).unwrap();
    assert_eq!(header.typ.as_deref(), Some("secevent+jwt"));
    let key = keys.find(&header.kid.unwrap()).expect("its key is published");
    let key = jsonwebtoken::DecodingKey::from_jwk(key).unwrap();
    let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::RS256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    let claims = jsonwebtoken::decode::<Value>(set, &key, &validation).unwrap().claims;
    assert_eq!(claims["iss"], metadata.body["issuer"]);
    claims
}

/// The one event of a SET: the last part of its type, and what it says.
fn event(claims: &Value) -> (String, Value) {
    let events = claims["events"].as_object().unwrap();
    assert_eq!(events.len(), 1);
    let (uri, event) = events.iter().next().unwrap();
    (uri.rsplit('/').next().unwrap().to_owned(), event.clone())
}

/// Links a login to a patient of `here`; returns the link.
async fn links(app: &App, name: &str, patient: &str) -> String {
    let code = app.registrar().invites(patient).await.text("/code").to_owned();
    app.person(name).redeems(&code).await.expect(201).text("/link/id").to_owned()
}

async fn ends(app: &App, name: &str, link: &str) {
    let reason = serde_json::json!({"reason": "not_me"});
    app.person(name).post(&format!("/v1/links/{link}/revoke"), reason).await.expect(200);
}

pub(crate) async fn poll(client: &Caller, stream: &str, body: Value) -> Value {
    client.post(&format!("/ssf/poll/{stream}"), body).await.expect(200).body
}

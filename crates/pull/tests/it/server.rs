//! A small FHIR server with a token endpoint, which answers as it is told to.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Arc, Mutex},
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    dev::ServerHandle,
    web::{self, Data},
};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::client_key::{ClientKey, PublicHalf};

/// No trouble: a request that is answered.
pub(crate) const WELL: u16 = 0;

#[derive(Default)]
pub(crate) struct Told {
    /// Patients, in whatever order they are given out.
    pub(crate) patients: Vec<Value>,
    /// Ids with when they were deleted, if they were, newest first.
    pub(crate) history: Vec<(String, Option<&'static str>)>,
    /// Statuses for the next requests before they are answered, with what `Retry-After` says.
    pub(crate) trouble: VecDeque<(u16, Option<&'static str>)>,
    /// Instead of the next page's own address.
    pub(crate) next: Option<String>,
    /// Whether the self link says that the result is sorted.
    pub(crate) sorted: bool,
    /// How many requests an access token is good for.
    pub(crate) token_lasts: usize,
    /// The paths with their queries that were asked for.
    pub(crate) asked: Vec<String>,
    /// Assertions that were taken.
    pub(crate) assertions: HashSet<String>,
    token: Option<(String, usize)>,
}

pub(crate) struct FhirDouble {
    pub(crate) url: String,
    pub(crate) told: Arc<Mutex<Told>>,
    /// The client's private key.
    pub(crate) pem: String,
    handle: ServerHandle,
}

struct Shared {
    url: String,
    told: Arc<Mutex<Told>>,
    public: PublicHalf,
}

pub(crate) fn patient(id: &str, changed: &str) -> Value {
    json!({"resourceType": "Patient", "id": id, "meta": {"versionId": "1", "lastUpdated": changed},
        "name": [{"family": format!("F-{id}")}], "birthDate": "1984-02-29"})
}

impl FhirDouble {
    pub(crate) fn start(patients: Vec<Value>) -> Self {
        Self::start_for(ClientKey::es384(), patients)
    }

    /// One that knows the public half of this key.
    pub(crate) fn start_for(key: ClientKey, patients: Vec<Value>) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/r4", listener.local_addr().unwrap());
        let told = Told { patients, sorted: true, token_lasts: usize::MAX, ..Told::default() };
        let told = Arc::new(Mutex::new(told));
        let ClientKey { pem, public } = key;
        let shared = Data::new(Shared { url: url.clone(), told: told.clone(), public });
        let server = HttpServer::new(move || {
            App::new()
                .app_data(shared.clone())
                .route("/r4/.well-known/smart-configuration", web::get().to(configuration))
                .route("/r4/token", web::post().to(token))
                .route("/r4/Patient", web::get().to(search))
                .route("/r4/Patient/_history", web::get().to(history))
        });
        let server = server.workers(1).disable_signals().listen(listener).unwrap().run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { url, told, pem, handle }
    }

    pub(crate) fn tell(&self, tell: impl FnOnce(&mut Told)) {
        tell(&mut self.told.lock().unwrap());
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.told.lock().unwrap().asked)
    }

    pub(crate) async fn stop(self) {
        self.handle.stop(false).await;
    }
}

async fn configuration(shared: Data<Shared>) -> HttpResponse {
    HttpResponse::Ok().json(json!({"token_endpoint": format!("{}/token", shared.url)}))
}

/// SMART App Launch 2.2, "Backend Services": checks the assertion as a server must.
async fn token(shared: Data<Shared>, form: web::Form<Vec<(String, String)>>) -> HttpResponse {
    let value = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let refuse = |why: &str| HttpResponse::BadRequest().json(json!({"error": why}));
    if value("grant_type") != Some("client_credentials")
        || value("scope") != Some("system/Patient.rs")
        || value("client_assertion_type") != Some("urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
    {
        return refuse("invalid_request");
    }
    let assertion = value("client_assertion").unwrap_or_default();
    let Some([header, claims]) = shared.public.verified(assertion) else { return refuse("invalid_client") };
    // The test's clock stands still somewhere else than the machine's.
    let lifetime = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    if claims["iss"] != "kinlink"
        || claims["sub"] != "kinlink"
        || claims["aud"] != format!("{}/token", shared.url)
        || header["kid"] != "k1"
        || !(1..=300).contains(&lifetime)
    {
        return refuse("invalid_client");
    }
    let mut told = shared.told.lock().unwrap();
    if !told.assertions.insert(claims["jti"].as_str().unwrap().to_owned()) {
        return refuse("invalid_client");
    }
    let token = format!("t{}", told.assertions.len());
    told.token = Some((token.clone(), told.token_lasts));
    HttpResponse::Ok().json(json!({"access_token": token, "token_type": "bearer", "expires_in": 300}))
}

/// Whether there is trouble, or a wrong token.
fn refused(told: &mut Told, request: &HttpRequest) -> Option<HttpResponse> {
    told.asked.push(request.uri().to_string());
    let shown = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    let shown = shown.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    let right = match &mut told.token {
        Some((token, left)) if token == shown && *left > 0 => {
            *left -= 1;
            true
        }
        _ => shown == "static",
    };
    if !right {
        return Some(HttpResponse::Unauthorized().finish());
    }
    let (status, retry_after) = told.trouble.pop_front().filter(|(status, _)| *status != WELL)?;
    let mut response = HttpResponse::build(actix_web::http::StatusCode::from_u16(status).unwrap());
    if let Some(retry_after) = retry_after {
        response.insert_header(("retry-after", retry_after));
    }
    // What no log may repeat.
    Some(response.body("SECRET of a person"))
}

async fn search(
    shared: Data<Shared>,
    request: HttpRequest,
    query: web::Query<std::collections::HashMap<String, String>>,
) -> HttpResponse {
    let mut told = shared.told.lock().unwrap();
    if let Some(refused) = refused(&mut told, &request) {
        return refused;
    }
    let since = query.get("_lastUpdated").and_then(|text| text.strip_prefix("ge"));
    let since = since.map(|text| DateTime::parse_from_rfc3339(text).unwrap().with_timezone(&Utc));
    let changed = |patient: &Value| {
        let at = patient["meta"]["lastUpdated"].as_str()?;
        Some(DateTime::parse_from_rfc3339(at).unwrap().with_timezone(&Utc))
    };
    let found: Vec<_> =
        told.patients.iter().filter(|one| since.is_none_or(|since| changed(one) >= Some(since))).collect();
    let count: usize = query["_count"].parse().unwrap();
    let offset: usize = query.get("offset").map_or(0, |text| text.parse().unwrap());
    let page: Vec<_> = found.iter().skip(offset).take(count).map(|one| json!({"resource": one})).collect();
    let sort = if told.sorted { "&_sort=_lastUpdated" } else { "" };
    let mut links =
        vec![json!({"relation": "self", "url": format!("{}/Patient?_count={count}{sort}", shared.url)})];
    if offset + count < found.len() {
        let since =
            query.get("_lastUpdated").map(|since| format!("&_lastUpdated={since}")).unwrap_or_default();
        let own = format!("Patient?_count={count}{sort}&offset={}{since}", offset + count);
        links.push(
            json!({"relation": "next", "url": told.next.clone().unwrap_or(format!("{}/{own}", shared.url))}),
        );
    }
    bundle("searchset", &links, &page)
}

async fn history(shared: Data<Shared>, request: HttpRequest) -> HttpResponse {
    let mut told = shared.told.lock().unwrap();
    if let Some(refused) = refused(&mut told, &request) {
        return refused;
    }
    let entry = |(id, deleted): &(String, Option<&'static str>)| {
        let method = if deleted.is_some() { "DELETE" } else { "PUT" };
        json!({
            "request": {"method": method, "url": format!("Patient/{id}")},
            "response": {"status": "200", "lastModified": deleted},
        })
    };
    bundle("history", &[], &told.history.iter().map(entry).collect::<Vec<_>>())
}

fn bundle(kind: &str, links: &[Value], entry: &[Value]) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/fhir+json")
        .json(json!({"resourceType": "Bundle", "type": kind, "link": links, "entry": entry}))
}

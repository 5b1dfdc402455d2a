//! After "Update user", "Get user", "Microsoft Graph throttling guidance" and the error codes of
//! `microsoftgraph/microsoft-graph-docs-contrib`, and the client credentials flow of Microsoft Entra.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use actix_web::{HttpRequest, HttpResponse, http::Method, web::Bytes};
use chrono::TimeDelta;
use kinlink_domain::port::Clock;
use parking_lot::Mutex;
use serde_json::{Map, Value, json};

use super::{Answers, Common, Serving, answer, controls, listener, serve, troubled};

/// A double of Microsoft Graph and of the login of one tenant, which knows one directory extension.
#[derive(Debug)]
pub struct GraphDouble {
    pub(super) state: Arc<State>,
    pub(super) serving: Serving,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) common: Common,
    url: String,
    users: Mutex<BTreeMap<String, Map<String, Value>>>,
    longest_page: Mutex<usize>,
    /// Where the list says that it goes on, if not here.
    list_at: Mutex<Option<String>>,
}

controls!(GraphDouble);

impl GraphDouble {
    /// The tenant.
    pub const TENANT: &'static str = "8f2c1f0e-1b1f-4c52-9d39-5f6a7b1c2d3e";
    /// The directory extension.
    pub const EXTENSION: &'static str = "extension_b7d8e648520d41d39c0ffdeb91768a0a_fhirUser";

    /// Starts one whose tokens last an hour by this clock.
    pub fn start(clock: Arc<dyn Clock>) -> Self {
        let listener = listener();
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let common = Common::new(clock, TimeDelta::seconds(3_599));
        let (users, longest_page, list_at) = (Mutex::default(), Mutex::new(999), Mutex::default());
        let state = Arc::new(State { common, url, users, longest_page, list_at });
        Self { serving: serve(listener, state.clone()), state }
    }

    /// Adds a user with a property that is not ours.
    pub fn add_user(&self, id: &str) {
        let mut user = Map::new();
        user.insert("id".to_owned(), json!(id));
        user.insert("displayName".to_owned(), json!("Ann Lee"));
        self.state.users.lock().insert(id.to_owned(), user);
    }

    /// Lists at most so many users at once.
    pub fn limit_pages(&self, most: usize) {
        *self.state.longest_page.lock() = most;
    }

    /// Says that lists go on at another place.
    pub fn lead_lists_to(&self, url: &str) {
        *self.state.list_at.lock() = Some(url.to_owned());
    }

    /// Removes a user.
    pub fn remove_user(&self, id: &str) {
        self.state.users.lock().remove(id);
    }

    /// A user's property; null if there is none.
    pub fn property(&self, id: &str, name: &str) -> Value {
        let users = self.state.users.lock();
        users.get(id).and_then(|user| user.get(name)).cloned().unwrap_or(Value::Null)
    }

    /// Sets a user's extension by hand.
    pub fn set_extension(&self, id: &str, value: &str) {
        let mut users = self.state.users.lock();
        users.get_mut(id).expect("a user").insert(Self::EXTENSION.to_owned(), json!(value));
    }
}

fn error(status: u16, code: &str, message: &str) -> HttpResponse {
    answer(status, &body(code, message))
}

fn body(code: &str, message: &str) -> Value {
    json!({"error": {"code": code, "message": message, "innerError": {"date": "2026-03-01T12:00:00", "request-id": "r"}}})
}

/// Only what is selected, and nothing that has no value.
fn shown(user: &Map<String, Value>, names: &[String]) -> Value {
    let shown = user.iter().filter(|(name, _)| names.contains(name));
    Value::Object(shown.map(|(name, value)| (name.clone(), value.clone())).collect())
}

/// The names, or the first that Graph does not know.
fn selected(names: &str) -> Result<Vec<String>, String> {
    let names: Vec<String> = names.split(',').map(str::to_owned).collect();
    let unknown = names.iter().find(|name| !is_known(name)).cloned();
    unknown.map_or(Ok(names), Err)
}

fn unknown_property(name: &str) -> HttpResponse {
    error(400, "BadRequest", &format!("Could not find a property named '{name}'."))
}

fn is_known(name: &str) -> bool {
    matches!(name, "id" | "displayName") || name == GraphDouble::EXTENSION
}

impl State {
    fn token(&self, form: &Bytes) -> HttpResponse {
        let form = Common::form(form);
        if form.get("scope") != Some(&format!("{}/.default", self.url)) {
            return answer(400, &json!({"error": "invalid_scope", "error_codes": [70011]}));
        }
        match self.common.token(&form) {
            Some(token) => answer(
                200,
                &json!({"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": token}),
            ),
            None => answer(
                401,
                &json!({"error": "invalid_client", "error_codes": [7_000_215],
                        "error_description": "AADSTS7000215: Invalid client secret provided."}),
            ),
        }
    }

    fn read(&self, id: &str, query: &str) -> HttpResponse {
        let users = self.users.lock();
        let Some(user) = users.get(id) else { return gone(id) };
        match selected(query.strip_prefix("$select=").unwrap_or_default()) {
            Ok(names) => answer(200, &shown(user, &names)),
            Err(unknown) => unknown_property(&unknown),
        }
    }

    /// As many as are wanted and fit, and where it goes on.
    fn list(&self, query: &str) -> HttpResponse {
        let query: HashMap<_, _> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let text = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
        let names = match selected(text("$select")) {
            Ok(names) => names,
            Err(unknown) => return unknown_property(&unknown),
        };
        let most = text("$top").parse().unwrap_or(100).min(*self.longest_page.lock());
        let users = self.users.lock();
        let mut rest = users.iter().filter(|(id, _)| id.as_str() > text("$skiptoken")).peekable();
        let page: Vec<_> = rest.by_ref().take(most).collect();
        let mut body = json!({"value": page.iter().map(|(_, user)| shown(user, &names)).collect::<Vec<_>>()});
        if let (Some((last, _)), true) = (page.last(), rest.peek().is_some()) {
            let (at, select) = (self.list_at.lock(), text("$select"));
            let at = at.as_deref().unwrap_or(&self.url);
            body["@odata.nextLink"] =
                json!(format!("{at}/v1.0/users?$top={most}&$select={select}&$skiptoken={last}"));
        }
        answer(200, &body)
    }

    fn update(&self, id: &str, changes: &Map<String, Value>) -> HttpResponse {
        let mut users = self.users.lock();
        let Some(user) = users.get_mut(id) else { return gone(id) };
        if changes.keys().any(|name| !is_known(name)) {
            return error(400, "Request_BadRequest", "One or more property values specified are invalid.");
        }
        for (name, value) in changes {
            if value.is_null() {
                user.remove(name);
            } else {
                user.insert(name.clone(), value.clone());
            }
        }
        HttpResponse::NoContent().finish()
    }
}

fn gone(id: &str) -> HttpResponse {
    let message = format!(
        "Resource '{id}' does not exist or one of its queried reference-property objects are not present."
    );
    error(404, "Request_ResourceNotFound", &message)
}

impl Answers for State {
    async fn answer(&self, request: &HttpRequest, body_: &Bytes) -> HttpResponse {
        let (method, path) = (request.method(), request.path());
        if path == format!("/{}/oauth2/v2.0/token", GraphDouble::TENANT) && method == Method::POST {
            return self.token(body_);
        }
        if let Some(trouble) = self.common.take(method, path).await {
            let code = if trouble.status == 429 { "TooManyRequests" } else { "serviceNotAvailable" };
            return troubled(trouble, &body(code, "Please try again."));
        }
        let Some(rest) = path.strip_prefix("/v1.0/users") else {
            return error(400, "BadRequest", "Invalid version.");
        };
        if !self.common.accepts(request) {
            return error(
                401,
                "InvalidAuthenticationToken",
                "Lifetime validation failed, the token is expired.",
            );
        }
        if !*self.common.permitted.lock() {
            return error(
                403,
                "Authorization_RequestDenied",
                "Insufficient privileges to complete the operation.",
            );
        }
        match (method, rest.trim_start_matches('/')) {
            (&Method::GET, "") => self.list(request.query_string()),
            (&Method::GET, id) => self.read(id, request.query_string()),
            (&Method::PATCH, id) => match serde_json::from_slice(body_) {
                Ok(changes) => self.update(id, &changes),
                Err(_) => error(400, "BadRequest", "Unable to read JSON request payload."),
            },
            _ => error(405, "Request_BadRequest", "Specified HTTP method is not allowed."),
        }
    }
}

//! After `UserResource`, `UserProfileResource` and `AbstractUserRepresentation` of `keycloak/keycloak`, and what
//! others measured of unmanaged attributes.

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

/// How the realm treats the attributes `fhirUser` and `patient`, which it may not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserProfile {
    /// Unmanaged, which is off: hidden, and thrown away behind a 204.
    Unmanaged,
    /// Unmanaged, and only administrators write such attributes.
    AdminEdit,
    /// Unmanaged, and users write their own too.
    Enabled,
    /// Declared, and administrators edit them.
    Declared,
    /// Declared, and nobody edits them.
    ReadOnly,
}

/// A double of Keycloak with one realm, `patients`.
#[derive(Debug)]
pub struct KeycloakDouble {
    pub(super) state: Arc<State>,
    pub(super) serving: Serving,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) common: Common,
    profile: Mutex<UserProfile>,
    users: Mutex<BTreeMap<String, Value>>,
}

controls!(KeycloakDouble);

impl KeycloakDouble {
    /// Starts one whose tokens last a minute by this clock.
    pub fn start(clock: Arc<dyn Clock>) -> Self {
        let state = Arc::new(State {
            common: Common::new(clock, TimeDelta::seconds(60)),
            profile: Mutex::new(UserProfile::AdminEdit),
            users: Mutex::default(),
        });
        Self { serving: serve(listener(), state.clone()), state }
    }

    /// Changes the realm's user profile.
    pub fn set_profile(&self, profile: UserProfile) {
        *self.state.profile.lock() = profile;
    }

    /// Adds a user who is locked out by wrong passwords and has attributes of their own.
    pub fn add_user(&self, id: &str) {
        let user = json!({
            "id": id, "username": id, "email": format!("{id}@mail.example"), "firstName": "Ann", "lastName": "Lee",
            "enabled": true, "emailVerified": true, "requiredActions": ["UPDATE_PASSWORD"], "locked": true,
            "attributes": {"locale": ["en"], "department": ["a", "b"]},
        });
        self.state.users.lock().insert(id.to_owned(), user);
    }

    /// Removes a user.
    pub fn remove_user(&self, id: &str) {
        self.state.users.lock().remove(id);
    }

    /// All that is known of a user.
    pub fn user(&self, id: &str) -> Value {
        self.state.users.lock().get(id).cloned().unwrap_or(Value::Null)
    }

    /// A user's attribute.
    pub fn attribute(&self, id: &str, name: &str) -> Vec<String> {
        serde_json::from_value(self.user(id)["attributes"][name].clone()).unwrap_or_default()
    }

    /// Sets a user's attribute by hand.
    pub fn set_attribute(&self, id: &str, name: &str, values: &[&str]) {
        let mut users = self.state.users.lock();
        let user = users.get_mut(id).expect("a user");
        user["attributes"][name] = json!(values);
    }
}

fn is_ours(name: &str) -> bool {
    matches!(name, "fhirUser" | "patient")
}

impl State {
    fn token(&self, body: &Bytes) -> HttpResponse {
        match self.common.token(&Common::form(body)) {
            Some(token) => answer(
                200,
                &json!({"access_token": token, "expires_in": 60, "refresh_expires_in": 0, "token_type": "Bearer",
                        "not-before-policy": 0, "scope": "profile email"}),
            ),
            None => answer(
                401,
                &json!({"error": "invalid_client",
                        "error_description": "Invalid client or Invalid client credentials"}),
            ),
        }
    }

    /// `UPConfig`, in which a policy that is off is left out.
    fn config(&self) -> Value {
        let declared = |edit: Value| {
            let attribute = |name| json!({"name": name, "permissions": {"view": ["admin"], "edit": edit}});
            json!({"attributes": [{"name": "username"}, {"name": "email"}, attribute("fhirUser"), attribute("patient")]})
        };
        let unmanaged =
            |policy: &str| json!({"attributes": [{"name": "username"}], "unmanagedAttributePolicy": policy});
        match *self.profile.lock() {
            UserProfile::Unmanaged => json!({"attributes": [{"name": "username"}, {"name": "email"}]}),
            UserProfile::AdminEdit => unmanaged("ADMIN_EDIT"),
            UserProfile::Enabled => unmanaged("ENABLED"),
            UserProfile::Declared => declared(json!(["admin"])),
            UserProfile::ReadOnly => declared(json!([])),
        }
    }

    fn read(&self, id: &str) -> HttpResponse {
        match self.users.lock().get(id) {
            Some(user) => answer(200, &self.shown(user)),
            None => answer(404, &json!({"error": "User not found"})),
        }
    }

    /// By `first` and `max`, a hundred unless said; attributes only if the brief form is not wanted.
    fn list(&self, query: &str) -> HttpResponse {
        let query: HashMap<_, _> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let number = |name: &str, default| query.get(name).map_or(default, |n| n.parse().expect("a number"));
        let users = self.users.lock();
        let page = users.values().skip(number("first", 0)).take(number("max", 100));
        let brief = query.get("briefRepresentation").is_none_or(|brief| brief != "false");
        let shown = page.map(|user| {
            let mut user = self.shown(user);
            if brief && let Some(user) = user.as_object_mut() {
                user.remove("attributes");
            }
            user
        });
        answer(200, &Value::Array(shown.collect()))
    }

    fn shown(&self, user: &Value) -> Value {
        let mut user = user.clone();
        if let Some(user) = user.as_object_mut() {
            user.remove("locked");
        }
        if *self.profile.lock() == UserProfile::Unmanaged
            && let Some(attributes) = user["attributes"].as_object_mut()
        {
            attributes.retain(|name, _| !is_ours(name));
        }
        user
    }

    fn update(&self, id: &str, body: &Value) -> HttpResponse {
        let mut users = self.users.lock();
        let taken = |name: &str| {
            let mut others = users.iter().filter(|(other, _)| *other != id);
            !body[name].is_null() && others.any(|(_, user)| user[name] == body[name])
        };
        if taken("email") {
            return answer(409, &json!({"errorMessage": "User exists with same email"}));
        }
        let Some(user) = users.get_mut(id) else { return answer(404, &json!({"error": "User not found"})) };
        if body["attributes"].is_object() && body["username"].is_null() {
            return answer(400, &json!({"errorMessage": "User name is missing"}));
        }
        match self.replaced(user, body) {
            Ok(attributes) => user["attributes"] = Value::Object(attributes),
            Err(field) => {
                let message = "error-user-attribute-read-only";
                return answer(400, &json!({"field": field, "errorMessage": message, "params": [field]}));
            }
        }
        for name in ["username", "email", "firstName", "lastName"] {
            user[name] = body[name].clone();
        }
        for name in ["enabled", "emailVerified", "requiredActions"] {
            if !body[name].is_null() {
                user[name] = body[name].clone();
            }
        }
        if body["enabled"] == true {
            user["locked"] = json!(false);
        }
        HttpResponse::NoContent().finish()
    }

    /// The whole map is replaced; what the profile does not allow stays as it was, silently if it is unmanaged.
    fn replaced(&self, user: &Value, body: &Value) -> Result<Map<String, Value>, String> {
        let before = user["attributes"].as_object().cloned().unwrap_or_default();
        let mut after = body["attributes"].as_object().cloned().unwrap_or_default();
        for name in ["fhirUser", "patient"] {
            if before.get(name) == after.get(name) {
                continue;
            }
            match *self.profile.lock() {
                UserProfile::AdminEdit | UserProfile::Enabled | UserProfile::Declared => {}
                UserProfile::ReadOnly => return Err(name.to_owned()),
                UserProfile::Unmanaged => {
                    after.remove(name);
                    after.extend(before.get(name).map(|value| (name.to_owned(), value.clone())));
                }
            }
        }
        Ok(after)
    }
}

impl Answers for State {
    async fn answer(&self, request: &HttpRequest, body: &Bytes) -> HttpResponse {
        let (method, path) = (request.method(), request.path());
        if path == "/realms/patients/protocol/openid-connect/token" && method == Method::POST {
            return self.token(body);
        }
        if let Some(trouble) = self.common.take(method, path).await {
            return troubled(trouble, &json!({"error": "unknown_error"}));
        }
        let Some(rest) = path.strip_prefix("/admin/realms/patients/users") else {
            return answer(404, &json!({"error": "Realm not found."}));
        };
        if !self.common.accepts(request) {
            return answer(401, &json!({"error": "HTTP 401 Unauthorized"}));
        }
        if !*self.common.permitted.lock() {
            return answer(403, &json!({"error": "HTTP 403 Forbidden"}));
        }
        match (method, rest.trim_start_matches('/')) {
            (&Method::GET, "") => self.list(request.query_string()),
            (&Method::GET, "profile") => answer(200, &self.config()),
            (&Method::GET, id) => self.read(id),
            (&Method::PUT, id) => match serde_json::from_slice(body) {
                Ok(body) => self.update(id, &body),
                Err(_) => answer(400, &json!({"error": "unknown_error"})),
            },
            _ => answer(405, &json!({"error": "HTTP 405 Method Not Allowed"})),
        }
    }
}

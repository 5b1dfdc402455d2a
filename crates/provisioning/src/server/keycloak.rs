//! Keycloak, by its Admin REST API (`services/…/resources/admin/UserResource.java` of `keycloak/keycloak`).
//!
//! A `PUT` of a user replaces the whole map of attributes, and since 24.0.4 the names and the email too: what is
//! left out is taken away. So the user is read, changed and written back. Keycloak has no entity tags: what an
//! administrator changes in the milliseconds between is lost. Left out on purpose is what would do something by
//! being written: `enabled` (lifts a lock of the brute force protection), `requiredActions`, `credentials`.
//!
//! An attribute that the realm's user profile neither declares nor allows is thrown away behind a 204, so what
//! was written is read again. One that was written before the profile changed is hidden, and mappers still put it
//! into tokens: what cannot be seen does not count as taken away.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use kinlink_domain::{
    port::Clock,
    provisioning::{AttributeName, ClientSecret, PathPart, ServerUrl, Values},
};
use parking_lot::Mutex;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Map, Value, json};
use url::Url;

use super::{
    Remark, ServerError, SetupError, UserAttributes, UserPage,
    http::{Answer, authorized, behind, client, under},
    profile::{self, Keeping},
    token::Tokens,
};

/// The members beside the attributes that a `PUT` takes away if it leaves them out.
const ROOT: [&str; 4] = ["username", "email", "firstName", "lastName"];
/// How long a user profile that is as it should be is not looked at again.
const PROFILE_HOLDS: TimeDelta = TimeDelta::minutes(10);
/// Users in a page of the list (Keycloak's own default).
const PAGE: usize = 100;

#[derive(Debug)]
pub(super) struct Keycloak {
    http: Client,
    tokens: Tokens,
    /// `…/admin/realms/{realm}/users`
    users: Url,
    fhir_user: AttributeName,
    patient: Option<AttributeName>,
    /// Until when the user profile counts as one that keeps the attributes safely.
    safe_until: Mutex<Option<DateTime<Utc>>>,
}

impl Keycloak {
    pub(super) fn new(
        base: &ServerUrl,
        realm: &PathPart,
        (fhir_user, patient): (AttributeName, Option<AttributeName>),
        credentials: (String, ClientSecret),
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SetupError> {
        let http = client()?;
        let endpoint = under(base, &["realms", realm.as_str(), "protocol/openid-connect/token"])?;
        let users = under(base, &["admin/realms", realm.as_str(), "users"])?;
        let tokens = Tokens::new(http.clone(), endpoint, credentials, None, clock);
        Ok(Self { http, tokens, users, fhir_user, patient, safe_until: Mutex::new(None) })
    }

    async fn send(&self, method: Method, url: &Url, body: Option<&Value>) -> Result<Answer, ServerError> {
        let request = || {
            let request = self.http.request(method.clone(), url.clone());
            match body {
                Some(body) => request.json(body),
                None => request,
            }
        };
        authorized(&self.tokens, request).await
    }
}

/// Keycloak says what is wrong as `errorMessage` (validation) or as `error`.
fn refusal(answer: &Answer) -> ServerError {
    let code = answer.body["errorMessage"].as_str().or_else(|| answer.body["error"].as_str());
    // A wrong address or realm answers 404 too, and must not make everybody look gone.
    if answer.status == StatusCode::NOT_FOUND && answer.body["error"] == "User not found" {
        return ServerError::Gone;
    }
    answer.refusal(code)
}

fn texts(attributes: &Value, name: &AttributeName) -> Vec<String> {
    let values = attributes[name.as_str()].as_array().into_iter().flatten();
    values.filter_map(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned).collect()
}

impl Keycloak {
    async fn user(&self, url: &Url) -> Result<Value, ServerError> {
        let answer = self.send(Method::GET, url, None).await?;
        if answer.status == StatusCode::OK { Ok(answer.body) } else { Err(refusal(&answer)) }
    }

    fn held(&self, user: &Value) -> Values {
        let attributes = &user["attributes"];
        Values {
            fhir_user: texts(attributes, &self.fhir_user),
            patient: self.patient.iter().flat_map(|name| texts(attributes, name)).collect(),
        }
    }

    /// The user as it was read, with these values.
    fn changed(&self, user: &Value, values: &Values) -> Value {
        let mut attributes = user["attributes"].as_object().cloned().unwrap_or_default();
        let mut put = |name: &AttributeName, values: &[String]| {
            if values.is_empty() {
                attributes.remove(name.as_str());
            } else {
                attributes.insert(name.to_string(), json!(values));
            }
        };
        put(&self.fhir_user, &values.fhir_user);
        if let Some(patient) = &self.patient {
            put(patient, &values.patient);
        }
        let mut body = Map::new();
        for name in ROOT {
            if let Some(value) = user.get(name) {
                body.insert(name.to_owned(), value.clone());
            }
        }
        body.insert("attributes".to_owned(), Value::Object(attributes));
        Value::Object(body)
    }

    async fn profile(&self) -> Result<Option<Value>, ServerError> {
        let answer = self.send(Method::GET, &behind(&self.users, "profile"), None).await?;
        match answer.status {
            StatusCode::OK => Ok(Some(answer.body)),
            // An old Keycloak, or one that does not show it to this client: writing will tell.
            StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => Ok(None),
            _ => Err(refusal(&answer)),
        }
    }

    fn names(&self) -> impl Iterator<Item = &AttributeName> {
        [Some(&self.fhir_user), self.patient.as_ref()].into_iter().flatten()
    }

    /// What the realm does with the attributes. One whose profile cannot be read is believed: what is written is
    /// read again.
    async fn keeping(&self) -> Result<Keeping, ServerError> {
        let now = self.tokens.now();
        if self.safe_until.lock().is_some_and(|until| now < until) {
            return Ok(Keeping::Safely);
        }
        let worst = match self.profile().await? {
            Some(profile) => self.names().map(|name| profile::keeping(&profile, name)).max(),
            None => None,
        };
        let worst = worst.unwrap_or(Keeping::Safely);
        if worst == Keeping::Safely {
            *self.safe_until.lock() = Some(now + PROFILE_HOLDS);
        }
        Ok(worst)
    }

    /// Attributes that users could have set are taken away, and never set.
    async fn may_say(&self, values: &Values) -> Result<(), ServerError> {
        match self.keeping().await? {
            Keeping::Safely => Ok(()),
            Keeping::UsersMay if values.is_empty() => Ok(()),
            Keeping::UsersMay => Err(ServerError::Forgeable),
            Keeping::Never => Err(ServerError::NotKept),
        }
    }
}

#[async_trait]
impl UserAttributes for Keycloak {
    async fn keep(&self, user: &str, desired: &Values) -> Result<Values, ServerError> {
        self.may_say(desired).await?;
        let url = behind(&self.users, user);
        let read = self.user(&url).await?;
        let held = self.held(&read);
        if held == *desired {
            return Ok(held);
        }
        let body = self.changed(&read, desired);
        let answer = self.send(Method::PUT, &url, Some(&body)).await?;
        if !answer.status.is_success() {
            return Err(refusal(&answer));
        }
        if self.held(&self.user(&url).await?) == *desired { Ok(held) } else { Err(ServerError::NotKept) }
    }

    async fn read(&self, user: &str) -> Result<Values, ServerError> {
        match self.keeping().await? {
            Keeping::Safely => Ok(self.held(&self.user(&behind(&self.users, user)).await?)),
            Keeping::UsersMay => Err(ServerError::Forgeable),
            Keeping::Never => Err(ServerError::NotKept),
        }
    }

    /// By number, the only way that Keycloak has: of users who come or go meanwhile, one may be missed.
    async fn page(&self, place: Option<&str>) -> Result<UserPage, ServerError> {
        let first: usize = place.and_then(|place| place.parse().ok()).unwrap_or(0);
        let mut url = self.users.clone();
        url.set_query(Some(&format!("briefRepresentation=false&first={first}&max={PAGE}")));
        let answer = self.send(Method::GET, &url, None).await?;
        let Some(users) = answer.body.as_array().filter(|_| answer.status == StatusCode::OK) else {
            return Err(refusal(&answer));
        };
        let holders = users.iter().filter(|user| !self.held(user).is_empty());
        Ok(UserPage {
            users: users.len(),
            holders: holders.filter_map(|user| user["id"].as_str()).map(str::to_owned).collect(),
            next: (users.len() == PAGE).then(|| (first + PAGE).to_string()),
        })
    }

    async fn check(&self) -> Result<Vec<Remark>, ServerError> {
        self.tokens.get().await?;
        let mut remarks = vec![Remark::good("the client gets tokens")];
        let mut list = self.users.clone();
        list.set_query(Some("max=1"));
        let listed = self.send(Method::GET, &list, None).await?;
        remarks.push(match listed.status {
            StatusCode::OK => Remark::good("the client may read users"),
            _ => Remark::wrong(format!(
                "users cannot be read ({}): give the service account the role manage-users of realm-management",
                refusal(&listed)
            )),
        });
        match self.profile().await? {
            Some(profile) => remarks.extend(self.names().map(|name| profile::remark(&profile, name))),
            None => remarks.push(Remark::doubtful(
                "the realm's user profile cannot be read: whether attributes are kept shows at the first write",
            )),
        }
        Ok(remarks)
    }
}

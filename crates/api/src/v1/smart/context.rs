//! What goes beside a token, and the way to the picker where several records are possible.

use std::sync::Arc;

use actix_web::{HttpResponse, web::Data};
use chrono::{DateTime, Utc};
use kinlink_domain::{
    account::{AccountKey, Iss, Sub},
    connection::{Connection, ReturnUrl, WithoutRecord},
    id::{ClientId, ConnectionId, LinkId},
    picker::{LIFETIME, PickerSession},
    scope::{Granted, grant},
    service::{
        pick,
        token_context::{Asked, Decision, decide},
    },
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::record::RecordAnswer;
use crate::{
    extract::{ClientCaller, JsonBody},
    problem::{Problem, ProblemType},
    state::State,
};

/// Who has logged in, and what the app asks for.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"sub": "248289761001", "scope": "openid fhirUser launch/patient patient/*.rs"}))]
pub(crate) struct ContextBody {
    /// The account at the connection's issuer.
    #[validate(length(min = 1, max = 255, message = "1 to 255 characters"))]
    sub: String,
    /// The scopes that the app asks for, separated by spaces. What they do not ask for is not told; without this
    /// member everything is, and no scope is granted.
    #[validate(length(max = 8000, message = "at most 8000 characters"))]
    scope: Option<String>,
    /// The app, by the server's own id of it. If the connection answers others only, there is no record.
    #[validate(length(min = 1, max = 255, message = "1 to 255 characters"))]
    app: Option<String>,
    /// Which of the client's connections, if it has several.
    #[schema(value_type = Option<String>, example = "con_0197f2f31c2a7d0c8e6f2b7f5a1d9c22")]
    connection: Option<ConnectionId>,
    /// The link that the person picked, as the picker's answer says; to be kept and sent at each refresh.
    #[schema(value_type = Option<String>, example = "lnk_0197f2f31c2a7d0c8e6f2b7f5a1d9c22")]
    link: Option<LinkId>,
    /// For the picker, if several records are possible. Without it there is none.
    #[validate(nested)]
    picker: Option<PickerBody>,
}

/// Where the picker's answer goes.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PickerBody {
    /// Names the authorization session; the answer says it again, and is for no other.
    #[validate(length(min = 1, max = 500, message = "1 to 500 characters"))]
    #[schema(example = "K2uFdQ3rV9")]
    session: String,
    /// Comes back with the answer. Without one, the answer brings back the `state` that stands behind the picker's
    /// address when the browser opens it, for servers that put one there themselves.
    #[validate(length(min = 1, max = 500, message = "1 to 500 characters"))]
    #[schema(example = "af0ifjsldkj")]
    state: Option<String>,
    /// One of the connection's return URLs.
    #[schema(example = "https://login.example/interaction/picked")]
    return_url: String,
}

/// What is decided.
#[derive(Serialize, ToSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub(crate) enum ContextAnswer {
    /// One record.
    Record(RecordAnswer),
    /// None: not a patient, not any more, or none was picked.
    None {
        /// Scopes that need no record.
        scope: String,
        /// Whether the operator wants no token to be issued.
        refuse: bool,
    },
    /// Several records are possible: send the browser there.
    Several {
        /// Where the person picks; good for one answer.
        #[serde(skip_serializing_if = "Option::is_none")]
        picker_url: Option<String>,
        /// Until when.
        #[serde(skip_serializing_if = "Option::is_none")]
        expires_at: Option<DateTime<Utc>>,
        /// Scopes that need no record.
        scope: String,
    },
}

/// The launch context of a token, for an authorization server that has just authenticated the account. To be
/// asked at each refresh too.
#[utoipa::path(post, path = "/v1/smart/context", tag = "smart", security(("client" = [])),
    request_body = ContextBody,
    responses(
        (status = 200, description = "The context; no record is an answer too", body = ContextAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not decided: never to be taken for a yes", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn context(
    state: Data<State>,
    client: ClientCaller,
    body: JsonBody<ContextBody>,
) -> Result<HttpResponse, Problem> {
    let body = body.value;
    let connection = connection(&state, client.0.id, body.connection).await?;
    let scopes: Option<Vec<&str>> = body.scope.as_deref().map(|all| all.split_ascii_whitespace().collect());
    if body.app.as_deref().is_some_and(|app| !connection.settings.answers_app(app)) {
        let scope = grant(scopes.into_iter().flatten(), None).scope();
        return Ok(HttpResponse::Ok().json(ContextAnswer::None { scope, refuse: false }));
    }
    let account = AccountKey::derive(connection.settings.issuer.as_str(), &body.sub);
    let links = state.links.of(account).await?;
    let asked = Asked {
        organization: connection.organization,
        settings: &connection.settings,
        scopes: scopes.as_deref(),
        picked: body.link,
    };
    let now = state.ports.clock.now();
    let count = || state.lookups.count(connection.organization, connection.client, account);
    let answer = match decide(&links, asked, &state.settings.public_url, now) {
        Decision::One(context) => {
            count();
            ContextAnswer::Record(RecordAnswer::new(&context))
        }
        Decision::None(granted) => without_record(&connection, &granted),
        Decision::Several(granted) => {
            count();
            several(&state, &connection, &body, &granted, now).await?
        }
    };
    Ok(HttpResponse::Ok().json(answer))
}

fn without_record(connection: &Connection, granted: &Granted) -> ContextAnswer {
    let refuse = connection.settings.without_record == WithoutRecord::Refuse;
    ContextAnswer::None { scope: granted.scope(), refuse }
}

async fn several(
    state: &State,
    connection: &Connection,
    body: &ContextBody,
    granted: &Granted,
    now: DateTime<Utc>,
) -> Result<ContextAnswer, Problem> {
    let scope = granted.scope();
    let Some(asked) = &body.picker else {
        return Ok(ContextAnswer::Several { picker_url: None, expires_at: None, scope });
    };
    let session = session(connection, asked)?;
    let account = account(&connection.settings.issuer, &body.sub)?;
    let mut unit = state.store.begin().await?;
    let token = pick::begin(&mut *unit, &state.ports, connection, &account, session).await?;
    unit.save().await?;
    let token = token.write(&*state.ports.vault);
    let picker_url = Some(format!("{}/picker/{token}", state.settings.public_url));
    Ok(ContextAnswer::Several { picker_url, expires_at: Some(now + LIFETIME), scope })
}

fn session(connection: &Connection, asked: &PickerBody) -> Result<PickerSession, Problem> {
    let invalid = |why: String| Problem::new(ProblemType::InvalidMember).at("/picker/return_url", why);
    let return_url = ReturnUrl::parse(&asked.return_url).map_err(|error| invalid(error.to_string()))?;
    if !connection.settings.return_urls.contains(&return_url) {
        return Err(invalid("not one of the connection's return URLs".to_owned()));
    }
    Ok(PickerSession { id: asked.session.clone(), state: asked.state.clone(), return_url })
}

fn account(iss: &Iss, sub: &str) -> Result<AccountKey, Problem> {
    let sub = Sub::parse(sub);
    let sub = sub.map_err(|error| Problem::new(ProblemType::InvalidMember).at("/sub", error.to_string()))?;
    Ok(AccountKey { iss: iss.clone(), sub })
}

/// The connection that is named, or the client's only one.
async fn connection(
    state: &State,
    client: ClientId,
    named: Option<ConnectionId>,
) -> Result<Arc<Connection>, Problem> {
    let known = state.connections.of_client(client).await?;
    let found = match named {
        Some(id) => known.iter().find(|connection| connection.id == id),
        None => known.first().filter(|_| known.len() == 1),
    };
    found.cloned().ok_or_else(|| Problem::new(ProblemType::ConnectionUnclear))
}

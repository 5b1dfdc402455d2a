//! Webhooks: the news of event streams for clients that speak no Shared Signals, signed after Standard Webhooks.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod list;
pub(crate) mod read;
pub(crate) mod rotate;
pub(crate) mod test;
pub(crate) mod update;

use actix_web::HttpRequest;
use chrono::{DateTime, Utc};
use kinlink_domain::{
    id::{ClientId, StreamId},
    service::streams,
    store::UnitOfWork,
    stream::{EventStream, EventType, Outlet, StreamStatus},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    extract,
    problem::{Problem, ProblemType},
};

/// A type of event, as webhooks call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) enum WebhookEvent {
    /// What tokens should say of an account has changed.
    #[serde(rename = "token_claims.changed")]
    TokenClaimsChanged,
    /// An account lost access: end sessions that hold the old claims.
    #[serde(rename = "session.revoked")]
    SessionRevoked,
}

impl WebhookEvent {
    const fn event(self) -> EventType {
        match self {
            Self::TokenClaimsChanged => EventType::TokenClaimsChange,
            Self::SessionRevoked => EventType::SessionRevoked,
        }
    }

    /// Those of a stream; verification is not subscribed to.
    const fn of(event: EventType) -> Option<Self> {
        match event {
            EventType::TokenClaimsChange => Some(Self::TokenClaimsChanged),
            EventType::SessionRevoked => Some(Self::SessionRevoked),
            EventType::Verification => None,
        }
    }
}

/// A webhook, without its secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct WebhookView {
    #[schema(value_type = String, example = "str_0197f2f31c2a7d0c8e6f2b7f5a1d9c22")]
    id: StreamId,
    #[schema(example = "https://receiver.example/kinlink")]
    url: String,
    events: Vec<WebhookEvent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// `enabled`, `paused` (events are kept for 14 days) or `disabled` (they are not).
    #[schema(value_type = String, example = "enabled")]
    status: StreamStatus,
    created_at: DateTime<Utc>,
    /// Since when nothing arrives, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    failing: Option<FailingView>,
}

#[derive(Serialize, ToSchema)]
struct FailingView {
    since: DateTime<Utc>,
    #[schema(example = "HTTP 503")]
    error: String,
}

impl From<EventStream> for WebhookView {
    fn from(stream: EventStream) -> Self {
        Self {
            id: stream.id,
            url: match stream.outlet {
                Outlet::Webhook { url, .. } | Outlet::Push { url, .. } => url.to_string(),
                Outlet::Poll => String::new(),
            },
            events: stream.events.into_iter().filter_map(WebhookEvent::of).collect(),
            description: stream.description,
            status: stream.status,
            created_at: stream.created_at,
            failing: stream.failing.map(|failing| FailingView { since: failing.since, error: failing.error }),
        }
    }
}

/// The webhook that a path names, if it is the client's.
async fn own(
    unit: &mut dyn UnitOfWork,
    client: ClientId,
    request: &HttpRequest,
) -> Result<EventStream, Problem> {
    let stream = streams::find(unit, client, extract::path_id(request)?).await?;
    match stream.outlet {
        Outlet::Webhook { .. } => Ok(stream),
        Outlet::Push { .. } | Outlet::Poll => Err(Problem::new(ProblemType::NotFound)),
    }
}

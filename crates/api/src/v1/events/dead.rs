use actix_web::{HttpResponse, web::Data};
use chrono::{DateTime, Utc};
use kinlink_domain::{
    id::{DeliveryId, StreamId},
    stream::{EventDelivery, EventType},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    extract::{self, ClientCaller, Cursor, Parameters},
    problem::Problem,
    state::State,
};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeadParameters {
    /// `next_cursor` of the last answer.
    cursor: Option<String>,
    /// At most so many, 1 to 200; 50 unless said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct DeadList {
    /// Newest first.
    events: Vec<DeadEvent>,
    /// There are more: ask again with this cursor.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct DeadEvent {
    /// The `jti` or `webhook-id` under which it was tried.
    #[schema(value_type = String, example = "dlv_0197f2f31c2a7d0c8e6f2b7f5a1d9c22")]
    id: DeliveryId,
    /// The stream or webhook.
    #[schema(value_type = String, example = "str_0197f2f31c2a7d0c8e6f2b7f5a1d9c22")]
    stream: StreamId,
    #[schema(value_type = String, example = "session_revoked")]
    event: EventType,
    happened_at: DateTime<Utc>,
    attempts: u16,
    #[schema(example = "HTTP 400, invalid_audience")]
    error: Option<String>,
}

impl From<EventDelivery> for DeadEvent {
    fn from(dead: EventDelivery) -> Self {
        Self {
            id: dead.id,
            stream: dead.stream,
            event: dead.event,
            happened_at: dead.happened_at,
            attempts: dead.attempts,
            error: dead.error,
        }
    }
}

/// List the client's events that were given up, over all its streams and webhooks. They are kept for 90 days.
#[utoipa::path(get, path = "/v1/events/dead", tag = "events", security(("client" = [])),
    params(DeadParameters),
    responses(
        (status = 200, description = "The events", body = DeadList),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn dead(
    state: Data<State>,
    client: ClientCaller,
    parameters: Parameters<DeadParameters>,
) -> Result<HttpResponse, Problem> {
    let page = extract::limit(parameters.0.cursor.as_deref(), parameters.0.limit)?;
    let mut unit = state.store.begin_read().await?;
    let listed = unit.dead_events(Some(client.0.id), page).await?;
    let events = listed.items.into_iter().map(Into::into).collect();
    Ok(HttpResponse::Ok().json(DeadList { events, next_cursor: listed.next.map(Cursor::write) }))
}

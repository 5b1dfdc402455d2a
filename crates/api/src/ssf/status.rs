use actix_web::{HttpResponse, web::Data};
use kinlink_domain::{
    actor::Actor,
    id::StreamId,
    service::streams,
    stream::{EventStream, StreamStatus},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::own;
use crate::{
    extract::{ClientCaller, JsonBody, Parameters},
    problem::Problem,
    state::State,
};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct StatusParameters {
    /// Which stream.
    stream_id: String,
}

#[derive(Deserialize, Validate, ToSchema)]
pub(crate) struct StatusBody {
    /// Which stream.
    stream_id: String,
    /// `enabled`, `paused` (events are kept for 14 days) or `disabled` (they are not).
    #[schema(value_type = String, example = "paused")]
    status: StreamStatus,
    /// For people.
    #[validate(length(max = 500, message = "at most 500 characters"))]
    reason: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct StreamStatusAnswer {
    #[schema(value_type = String, example = "str_0197f2f31c2a7d0c8e6f2b7f5a1d9c22")]
    stream_id: StreamId,
    #[schema(value_type = String, example = "enabled")]
    status: StreamStatus,
    /// What the client said, or since when and why the receiver takes nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl From<EventStream> for StreamStatusAnswer {
    fn from(stream: EventStream) -> Self {
        let failing = stream.failing.filter(|_| stream.status == StreamStatus::Enabled);
        let failing = failing.map(|failing| {
            format!("nothing arrives since {}: {}", failing.since.format("%FT%TZ"), failing.error)
        });
        Self { stream_id: stream.id, status: stream.status, reason: failing.or(stream.reason) }
    }
}

/// Read whether events flow (SSF 1.0, section 8.1.2.1).
#[utoipa::path(get, path = "/ssf/status", tag = "events", security(("client" = [])),
    params(StatusParameters),
    responses(
        (status = 200, description = "The status", body = StreamStatusAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not available", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn read(
    state: Data<State>,
    client: ClientCaller,
    parameters: Parameters<StatusParameters>,
) -> Result<HttpResponse, Problem> {
    let mut unit = state.store.begin_read().await?;
    let stream = own(&mut *unit, client.0.id, &parameters.0.stream_id).await?;
    Ok(HttpResponse::Ok().insert_header(("cache-control", "no-store")).json(StreamStatusAnswer::from(stream)))
}

/// Let events flow, hold them, or stop them (SSF 1.0, section 8.1.2.2).
#[utoipa::path(post, path = "/ssf/status", tag = "events", security(("client" = [])),
    request_body = StatusBody,
    responses(
        (status = 200, description = "The status", body = StreamStatusAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn update(
    state: Data<State>,
    client: ClientCaller,
    body: JsonBody<StatusBody>,
) -> Result<HttpResponse, Problem> {
    let body = body.value;
    let mut unit = state.store.begin().await?;
    let stream = own(&mut *unit, client.0.id, &body.stream_id).await?;
    let stream = EventStream { status: body.status, reason: body.reason, ..stream };
    let stream = streams::change(&mut *unit, &state.ports, Actor::Client(client.0.id), stream).await?;
    unit.save().await?;
    state.events.wake.wake();
    Ok(HttpResponse::Ok().insert_header(("cache-control", "no-store")).json(StreamStatusAnswer::from(stream)))
}

use actix_web::{HttpResponse, web::Data};
use kinlink_domain::{actor::Actor, service::streams};

use super::{
    super::{invalid, own},
    StreamAnswer, StreamBody,
};
use crate::{
    extract::{ClientCaller, JsonBody},
    problem::Problem,
    state::State,
};

/// Change some of a stream's configuration (SSF 1.0, section 8.1.1.3); what is not said stays.
#[utoipa::path(patch, path = "/ssf/streams", tag = "events", security(("client" = [])),
    request_body = StreamBody,
    responses(
        (status = 200, description = "The stream", body = StreamAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn update(
    state: Data<State>,
    client: ClientCaller,
    body: JsonBody<StreamBody>,
) -> Result<HttpResponse, Problem> {
    let body = body.value;
    let id = body.stream_id.as_deref().ok_or_else(|| invalid("/stream_id", "which stream is not said"))?;
    let mut unit = state.store.begin().await?;
    let mut stream = own(&mut *unit, client.0.id, id).await?;
    body.check_supplied(&stream, &state)?;
    if let Some(delivery) = &body.delivery {
        stream.outlet = delivery.outlet(state.settings.receivers)?;
    }
    if let Some(events) = body.events() {
        stream.events = events;
    }
    stream.description = body.description.or(stream.description);
    let stream = streams::change(&mut *unit, &state.ports, Actor::Client(client.0.id), stream).await?;
    unit.save().await?;
    state.events.wake.wake();
    Ok(HttpResponse::Ok()
        .insert_header(("cache-control", "no-store"))
        .json(StreamAnswer::new(stream, &state)))
}

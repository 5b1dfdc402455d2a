use actix_web::{HttpResponse, web::Data};
use kinlink_domain::{
    actor::Actor,
    service::streams,
    stream::{EventStream, EventType, Outlet},
};

use super::{
    super::{invalid, own},
    StreamAnswer, StreamBody,
};
use crate::{
    extract::{ClientCaller, JsonBody},
    problem::Problem,
    state::State,
};

/// Replace a stream's configuration (SSF 1.0, section 8.1.1.4); what is not said is as if it were made anew.
#[utoipa::path(put, path = "/ssf/streams", tag = "events", security(("client" = [])),
    request_body = StreamBody,
    responses(
        (status = 200, description = "The stream", body = StreamAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn replace(
    state: Data<State>,
    client: ClientCaller,
    body: JsonBody<StreamBody>,
) -> Result<HttpResponse, Problem> {
    let body = body.value;
    let id = body.stream_id.as_deref().ok_or_else(|| invalid("/stream_id", "which stream is not said"))?;
    let mut unit = state.store.begin().await?;
    let before = own(&mut *unit, client.0.id, id).await?;
    body.check_supplied(&before, &state)?;
    let stream = EventStream {
        outlet: match &body.delivery {
            Some(delivery) => delivery.outlet(state.settings.receivers)?,
            None => Outlet::Poll,
        },
        events: body.events().unwrap_or_else(|| EventType::SUPPORTED.to_vec()),
        description: body.description,
        ..before
    };
    let stream = streams::change(&mut *unit, &state.ports, Actor::Client(client.0.id), stream).await?;
    unit.save().await?;
    state.events.wake.wake();
    Ok(HttpResponse::Ok()
        .insert_header(("cache-control", "no-store"))
        .json(StreamAnswer::new(stream, &state)))
}

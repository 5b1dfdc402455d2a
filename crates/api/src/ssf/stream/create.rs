use actix_web::{HttpResponse, web::Data};
use kinlink_domain::{
    actor::Actor,
    service::streams::{self, WantedStream},
    stream::{EventType, Outlet},
};

use super::{StreamAnswer, StreamBody};
use crate::{
    extract::{ClientCaller, JsonBody},
    problem::Problem,
    state::State,
};

/// Create a stream (SSF 1.0, section 8.1.1.1): pushed to an address, or to be polled.
#[utoipa::path(post, path = "/ssf/streams", tag = "events", security(("client" = [])),
    request_body = StreamBody,
    responses(
        (status = 201, description = "The stream", body = StreamAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn create(
    state: Data<State>,
    client: ClientCaller,
    body: JsonBody<StreamBody>,
) -> Result<HttpResponse, Problem> {
    let body = body.value;
    let outlet = match &body.delivery {
        Some(delivery) => delivery.outlet(state.settings.receivers)?,
        None => Outlet::Poll,
    };
    let events = body.events().unwrap_or_else(|| EventType::SUPPORTED.to_vec());
    let wanted = WantedStream { outlet, events, description: body.description };
    let mut unit = state.store.begin().await?;
    let client = client.0.id;
    let stream = streams::create(&mut *unit, &state.ports, Actor::Client(client), client, wanted).await?;
    unit.save().await?;
    Ok(HttpResponse::Created()
        .insert_header(("cache-control", "no-store"))
        .json(StreamAnswer::new(stream, &state)))
}

use actix_web::{HttpResponse, web::Data};
use kinlink_domain::{actor::Actor, service::streams};
use serde::Deserialize;
use utoipa::IntoParams;

use super::super::own;
use crate::{
    extract::{ClientCaller, Parameters},
    problem::Problem,
    state::State,
};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeleteStreamParameters {
    /// Which stream.
    stream_id: String,
}

/// Delete a stream with all that waits for it (SSF 1.0, section 8.1.1.5).
#[utoipa::path(delete, path = "/ssf/streams", tag = "events", security(("client" = [])),
    params(DeleteStreamParameters),
    responses(
        (status = 204, description = "It is gone"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn delete(
    state: Data<State>,
    client: ClientCaller,
    parameters: Parameters<DeleteStreamParameters>,
) -> Result<HttpResponse, Problem> {
    let mut unit = state.store.begin().await?;
    let stream = own(&mut *unit, client.0.id, &parameters.0.stream_id).await?;
    streams::remove(&mut *unit, &state.ports, Actor::Client(client.0.id), &stream).await?;
    unit.save().await?;
    Ok(HttpResponse::NoContent().insert_header(("cache-control", "no-store")).finish())
}

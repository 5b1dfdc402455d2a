use actix_web::{HttpResponse, web::Data};
use kinlink_domain::service::streams;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::own;
use crate::{
    extract::{ClientCaller, JsonBody},
    problem::Problem,
    state::State,
};

#[derive(Deserialize, Validate, ToSchema)]
pub(crate) struct VerifyBody {
    /// Which stream.
    stream_id: String,
    /// What the verification event is to say.
    #[validate(length(max = 1_000, message = "at most 1,000 characters"))]
    state: Option<String>,
}

/// Have a verification event sent (SSF 1.0, section 8.1.4.2).
#[utoipa::path(post, path = "/ssf/verify", tag = "events", security(("client" = [])),
    request_body = VerifyBody,
    responses(
        (status = 204, description = "It is on its way"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn verify(
    state: Data<State>,
    client: ClientCaller,
    body: JsonBody<VerifyBody>,
) -> Result<HttpResponse, Problem> {
    let mut unit = state.store.begin().await?;
    let stream = own(&mut *unit, client.0.id, &body.value.stream_id).await?;
    streams::verify(&mut *unit, &state.ports, stream, body.value.state).await?;
    unit.save().await?;
    state.events.wake.wake();
    Ok(HttpResponse::NoContent().insert_header(("cache-control", "no-store")).finish())
}

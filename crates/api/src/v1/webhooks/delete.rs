use actix_web::{HttpRequest, HttpResponse, web::Data};
use kinlink_domain::{actor::Actor, service::streams};

use super::own;
use crate::{extract::ClientCaller, problem::Problem, state::State};

/// Remove a webhook of the client, with all that waits for it.
#[utoipa::path(delete, path = "/v1/webhooks/{id}", tag = "events", security(("client" = [])),
    params(("id" = String, Path, description = "The webhook")),
    responses(
        (status = 204, description = "It is gone"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn delete(
    request: HttpRequest,
    state: Data<State>,
    client: ClientCaller,
) -> Result<HttpResponse, Problem> {
    let mut unit = state.store.begin().await?;
    let stream = own(&mut *unit, client.0.id, &request).await?;
    streams::remove(&mut *unit, &state.ports, Actor::Client(client.0.id), &stream).await?;
    unit.save().await?;
    Ok(HttpResponse::NoContent().finish())
}

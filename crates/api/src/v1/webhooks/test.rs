use actix_web::{HttpRequest, HttpResponse, web::Data};
use kinlink_domain::service::streams;

use super::own;
use crate::{extract::ClientCaller, problem::Problem, state::State};

/// Have an event of the type `endpoint.test` sent to a webhook of the client.
#[utoipa::path(post, path = "/v1/webhooks/{id}/test", tag = "events", security(("client" = [])),
    params(("id" = String, Path, description = "The webhook")),
    responses(
        (status = 202, description = "It is on its way"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn test(
    request: HttpRequest,
    state: Data<State>,
    client: ClientCaller,
) -> Result<HttpResponse, Problem> {
    let mut unit = state.store.begin().await?;
    let stream = own(&mut *unit, client.0.id, &request).await?;
    streams::verify(&mut *unit, &state.ports, stream, None).await?;
    unit.save().await?;
    state.events.wake.wake();
    Ok(HttpResponse::Accepted().finish())
}

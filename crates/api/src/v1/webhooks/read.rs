use actix_web::{HttpRequest, HttpResponse, web::Data};

use super::{WebhookView, own};
use crate::{extract::ClientCaller, problem::Problem, state::State};

/// Read a webhook of the client, and how it fares.
#[utoipa::path(get, path = "/v1/webhooks/{id}", tag = "events", security(("client" = [])),
    params(("id" = String, Path, description = "The webhook")),
    responses(
        (status = 200, description = "The webhook", body = WebhookView),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn read(
    request: HttpRequest,
    state: Data<State>,
    client: ClientCaller,
) -> Result<HttpResponse, Problem> {
    let mut unit = state.store.begin_read().await?;
    let stream = own(&mut *unit, client.0.id, &request).await?;
    Ok(HttpResponse::Ok().json(WebhookView::from(stream)))
}

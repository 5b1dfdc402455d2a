use actix_web::{HttpResponse, web::Data};
use serde::Serialize;
use utoipa::ToSchema;

use super::WebhookView;
use crate::{extract::ClientCaller, problem::Problem, state::State};

#[derive(Serialize, ToSchema)]
pub(crate) struct WebhookList {
    /// Oldest first; there are ten at most.
    webhooks: Vec<WebhookView>,
}

/// List the client's webhooks.
#[utoipa::path(get, path = "/v1/webhooks", tag = "events", security(("client" = [])),
    responses(
        (status = 200, description = "The webhooks", body = WebhookList),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn list(state: Data<State>, client: ClientCaller) -> Result<HttpResponse, Problem> {
    let mut unit = state.store.begin_read().await?;
    let streams = unit.streams(Some(client.0.id)).await?;
    let webhooks = streams.into_iter().filter(|stream| !stream.outlet.is_shared_signals());
    Ok(HttpResponse::Ok().json(WebhookList { webhooks: webhooks.map(Into::into).collect() }))
}

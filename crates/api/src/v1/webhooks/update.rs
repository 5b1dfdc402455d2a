use actix_web::{HttpRequest, HttpResponse, web::Data};
use kinlink_domain::{
    actor::Actor,
    service::streams,
    stream::{Outlet, StreamStatus},
};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::{WebhookEvent, WebhookView, own};
use crate::{
    extract::{ClientCaller, JsonBody},
    problem::{Problem, ProblemType},
    state::State,
};

/// What is not said stays.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateWebhookBody {
    /// Where to post: https.
    url: Option<String>,
    /// Which events.
    events: Option<Vec<WebhookEvent>>,
    /// For people.
    #[validate(length(max = 500, message = "at most 500 characters"))]
    description: Option<String>,
    /// `enabled`, `paused` (events are kept for 14 days) or `disabled` (they are not, and those that wait are
    /// forgotten).
    #[schema(value_type = Option<String>, example = "paused")]
    status: Option<StreamStatus>,
}

/// Change a webhook of the client, pause it, or let it go on.
#[utoipa::path(patch, path = "/v1/webhooks/{id}", tag = "events", security(("client" = [])),
    params(("id" = String, Path, description = "The webhook")), request_body = UpdateWebhookBody,
    responses(
        (status = 200, description = "The webhook", body = WebhookView),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn update(
    request: HttpRequest,
    state: Data<State>,
    client: ClientCaller,
    body: JsonBody<UpdateWebhookBody>,
) -> Result<HttpResponse, Problem> {
    let body = body.value;
    let mut unit = state.store.begin().await?;
    let mut stream = own(&mut *unit, client.0.id, &request).await?;
    if let (Some(text), Outlet::Webhook { url, .. }) = (&body.url, &mut stream.outlet) {
        *url = state
            .settings
            .receivers
            .parse(text)
            .map_err(|error| Problem::new(ProblemType::InvalidMember).at("/url", error.to_string()))?;
    }
    if let Some(events) = body.events {
        stream.events = events.into_iter().map(WebhookEvent::event).collect();
    }
    stream.description = body.description.or(stream.description);
    stream.status = body.status.unwrap_or(stream.status);
    let stream = streams::change(&mut *unit, &state.ports, Actor::Client(client.0.id), stream).await?;
    unit.save().await?;
    state.events.wake.wake();
    Ok(HttpResponse::Ok().json(WebhookView::from(stream)))
}

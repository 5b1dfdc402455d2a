use actix_web::{HttpRequest, HttpResponse, web::Data};
use chrono::{DateTime, TimeDelta, Utc};
use kinlink_delivery::WebhookSecrets;
use kinlink_domain::{
    actor::Actor,
    service::streams,
    stream::{EndpointSecret, Outlet},
};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::{create::WebhookWithSecret, own};
use crate::{
    extract::{ClientCaller, JsonBody},
    problem::Problem,
    state::State,
};

#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RotateSecretBody {
    /// How many hours the old secret signs beside the new one; 24 unless said, 0 if somebody may know it.
    #[validate(range(max = 720, message = "at most 720"))]
    overlap_hours: Option<u16>,
}

/// Give a webhook of the client a new secret, which is shown once. Requests carry both signatures for a while.
#[utoipa::path(post, path = "/v1/webhooks/{id}/rotate-secret", tag = "events", security(("client" = [])),
    params(("id" = String, Path, description = "The webhook")), request_body = RotateSecretBody,
    responses(
        (status = 200, description = "The webhook, with its new secret", body = WebhookWithSecret),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn rotate(
    request: HttpRequest,
    state: Data<State>,
    client: ClientCaller,
    body: JsonBody<RotateSecretBody>,
) -> Result<HttpResponse, Problem> {
    let now = state.ports.clock.now();
    let until = now + TimeDelta::hours(body.value.overlap_hours.unwrap_or(24).into());
    let mut unit = state.store.begin().await?;
    let mut stream = own(&mut *unit, client.0.id, &request).await?;
    let text = WebhookSecrets::draw(&*state.ports.random);
    let secret = text.to_string();
    if let Outlet::Webhook { secrets, .. } = &mut stream.outlet {
        *secrets = rotated(std::mem::take(secrets), EndpointSecret { text, until: None }, until, now);
    }
    let stream = streams::change(&mut *unit, &state.ports, Actor::Client(client.0.id), stream).await?;
    unit.save().await?;
    Ok(HttpResponse::Ok().json(WebhookWithSecret { webhook: stream.into(), secret }))
}

/// The new one first; of the old ones those that have not ended, none beyond `until`.
fn rotated(
    old: Vec<EndpointSecret>,
    new: EndpointSecret,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Vec<EndpointSecret> {
    let ends = |secret: &EndpointSecret| secret.until.map_or(until, |end| end.min(until));
    let kept = old.into_iter().filter(|secret| now < ends(secret));
    let kept = kept.map(|secret| EndpointSecret { until: Some(ends(&secret)), ..secret });
    std::iter::once(new).chain(kept).collect()
}

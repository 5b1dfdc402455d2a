use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use kinlink_delivery::WebhookSecrets;
use kinlink_domain::{
    actor::Actor,
    service::streams::{self, WantedStream},
    stream::{EndpointSecret, EventType, Outlet},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::{WebhookEvent, WebhookView};
use crate::{
    extract::{ClientCaller, JsonBody},
    idempotency::Once,
    problem::{Problem, ProblemType},
    state::State,
};

#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateWebhookBody {
    /// Where to post: https.
    #[schema(example = "https://receiver.example/kinlink")]
    url: String,
    /// Which events; all unless said.
    events: Option<Vec<WebhookEvent>>,
    /// For people.
    #[validate(length(max = 500, message = "at most 500 characters"))]
    description: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct WebhookWithSecret {
    #[serde(flatten)]
    pub(super) webhook: WebhookView,
    /// What requests are signed with. Never shown again.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    pub(super) secret: String,
}

/// Create a webhook. A registered client; its secret is shown once.
#[utoipa::path(post, path = "/v1/webhooks", tag = "events", security(("client" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key and body again give the same answer")),
    request_body = CreateWebhookBody,
    responses(
        (status = 201, description = "The webhook, with its secret", body = WebhookWithSecret),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn create(
    request: HttpRequest,
    state: Data<State>,
    client: ClientCaller,
    body: JsonBody<CreateWebhookBody>,
) -> Result<HttpResponse, Problem> {
    let JsonBody { value, bytes } = body;
    let client = client.0.id;
    let url = state.settings.receivers.parse(&value.url);
    let url = url.map_err(|error| Problem::new(ProblemType::InvalidMember).at("/url", error.to_string()))?;
    let once = Once::new(&request, &state, client, &bytes)?;
    let mut unit = state.store.begin().await?;
    if let Some(answer) = once.answered(&mut *unit, &state).await? {
        return Ok(answer);
    }
    let text = WebhookSecrets::draw(&*state.ports.random);
    let secret = text.to_string();
    let wanted = WantedStream {
        outlet: Outlet::Webhook { url, secrets: vec![EndpointSecret { text, until: None }] },
        events: value.events.map_or_else(
            || EventType::SUPPORTED.to_vec(),
            |events| events.into_iter().map(WebhookEvent::event).collect(),
        ),
        description: value.description,
    };
    let stream = streams::create(&mut *unit, &state.ports, Actor::Client(client), client, wanted).await?;
    let answer = WebhookWithSecret { webhook: stream.into(), secret };
    once.save_answer(unit, StatusCode::CREATED, &answer).await
}

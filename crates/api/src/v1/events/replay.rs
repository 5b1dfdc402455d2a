use actix_web::{HttpResponse, web::Data};
use kinlink_domain::{actor::Actor, id::DeliveryId, service::streams};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::{
    extract::{self, ClientCaller, JsonBody},
    problem::{Problem, ProblemType},
    state::State,
};

#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplayBody {
    /// Which; all that were given up unless said.
    #[validate(length(max = 200, message = "at most 200"))]
    #[schema(example = json!(["dlv_0197f2f31c2a7d0c8e6f2b7f5a1d9c22"]))]
    events: Option<Vec<String>>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ReplayAnswer {
    /// How many are on their way again.
    replayed: u64,
}

/// Send the client's events that were given up once more, under the ids that they had. They tell what is true when
/// they are sent.
#[utoipa::path(post, path = "/v1/events/replay", tag = "events", security(("client" = [])),
    request_body = ReplayBody,
    responses(
        (status = 200, description = "How many", body = ReplayAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn replay(
    state: Data<State>,
    client: ClientCaller,
    body: JsonBody<ReplayBody>,
) -> Result<HttpResponse, Problem> {
    let only = body.value.events.map(|ids| {
        let ids = ids.iter().enumerate();
        let ids = ids.map(|(index, id)| {
            extract::parse::<DeliveryId>(ProblemType::InvalidMember, &format!("/events/{index}"), id)
        });
        ids.collect::<Result<Vec<_>, _>>()
    });
    let only = only.transpose()?;
    let client = client.0.id;
    let mut unit = state.store.begin().await?;
    let replayed = unit.replay_events(Some(client), only.as_deref(), state.ports.clock.now()).await?;
    let detail = serde_json::json!({"events_replayed": replayed});
    streams::record(&mut *unit, &state.ports, Actor::Client(client), client, &detail).await?;
    unit.save().await?;
    state.events.wake.wake();
    Ok(HttpResponse::Ok().json(ReplayAnswer { replayed }))
}

//! Polling (RFC 8936): the client fetches SETs and says which of the last ones it took.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use actix_web::{HttpRequest, HttpResponse, web::Data};
use kinlink_auth::ClientAuthError;
use kinlink_delivery::polled_set;
use kinlink_domain::{
    client::{Client, ClientStatus},
    id::{ClientId, DeliveryId},
    service::event_claims::{EventClaims, event_claims},
    store::{DueEvent, StoreError, UnitOfWork},
    stream::{About, EventDelivery, EventStream, Outlet, StreamStatus},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::own;
use crate::{
    extract::{self, ClientCaller, JsonBody},
    problem::{Problem, ProblemType},
    state::State,
};

/// SETs in one answer.
const MOST: u16 = 100;
/// How long an answer waits for something to tell, if the server's limit for a request lets it.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// What is left of that limit for all else.
const MARGIN: Duration = Duration::from_secs(1);
/// How often it is looked for what another replica committed.
const LOOK: Duration = Duration::from_millis(250);
/// Why an event is given up that the client may not know of any more.
const GONE: &str = "the client does not serve the organization any more";

#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"ack": ["dlv_0197f2f31c2a7d0c8e6f2b7f5a1d9c22"], "maxEvents": 10, "returnImmediately": true}))]
pub(crate) struct PollBody {
    /// At most so many SETs; 0 only acknowledges.
    max_events: Option<u16>,
    /// Whether to answer at once even if there is nothing. Else the answer waits for something, until a second before the
    /// server's limit for a request (10 seconds unless the operator set another), and 20 seconds at most.
    #[serde(default)]
    return_immediately: bool,
    /// The `jti` of SETs that were taken.
    #[serde(default)]
    ack: Vec<String>,
    /// The SETs that cannot be taken, by `jti`: they are given up.
    #[serde(default)]
    set_errs: BTreeMap<String, SetErr>,
}

#[derive(Deserialize, ToSchema)]
struct SetErr {
    /// One of the words of RFC 8935, section 2.4.
    #[schema(example = "invalid_key")]
    err: String,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PollAnswer {
    /// SETs by their `jti`.
    sets: BTreeMap<String, String>,
    /// Whether more wait.
    more_available: bool,
}

/// Fetch SETs, and acknowledge those fetched before (RFC 8936, section 2). An unacknowledged SET comes again.
#[utoipa::path(post, path = "/ssf/poll/{id}", tag = "events", security(("client" = [])),
    params(("id" = String, Path, description = "The stream")), request_body = PollBody,
    responses(
        (status = 200, description = "SETs, if any", body = PollAnswer),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not available", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn poll(
    request: HttpRequest,
    state: Data<State>,
    client: ClientCaller,
    body: JsonBody<PollBody>,
) -> Result<HttpResponse, Problem> {
    let (body, id) = (body.value, request.match_info().get("id").unwrap_or_default());
    // Listens before it looks, so that nothing is committed between the two unheard.
    let mut ear = state.events.wake.listen();
    let until = Instant::now() + longest_wait(state.settings.request_timeout);
    let limit = body.max_events.unwrap_or(MOST).min(MOST);
    let mut client = client.0.id;
    settle(&state, client, id, &body).await?;
    loop {
        let answer = fetch(&state, client, id, limit).await?;
        let told = !answer.sets.is_empty() || body.return_immediately || limit == 0;
        if told || Instant::now() >= until {
            return Ok(HttpResponse::Ok().insert_header(("cache-control", "no-store")).json(answer));
        }
        ear.hear(LOOK).await;
        // Its credential may have ended, or been withdrawn, while it waited.
        client = extract::client(&request).await?.id;
    }
}

/// RFC 8936, section 2: one who waits in vain gets an empty set, not a failure.
fn longest_wait(request_timeout: Duration) -> Duration {
    LONGEST_WAIT.min(request_timeout.saturating_sub(MARGIN.min(request_timeout / 2)))
}

/// The client as it is now: who waits may be disabled, or serve another organization, meanwhile.
async fn served(unit: &mut dyn UnitOfWork, id: ClientId) -> Result<Client, Problem> {
    let client = unit.client(id).await?.filter(|client| client.status == ClientStatus::Active);
    client.ok_or_else(|| ClientAuthError::NotAccepted.into())
}

async fn polled(unit: &mut dyn UnitOfWork, client: ClientId, id: &str) -> Result<EventStream, Problem> {
    let stream = own(unit, client, id).await?;
    match stream.outlet {
        Outlet::Poll => Ok(stream),
        Outlet::Push { .. } | Outlet::Webhook { .. } => {
            Err(Problem::new(ProblemType::NotFound).detail("the stream is pushed"))
        }
    }
}

async fn settle(state: &State, client: ClientId, id: &str, body: &PollBody) -> Result<(), Problem> {
    if body.ack.is_empty() && body.set_errs.is_empty() {
        return Ok(());
    }
    // A `jti` that is none of ours was acknowledged before, or never sent: nothing is to be done.
    let taken: Vec<DeliveryId> = body.ack.iter().filter_map(|jti| jti.parse().ok()).collect();
    let refused: Vec<_> = body
        .set_errs
        .iter()
        .filter_map(|(jti, said)| Some((jti.parse().ok()?, format!("refused: {}", known(&said.err)))))
        .collect();
    let mut unit = state.store.begin().await?;
    let client = served(&mut *unit, client).await?;
    let stream = polled(&mut *unit, client.id, id).await?;
    unit.settle_polled(stream.id, &taken, &refused, state.ports.clock.now()).await?;
    Ok(unit.save().await?)
}

/// Only words of the standard are kept: another might quote the event.
fn known(err: &str) -> &str {
    const KNOWN: [&str; 7] = [
        "invalid_request",
        "invalid_key",
        "invalid_issuer",
        "invalid_audience",
        "invalid_state",
        "authentication_failed",
        "access_denied",
    ];
    KNOWN.into_iter().find(|known| *known == err).unwrap_or("for another reason")
}

async fn fetch(state: &State, client: ClientId, id: &str, limit: u16) -> Result<PollAnswer, Problem> {
    let mut unit = state.store.begin_read().await?;
    let client = served(&mut *unit, client).await?;
    let stream = polled(&mut *unit, client.id, id).await?;
    if stream.status != StreamStatus::Enabled {
        return Ok(PollAnswer { sets: BTreeMap::new(), more_available: false });
    }
    let mut waiting = unit.waiting_events(stream.id, limit + 1).await?;
    let more_available = waiting.len() > usize::from(limit);
    waiting.truncate(limit.into());
    let mut found = Vec::with_capacity(waiting.len());
    for delivery in waiting {
        found.push(due(&mut *unit, &stream, &client, delivery).await?);
    }
    // What follows asks the database for itself: each poll would hold one connection and wait for another.
    drop(unit);
    let (mut sets, mut gone) = (BTreeMap::new(), Vec::new());
    for due in found {
        match signed(state, &due).await? {
            Some(set) => drop(sets.insert(due.delivery.id.to_string(), set)),
            None => gone.push((due.delivery.id, GONE.to_owned())),
        }
    }
    if !gone.is_empty() {
        // Else they would stand before what comes after them for ever.
        let mut unit = state.store.begin().await?;
        unit.settle_polled(stream.id, &[], &gone, state.ports.clock.now()).await?;
        unit.save().await?;
    }
    Ok(PollAnswer { sets, more_available })
}

async fn due(
    unit: &mut dyn UnitOfWork,
    stream: &EventStream,
    client: &Client,
    delivery: EventDelivery,
) -> Result<DueEvent, StoreError> {
    let subject = match delivery.about {
        About::Account { account, .. } => unit.account(account).await?.map(|account| account.key),
        About::Stream { .. } => None,
    };
    Ok(DueEvent { delivery, stream: stream.clone(), subject, organizations: client.organizations.clone() })
}

/// The SET; none if the client does not serve the organization any more.
async fn signed(state: &State, due: &DueEvent) -> Result<Option<String>, Problem> {
    let now = state.ports.clock.now();
    let claims = match due.delivery.about {
        About::Account { organization, .. } if !due.organizations.contains(&organization) => return Ok(None),
        About::Account { account, .. } => {
            let links = state.events.links.answerable_links(account).await?;
            event_claims(&links, &due.organizations, &state.settings.public_url, now)
        }
        About::Stream { .. } => EventClaims::default(),
    };
    Ok(polled_set(&state.events.signer, due, &claims, &state.settings.public_url, now).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_waits_until_the_server_gives_up() {
        for (request_timeout, wait) in [(10_000, 9_000), (1_500, 750), (0, 0), (60_000, 20_000)] {
            let wait = Duration::from_millis(wait);
            assert_eq!(longest_wait(Duration::from_millis(request_timeout)), wait, "{request_timeout} ms");
        }
    }
}

//! Events from the outbox to real receivers: well-behaved, down, slow, or answering nonsense.

mod order;
mod sharing;
mod signed;
mod trouble;

use std::sync::Arc;

use kinlink_delivery::{EventWake, EventWorker, ReceiverRules};
use kinlink_domain::{
    actor::Actor,
    client::{Client, ClientStatus},
    event::{LinkEvent, LinkEventKind},
    id::{AccountId, ClientId, EventId, LinkId, OrganizationId, PatientId, StreamId},
    service::streams::{self, WantedStream},
    stream::{EndpointSecret, EventStream, EventType, Outlet},
};
use kinlink_testkit::Fixture;

pub(crate) const ISSUER: &str = "https://kinlink.example";

/// A worker of one replica.
pub(crate) fn worker(it: &Fixture) -> EventWorker {
    let rules = ReceiverRules { private_networks: true };
    let store = Arc::new(it.store.clone());
    EventWorker::new(store, it.ports.clone(), ISSUER, rules, EventWake::default()).unwrap()
}

pub(crate) async fn client(it: &Fixture, organizations: &[OrganizationId]) -> ClientId {
    let now = it.ports.clock.now();
    let client = Client {
        id: ClientId::new(now, &*it.ports.random),
        name: "test".into(),
        organizations: organizations.to_vec(),
        keys: None,
        status: ClientStatus::Active,
        created_at: now,
    };
    let mut unit = it.begin().await;
    unit.add_client(&client).await.unwrap();
    unit.save().await.unwrap();
    client.id
}

/// A stream of a client of `here`, which wants one event of each change.
pub(crate) async fn stream(it: &Fixture, client: ClientId, outlet: Outlet) -> EventStream {
    stream_of(it, client, outlet, &[EventType::TokenClaimsChange]).await
}

pub(crate) async fn stream_of(
    it: &Fixture,
    client: ClientId,
    outlet: Outlet,
    events: &[EventType],
) -> EventStream {
    let mut unit = it.begin().await;
    let wanted = WantedStream { outlet, events: events.to_vec(), description: None };
    let made = streams::create(&mut *unit, &it.ports, Actor::Client(client), client, wanted).await.unwrap();
    unit.save().await.unwrap();
    made
}

pub(crate) fn push(url: &str) -> Outlet {
    Outlet::Push { url: url.parse().unwrap(), authorization: None }
}

pub(crate) fn webhook(url: &str, secret: &str) -> Outlet {
    let secret = EndpointSecret { text: secret.to_owned().into(), until: None };
    Outlet::Webhook { url: url.parse().unwrap(), secrets: vec![secret] }
}

/// A receiver's push stream, and nothing else.
pub(crate) async fn pushed(it: &Fixture, url: &str) -> StreamId {
    let client = client(it, &[it.here.id]).await;
    stream(it, client, push(url)).await.id
}

/// Something happens to a link of this login at `here`.
pub(crate) async fn happens(it: &Fixture, sub: &str, kind: LinkEventKind) -> AccountId {
    happens_at(it, it.here.id, sub, kind).await
}

pub(crate) async fn happens_at(
    it: &Fixture,
    organization: OrganizationId,
    sub: &str,
    kind: LinkEventKind,
) -> AccountId {
    let account = it.account(sub).await.id;
    let now = it.ports.clock.now();
    let mut unit = it.begin().await;
    unit.happened(LinkEvent {
        id: EventId::new(now, &*it.ports.random),
        account,
        organization,
        patient: PatientId::new(now, &*it.ports.random),
        link: LinkId::new(now, &*it.ports.random),
        kind,
        at: now,
    });
    unit.save().await.unwrap();
    account
}

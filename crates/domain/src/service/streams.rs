//! A client makes, changes and removes its event streams and webhooks, and asks whether they work.

use chrono::TimeDelta;

use super::Ports;
use crate::{
    actor::Actor,
    audit::{Action, Subject},
    id::{ClientId, DeliveryId, EventId, StreamId},
    store::{StoreError, UnitOfWork},
    stream::{
        About, EventDelivery, EventStream, EventType, MAX_STREAMS, Outlet, StreamRefusal, StreamStatus,
    },
};

/// The least time between two verification events (`min_verification_interval`).
pub const VERIFICATION_INTERVAL: TimeDelta = TimeDelta::seconds(10);

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// It is not the client's, or too much.
    #[error(transparent)]
    Refused(#[from] StreamRefusal),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A stream that is to be.
#[derive(Debug)]
pub struct WantedStream {
    /// How events reach the client.
    pub outlet: Outlet,
    /// The types that it wants.
    pub events: Vec<EventType>,
    /// What the client calls it.
    pub description: Option<String>,
}

/// Makes a stream.
pub async fn create(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    by: Actor,
    client: ClientId,
    wanted: WantedStream,
) -> Result<EventStream, StreamError> {
    if unit.streams(Some(client)).await?.len() >= MAX_STREAMS {
        return Err(StreamRefusal::TooMany.into());
    }
    let now = ports.clock.now();
    let stream = EventStream {
        id: StreamId::new(now, &*ports.random),
        client,
        outlet: wanted.outlet,
        events: wanted.events,
        description: wanted.description,
        status: StreamStatus::Enabled,
        reason: None,
        created_at: now,
        updated_at: now,
        verified_at: None,
        failing: None,
    };
    unit.add_stream(&stream).await?;
    record(unit, ports, by, client, &detail(&stream, "created")).await?;
    Ok(stream)
}

/// The client's stream of this id.
pub async fn find(
    unit: &mut dyn UnitOfWork,
    client: ClientId,
    id: StreamId,
) -> Result<EventStream, StreamError> {
    Ok(unit.stream(client, id).await?.ok_or(StreamRefusal::NotFound)?)
}

/// Writes a stream that was changed. What waits for one that is disabled is forgotten.
pub async fn change(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    by: Actor,
    stream: EventStream,
) -> Result<EventStream, StreamError> {
    let stream = EventStream { updated_at: ports.clock.now(), ..stream };
    unit.update_stream(&stream).await?;
    if stream.status == StreamStatus::Disabled {
        unit.forget_waiting(stream.id).await?;
    }
    record(unit, ports, by, stream.client, &detail(&stream, "changed")).await?;
    Ok(stream)
}

/// Removes a stream with all that waits for it.
pub async fn remove(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    by: Actor,
    stream: &EventStream,
) -> Result<(), StreamError> {
    unit.remove_stream(stream.client, stream.id).await?;
    record(unit, ports, by, stream.client, &detail(stream, "removed")).await?;
    Ok(())
}

/// Sends an event that shows whether the stream works.
pub async fn verify(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    stream: EventStream,
    state: Option<String>,
) -> Result<(), StreamError> {
    let now = ports.clock.now();
    if stream.verified_at.is_some_and(|last| now - last < VERIFICATION_INTERVAL) {
        return Err(StreamRefusal::TooSoon.into());
    }
    let event = EventDelivery {
        id: DeliveryId::new(now, &*ports.random),
        client: stream.client,
        stream: stream.id,
        event: EventType::Verification,
        about: About::Stream { state },
        cause: EventId::new(now, &*ports.random),
        happened_at: now,
        attempts: 0,
        error: None,
    };
    unit.update_stream(&EventStream { verified_at: Some(now), ..stream }).await?;
    unit.add_event(&event).await?;
    Ok(())
}

/// Neither the address nor a secret is kept in the audit: an address may hold what only its owner should know.
fn detail(stream: &EventStream, what: &str) -> serde_json::Value {
    serde_json::json!({
        "stream": stream.id, "what": what, "kind": stream.outlet.as_str(), "status": stream.status,
        "events": stream.events,
    })
}

/// Every organization that the client serves learns where news of its links go.
pub async fn record(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    by: Actor,
    client: ClientId,
    detail: &serde_json::Value,
) -> Result<(), StoreError> {
    let organizations = unit.client(client).await?.map(|client| client.organizations).unwrap_or_default();
    for organization in organizations {
        let subject = Subject { client: Some(client), ..Subject::default() };
        unit.record(ports.audit(organization, by, Action::ClientConfigure, subject, detail.clone()));
    }
    Ok(())
}

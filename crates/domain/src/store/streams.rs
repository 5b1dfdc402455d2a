use std::fmt;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::StoreError;
use crate::{
    account::AccountKey,
    id::{AccountId, ClientId, DeliveryId, OrganizationId, StreamId},
    outbox::Delivery,
    page::{Listed, Page},
    stream::{EventDelivery, EventStream, Room},
};

/// Event streams. Every query for a client names it.
#[async_trait]
pub trait Streams {
    /// Adds a stream.
    async fn add_stream(&mut self, stream: &EventStream) -> Result<(), StoreError>;
    /// Replaces what its client may change.
    async fn update_stream(&mut self, stream: &EventStream) -> Result<(), StoreError>;
    /// Removes a stream with all that waits for it.
    async fn remove_stream(&mut self, client: ClientId, id: StreamId) -> Result<(), StoreError>;
    /// One stream; locked in a unit that may write.
    async fn stream(&mut self, client: ClientId, id: StreamId) -> Result<Option<EventStream>, StoreError>;
    /// A client's streams, oldest first; everybody's for the operator.
    async fn streams(&mut self, client: Option<ClientId>) -> Result<Vec<EventStream>, StoreError>;
    /// Whether a stream gets events about this account; it does unless told otherwise.
    async fn hear_of(
        &mut self,
        client: ClientId,
        stream: StreamId,
        account: AccountId,
        wanted: bool,
    ) -> Result<(), StoreError>;
    /// Forgets what waits for a stream.
    async fn forget_waiting(&mut self, stream: StreamId) -> Result<(), StoreError>;
    /// Adds an event that no link caused.
    async fn add_event(&mut self, event: &EventDelivery) -> Result<(), StoreError>;
    /// What a stream waits for, at most `limit`, oldest first. Of the events about one account only the first,
    /// so that each is taken before the next is given.
    async fn waiting_events(
        &mut self,
        stream: StreamId,
        limit: u16,
    ) -> Result<Vec<EventDelivery>, StoreError>;
    /// Notes what the client of a polled stream said: what it took, and what it will never take, and why.
    async fn settle_polled(
        &mut self,
        stream: StreamId,
        taken: &[DeliveryId],
        refused: &[(DeliveryId, String)],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError>;
    /// Events that were given up, newest first: a client's, or everybody's for the operator.
    async fn dead_events(
        &mut self,
        client: Option<ClientId>,
        page: Page,
    ) -> Result<Listed<EventDelivery>, StoreError>;
    /// Sends events that were given up once more, as if they were new: those named, or all. Returns how many.
    async fn replay_events(
        &mut self,
        client: Option<ClientId>,
        only: Option<&[DeliveryId]>,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError>;
}

/// An event that somebody has taken to send.
#[derive(Debug, Clone)]
pub struct DueEvent {
    /// What to send.
    pub delivery: EventDelivery,
    /// Where to.
    pub stream: EventStream,
    /// The login that it is about, if it is about one.
    pub subject: Option<AccountKey>,
    /// The organizations that the client serves now.
    pub organizations: Vec<OrganizationId>,
}

/// What became of a try to send an event.
#[derive(Debug, Clone)]
pub struct SettledEvent {
    /// Which.
    pub delivery: EventDelivery,
    /// What became of it.
    pub outcome: Delivery,
    /// When to try again.
    pub retry_at: DateTime<Utc>,
    /// Not this event but the receiver is the trouble: it does not answer, or has no time.
    pub receiver_down: bool,
}

/// The outbox of events, for those who send.
#[async_trait]
pub trait EventQueue: Send + Sync + fmt::Debug {
    /// Takes what is due for this worker alone until `lease_until`, as far as there is room. Of the events about
    /// one account and for one stream only the first is taken, so they arrive in their order. A stream whose
    /// receiver is down gets one event at a time, to see whether it is back.
    async fn take_events(
        &self,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
        room: &Room,
    ) -> Result<Vec<DueEvent>, StoreError>;
    /// Notes what became of events, and how their streams fare.
    async fn settle_events(&self, settled: &[SettledEvent], now: DateTime<Utc>) -> Result<(), StoreError>;
    /// Streams whose receiver has taken nothing since before `since`.
    async fn failing_streams(&self, since: DateTime<Utc>) -> Result<u64, StoreError>;
}

use std::fmt;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::StoreError;
use crate::{
    access::{Fingerprint, Gave},
    id::LinkId,
    link::Link,
};

/// What is kept of a link that was not ended, for those who tell of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turning {
    /// What lookups answered of it when whoever listens was last told.
    pub gave: Gave,
    /// What the organization answered by then; absent if it does not matter.
    pub answered_by: Option<Fingerprint>,
    /// The turn that a proxy and the patient were told of beforehand.
    pub foretold: Option<DateTime<Utc>>,
    /// When to look at it again; never, if absent.
    pub due_at: Option<DateTime<Utc>>,
}

/// What is kept for those who tell of links. [`super::Links`] keeps it with each link that is written; only they
/// who look at a link that nobody writes need this.
#[async_trait]
pub trait Turns {
    /// What is kept of a link; nothing of one that was ended. The link must be locked.
    async fn turning(&mut self, link: &Link) -> Result<Option<Turning>, StoreError>;
    /// Keeps this instead. The link must be locked.
    async fn put_turning(&mut self, link: &Link, turning: &Turning) -> Result<(), StoreError>;
}

/// The links that give something else by now, or soon, though nobody wrote them; for those who tell.
#[async_trait]
pub trait TurnQueue: Send + Sync + fmt::Debug {
    /// Takes up to `limit` links that are due until `lease_until`. Workers of several replicas share the work:
    /// what one has taken, others pass over until the lease ends.
    async fn take_turns(
        &self,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<LinkId>, StoreError>;
    /// Makes links due whose organization answers by something else than when they were last told of, up to `limit`
    /// of each organization; returns how many.
    async fn wake_links(&self, now: DateTime<Utc>, limit: u16) -> Result<u64, StoreError>;
}

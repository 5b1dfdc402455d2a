use std::fmt;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::StoreError;
use crate::id::{AccountId, ClientId, OrganizationId};

/// Something that caches must forget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    /// The links of this account.
    Account(AccountId),
    /// This client or its keys.
    Client(ClientId),
    /// This organization, its policy, or whom it trusts.
    Organization(OrganizationId),
}

/// The newest change of one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedHead {
    /// The partition.
    pub partition: u16,
    /// Its `change_seq`.
    pub seq: i64,
    /// The change itself; none where nothing changed yet.
    pub entry: Option<FeedEntry>,
}

/// One change.
///
/// Two that are equal in all of this are one and the same: a database that was restored gives numbers out a second
/// time, but not to the same change in the same microsecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedEntry {
    /// Its `change_seq` within the partition.
    pub seq: i64,
    /// What changed.
    pub change: Change,
    /// When the transaction began that changed it.
    pub at: DateTime<Utc>,
}

/// The change feed. Within a partition, a change is visible only when all with a lower `change_seq` are, so a
/// reader that has seen one has missed none before it.
#[async_trait]
pub trait ChangeFeed: Send + Sync + fmt::Debug {
    /// The newest change of each partition.
    async fn heads(&self) -> Result<Vec<FeedHead>, StoreError>;
    /// Changes of a partition after `seq`, in order, at most `limit`. A first entry beyond `seq + 1` means
    /// that older ones were pruned.
    async fn changes(&self, partition: u16, after: i64, limit: u32) -> Result<Vec<FeedEntry>, StoreError>;
    /// Forgets changes older than the feed keeps, but for the newest of each partition, by which a follower knows
    /// whether it still follows the same database; returns how many.
    async fn prune(&self, before: DateTime<Utc>) -> Result<u64, StoreError>;
}

/// Hears of what this process commits, after the commit and before it is acknowledged.
pub trait ChangeListener: Send + Sync + fmt::Debug {
    /// These changes are now in the database.
    fn committed(&self, changes: &[Change]);
}

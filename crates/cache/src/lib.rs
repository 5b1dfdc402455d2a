//! Caches that never serve what has been revoked.
//!
//! A [`GuardedCache`] answers only while the change feed was confirmed a moment ago ([`Freshness`]); the
//! [`Follower`] confirms it and makes caches forget what other replicas changed. What this replica changes
//! is forgotten at once, by [`Caches`] listening to its own commits. A value that was read before a change
//! and arrives after it is not kept, since its [`Ticket`] is of an earlier generation.

mod follower;
mod freshness;
mod guarded;

pub use follower::{Caches, Follower};
pub use freshness::Freshness;
pub use guarded::{GuardedCache, Ticket};

use kinlink_domain::store::Change;

/// Something that keeps what the database may change.
pub trait Forget: Send + Sync + std::fmt::Debug {
    /// Forgets what this change made wrong.
    fn forget(&self, change: &Change);
    /// Forgets everything.
    fn forget_everything(&self);
}

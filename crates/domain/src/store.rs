//! Storage, as the domain asks for it.
//!
//! A [`UnitOfWork`] is one transaction. What is loaded `…_for_update` stays locked until the end;
//! [`UnitOfWork::save`] writes audit entries, outbox messages and the change feed together with the rest and
//! commits; a unit that is dropped leaves no trace.

mod authenticators;
mod claims;
mod connections;
mod directory;
mod disputes;
mod endings;
mod family;
mod feed;
mod history;
mod journal;
mod links;
mod people;
mod provisioning;
mod signing_keys;
mod sources;
mod streams;
mod turns;

use std::fmt;

use async_trait::async_trait;

pub use authenticators::Authenticators;
pub use claims::{ClaimQueue, Claims, Reviews};
pub use connections::Connections;
pub use directory::{Clients, Directory};
pub use disputes::Disputes;
pub use endings::Endings;
pub use family::{AccessRequests, Bars, GrantFilter, Grants, RequestQueue};
pub use feed::{Change, ChangeFeed, ChangeListener, FeedEntry, FeedHead};
pub use history::{Crowd, History, Reports};
pub use journal::{
    AuditFilter, AuditLog, Deliveries, Idempotency, IdempotencyClaim, IdempotencyKey, Journal, LookupAudit,
    LookupCount,
};
pub use links::{AnswerableLink, InvitationFilter, Invitations, LinkReader, Links};
pub use people::{Accounts, Attempts, Candidates, Patients};
pub use provisioning::Provisioning;
pub use signing_keys::SigningKeys;
pub use sources::Sources;
pub use streams::{DueEvent, EventQueue, SettledEvent, Streams};
pub use turns::{TurnQueue, Turning, Turns};

/// Why storage did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else was first, as a named constraint says.
    #[error("conflict on {0:?}")]
    Conflict(Constraint),
    /// Two transactions stood in each other's way; the same again may succeed.
    #[error("transactions stood in each other's way")]
    Contention(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What is stored cannot be read: damaged, or its key is missing.
    #[error("stored {what} cannot be read: {why}")]
    Corrupt {
        /// Which kind of row.
        what: &'static str,
        /// What is wrong with it, without its contents.
        why: String,
    },
    /// The database does not answer, or refuses.
    #[error("the database does not answer")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Constraints of the schema that have a meaning in the domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Constraint {
    /// At most one unrevoked link for an account and a record.
    LiveLink,
    /// At most one open dispute about a link.
    OpenDispute,
    /// No two invitations, and no two grants, share a locator.
    Locator,
    /// No two organizations share a short name.
    OrganizationSlug,
    /// A row that was changed since it was read.
    Version,
    /// Any other.
    Other,
}

/// A schema that this program works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// The one that it was built for.
    Own,
    /// One that a newer program made of it, while this one is still at work.
    Newer,
}

/// Where units of work come from.
#[async_trait]
pub trait Store: Send + Sync + fmt::Debug {
    /// Begins a transaction that may write.
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError>;

    /// Begins a transaction that only reads and waits for no writer. Saving one is an error.
    async fn begin_read(&self) -> Result<Box<dyn UnitOfWork>, StoreError>;

    /// Whether the database answers, and which schema it has; an error if it lacks something that this program needs.
    async fn ready(&self) -> Result<Schema, StoreError>;
}

/// One transaction.
#[async_trait]
pub trait UnitOfWork:
    Directory
    + Clients
    + Connections
    + SigningKeys
    + Accounts
    + Patients
    + Attempts
    + Authenticators
    + Invitations
    + Links
    + Claims
    + Reviews
    + Disputes
    + Streams
    + Endings
    + History
    + Reports
    + Grants
    + AccessRequests
    + Bars
    + Provisioning
    + Journal
    + Idempotency
    + AuditLog
    + Sources
    + Turns
    + Send
{
    /// Writes what was journalled and commits.
    async fn save(self: Box<Self>) -> Result<(), StoreError>;
}

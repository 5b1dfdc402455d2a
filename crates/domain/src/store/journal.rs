use std::fmt;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{Change, StoreError};
use crate::{
    actor::Actor,
    audit::{Action, AuditEntry, ChainEnd, ChainedEntry},
    event::LinkEvent,
    id::{AccountId, ClientId, InvitationId, LinkId, MessageId, OrganizationId, PatientId},
    outbox::{Delivery, Message, MessageKind},
    page::{Listed, Page},
    port::Random,
};

/// What a unit of work writes beside its subject, all of it at [`super::UnitOfWork::save`].
pub trait Journal {
    /// Adds an audit entry.
    fn record(&mut self, entry: AuditEntry);
    /// Adds a message to the outbox.
    fn send(&mut self, message: Message);
    /// Tells caches to forget.
    fn changed(&mut self, change: Change);
    /// Tells whoever listens what happened to a link.
    fn happened(&mut self, event: LinkEvent);
}

/// Names one request of one caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// Keyed hash of the caller, the operation and the `Idempotency-Key`.
    pub request: [u8; 16],
    /// Keyed hash of the body.
    pub body: [u8; 16],
}

/// What is known of a request with this key.
#[derive(Clone, PartialEq, Eq)]
pub enum IdempotencyClaim {
    /// Nothing: go on.
    Fresh,
    /// It was answered like this.
    Answered {
        /// The HTTP status.
        status: u16,
        /// The body.
        body: Vec<u8>,
    },
    /// The key was used with another body.
    OtherBody,
}

/// Shows no body: it may hold a code.
impl fmt::Debug for IdempotencyClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fresh => "Fresh",
            Self::Answered { .. } => "Answered(…)",
            Self::OtherBody => "OtherBody",
        })
    }
}

/// Answers given before (IETF draft-ietf-httpapi-idempotency-key-header), kept for 24 hours and encrypted.
#[async_trait]
pub trait Idempotency {
    /// Claims the key for this unit. A second unit with the same key waits for the end of the first.
    async fn claim(
        &mut self,
        key: &IdempotencyKey,
        now: DateTime<Utc>,
    ) -> Result<IdempotencyClaim, StoreError>;
    /// Gives up a claim of this unit, which will be saved without an answer.
    async fn release(&mut self, key: &IdempotencyKey) -> Result<(), StoreError>;
    /// Keeps the answer.
    async fn keep_answer(&mut self, key: &IdempotencyKey, status: u16, body: &[u8])
    -> Result<(), StoreError>;
}

/// Which audit entries are listed.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Only this action.
    pub action: Option<Action>,
    /// Only by this actor.
    pub actor: Option<Actor>,
    /// Only about this record.
    pub patient: Option<PatientId>,
    /// Only about this account.
    pub account: Option<AccountId>,
    /// Only about this link.
    pub link: Option<LinkId>,
    /// Only about this invitation.
    pub invitation: Option<InvitationId>,
    /// Only from this moment on.
    pub from: Option<DateTime<Utc>>,
    /// Only before this moment.
    pub until: Option<DateTime<Utc>>,
}

/// The audit, for reading.
#[async_trait]
pub trait AuditLog {
    /// The organization's entries, newest first.
    async fn audit_entries(
        &mut self,
        organization: OrganizationId,
        filter: &AuditFilter,
        page: Page,
    ) -> Result<Listed<ChainedEntry>, StoreError>;
    /// The organization's entries after `seq`, oldest first, at most `limit`: for verification and export.
    async fn audit_chain(
        &mut self,
        organization: OrganizationId,
        after: i64,
        limit: u32,
    ) -> Result<Vec<ChainedEntry>, StoreError>;
    /// The end of the organization's chain.
    async fn audit_end(&mut self, organization: OrganizationId) -> Result<Option<ChainEnd>, StoreError>;
}

/// How often a client looked an account up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LookupCount {
    /// At which organization links were answered.
    pub organization: OrganizationId,
    /// Who asked.
    pub client: ClientId,
    /// About whom.
    pub account: AccountId,
    /// How often.
    pub count: u32,
}

/// Lookups, counted in memory and written in batches: one audit entry for each count.
#[async_trait]
pub trait LookupAudit: Send + Sync + fmt::Debug {
    /// Writes what was counted in this minute, all or nothing.
    async fn record_lookups(
        &self,
        counts: &[LookupCount],
        minute: DateTime<Utc>,
        random: &dyn Random,
    ) -> Result<(), StoreError>;
}

/// The outbox, for those who send.
#[async_trait]
pub trait Deliveries: Send + Sync + fmt::Debug {
    /// Takes up to `limit` due messages of one kind for itself until `lease_until`. Workers of several
    /// replicas share the work: what one has taken, others pass over.
    async fn take_due(
        &self,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
        limit: u16,
        kind: MessageKind,
    ) -> Result<Vec<Message>, StoreError>;
    /// Notes what became of a message; one that may be taken later is due again at `retry_at`.
    async fn settle(
        &self,
        id: MessageId,
        delivery: &Delivery,
        retry_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError>;
}

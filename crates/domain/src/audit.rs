//! The audit: every decision and every read of a person's data, append-only and hash-chained per
//! organization.
//!
//! Each entry carries a keyed hash over the hash before it and over all its own members, so a changed,
//! removed or inserted entry breaks the chain at its place, and whoever holds the database but not the key
//! cannot mend it. The end of the chain is kept apart, hashed too, so that a cut-off end shows.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    actor::Actor,
    id::{AccountId, AuditId, ClientId, InvitationId, LinkId, OrganizationId, PatientId},
    link::Link,
};

mod action;
mod chain;

pub use action::Action;
pub use chain::{ChainEnd, ChainFault, ChainVerifier, ChainedEntry};

/// What an entry is about. Ids only: no name, birth date, code or `sub` ever stands in the audit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The patient record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patient: Option<PatientId>,
    /// The account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// The link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<LinkId>,
    /// The invitation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<InvitationId>,
    /// The client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientId>,
}

/// A link, with its account and its record.
impl From<&Link> for Subject {
    fn from(link: &Link) -> Self {
        Self {
            link: Some(link.id),
            account: Some(link.account),
            patient: Some(link.patient),
            ..Self::default()
        }
    }
}

/// An entry to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// Its id.
    pub id: AuditId,
    /// In whose chain.
    pub organization: OrganizationId,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Who did it.
    pub actor: Actor,
    /// What was done.
    pub action: Action,
    /// What it is about.
    pub subject: Subject,
    /// Particulars, such as a reason code or a count; an object.
    pub detail: serde_json::Value,
}

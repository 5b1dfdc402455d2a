//! Links: this account may open this patient record.
//!
//! ```text
//! active ◄─► suspended   a doubt with a reason code, until it is lifted or the link is ended
//!   │            │
//!   └────────────┴───► revoked     a decision with a reason code
//!   └────────────────► expired     by the end of its period: derived when read, never stored
//! ```
//! A link is never deleted, and at most one that is not revoked joins an account and a record.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    access::PatientFacts,
    actor::Actor,
    id::{AccountId, InvitationId, LinkId, OrganizationId, PatientId},
    patient::FhirId,
    permission::Permissions,
    proofing::AssuranceOverTime,
};

mod change;
mod reason;
mod role;

pub use change::{ReinstateRefusal, RevokeRefusal, SuspendRefusal};
pub use reason::{KeptOut, Reinstatement, Revocation, Suspension};
pub use role::LinkRole;

/// A record, as a link that comes to it needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The record.
    pub patient: PatientId,
    /// Its FHIR id.
    pub fhir_id: FhirId,
    /// Whether it can be used.
    pub usable: bool,
    /// What the organization's rules ask of the patient.
    pub facts: PatientFacts,
}

/// From when to when a link holds (FHIR R4 `Period`, with an exclusive end).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The first moment.
    pub start: DateTime<Utc>,
    /// The first moment after; open if absent.
    pub end: Option<DateTime<Utc>>,
}

impl Period {
    /// Whether `at` is within.
    pub fn contains(&self, at: DateTime<Utc>) -> bool {
        self.start <= at && self.end.is_none_or(|end| at < end)
    }
}

/// A link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its id.
    pub id: LinkId,
    /// Counts its changes, from 1.
    pub version: u32,
    /// Who may open.
    pub account: AccountId,
    /// The custodian.
    pub organization: OrganizationId,
    /// What may be opened.
    pub patient: PatientId,
    /// The record's FHIR id.
    pub fhir_id: FhirId,
    /// In which role.
    pub role: LinkRole,
    /// The most that it can give.
    pub permissions: Permissions,
    /// From when to when.
    pub period: Period,
    /// How well it is proven, now and as its evidence runs out.
    pub assurance: AssuranceOverTime,
    /// Whether the record itself can be used; kept true by the import, so that a lookup reads no second
    /// table.
    pub record_usable: bool,
    /// What the organization's rules ask of the patient, kept true in the same way.
    pub facts: PatientFacts,
    /// The invitation it came from.
    pub invitation: Option<InvitationId>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Where it stands.
    pub state: LinkState,
}

/// Where a link stands, as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum LinkState {
    /// It holds within its period.
    Active,
    /// It opens nothing until somebody has looked into it.
    Suspended {
        /// Since when.
        at: DateTime<Utc>,
        /// By whom.
        by: Actor,
        /// Why.
        reason: Suspension,
    },
    /// It was ended.
    Revoked {
        /// When.
        at: DateTime<Utc>,
        /// By whom.
        by: Actor,
        /// Why.
        reason: Revocation,
    },
}

/// Where a link stands at a given time, as one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkStatus {
    /// It holds.
    Active,
    /// Its period has not begun.
    Pending,
    /// Its period is over.
    Expired,
    /// It is suspended.
    Suspended,
    /// It was ended.
    Revoked,
    /// The record is inactive, or merged into another.
    RecordInactive,
    /// The patient is too old for somebody to act for them by what they are to each other.
    AgedOut,
    /// It follows the patient's age, which is not on record.
    AgeUnknown,
    /// The patient is too young to open their own record.
    TooYoung,
    /// The patient died.
    PatientDeceased,
    /// It is for after the patient's death.
    PatientLiving,
}

impl Link {
    /// Where it stands at `now`, the organization's rules aside ([`Link::status`] has them).
    pub(crate) fn stored_status(&self, now: DateTime<Utc>) -> LinkStatus {
        match self.state {
            LinkState::Revoked { .. } => LinkStatus::Revoked,
            LinkState::Suspended { .. } => LinkStatus::Suspended,
            LinkState::Active if self.period.end.is_some_and(|end| end <= now) => LinkStatus::Expired,
            LinkState::Active if !self.record_usable => LinkStatus::RecordInactive,
            LinkState::Active if now < self.period.start => LinkStatus::Pending,
            LinkState::Active => LinkStatus::Active,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;

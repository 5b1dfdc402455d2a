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
    relationship::{ProxyBasis, Relationship},
};

/// In which role an account opens a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum LinkRole {
    /// The account holder is the patient.
    #[serde(rename = "self")]
    SelfRole,
    /// The account holder acts for the patient.
    Proxy {
        /// What they are to the patient.
        relationship: Relationship,
        /// On what ground they act.
        basis: ProxyBasis,
    },
}

impl LinkRole {
    /// The word used in storage and JSON.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::SelfRole => "self",
            Self::Proxy { .. } => "proxy",
        }
    }

    /// What a proxy is to the patient.
    pub const fn relationship(&self) -> Option<Relationship> {
        match self {
            Self::SelfRole => None,
            Self::Proxy { relationship, .. } => Some(*relationship),
        }
    }

    /// On what ground a proxy acts.
    pub const fn basis(&self) -> Option<ProxyBasis> {
        match self {
            Self::SelfRole => None,
            Self::Proxy { basis, .. } => Some(*basis),
        }
    }
}

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

/// Why a link was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Revocation {
    /// The account holder says that the record is somebody else's.
    NotMe,
    /// The account holder does not want it any more.
    NoLongerWanted,
    /// Staff found that the account is not that person's.
    WrongPerson,
    /// The patient asked staff.
    PatientRequest,
    /// Fraud, or the suspicion of it.
    Fraud,
    /// A court ordered it.
    CourtOrder,
    /// Somebody's safety asks for it.
    Safety,
    /// A mistake of staff.
    StaffError,
    /// Its record was merged into one that the account has another link to.
    Merged,
    /// The patient ended what they had granted.
    PatientEnded,
    /// A newer grant took its place.
    Superseded,
    /// Whoever passed it on does not have it any more.
    GrantorEnded,
}

impl Revocation {
    /// Every reason.
    pub const ALL: [Self; 12] = [
        Self::NotMe,
        Self::NoLongerWanted,
        Self::WrongPerson,
        Self::PatientRequest,
        Self::Fraud,
        Self::CourtOrder,
        Self::Safety,
        Self::StaffError,
        Self::Merged,
        Self::PatientEnded,
        Self::Superseded,
        Self::GrantorEnded,
    ];

    /// Whether `actor` may give this reason.
    pub const fn allowed_to(self, actor: Actor) -> bool {
        match self {
            Self::NotMe | Self::NoLongerWanted | Self::PatientEnded => matches!(actor, Actor::Account(_)),
            Self::Merged | Self::Superseded | Self::GrantorEnded => matches!(actor, Actor::System),
            Self::WrongPerson
            | Self::PatientRequest
            | Self::Fraud
            | Self::CourtOrder
            | Self::Safety
            | Self::StaffError => matches!(actor, Actor::Staff(_) | Actor::Operator),
        }
    }
}

/// Why a link is suspended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Suspension {
    /// A contact on record says that it was not the patient.
    Disputed,
    /// The patient asked staff.
    PatientRequest,
    /// Fraud, or the suspicion of it.
    Fraud,
    /// Somebody's safety asks for it.
    Safety,
    /// Staff want to look into it.
    Review,
    /// The link of whoever granted it is in doubt.
    Grantor,
}

impl Suspension {
    /// Every reason.
    pub const ALL: [Self; 6] =
        [Self::Disputed, Self::PatientRequest, Self::Fraud, Self::Safety, Self::Review, Self::Grantor];

    /// Whether `actor` may give this reason.
    pub const fn allowed_to(self, actor: Actor) -> bool {
        match self {
            Self::Disputed => matches!(actor, Actor::Contact(_)),
            Self::Grantor => matches!(actor, Actor::System),
            Self::PatientRequest | Self::Fraud | Self::Safety | Self::Review => {
                matches!(actor, Actor::Staff(_) | Actor::Operator)
            }
        }
    }
}

/// Why a suspension is lifted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reinstatement {
    /// The patient says that it was them after all.
    PatientConfirmed,
    /// Whoever disputed it is not the patient: the contact on record is out of date.
    ContactOutdated,
    /// Staff looked into it and found nothing wrong.
    Unfounded,
    /// A mistake of staff.
    StaffError,
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

/// Why a link cannot be ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RevokeRefusal {
    /// It was ended before.
    #[error("the link was ended before")]
    AlreadyRevoked,
    /// This reason is not this actor's to give.
    #[error("this reason is not one that this caller can give")]
    ReasonNotAllowed,
}

/// Why a link cannot be suspended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SuspendRefusal {
    /// It is suspended already.
    #[error("the link is suspended already")]
    AlreadySuspended,
    /// It was ended before.
    #[error("the link was ended before")]
    AlreadyRevoked,
    /// This reason is not this actor's to give.
    #[error("this reason is not one that this caller can give")]
    ReasonNotAllowed,
}

/// Why a suspension cannot be lifted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReinstateRefusal {
    /// It is not suspended.
    #[error("the link is not suspended")]
    NotSuspended,
    /// It was ended before.
    #[error("the link was ended before")]
    AlreadyRevoked,
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

    /// Closes it until somebody has looked into it.
    pub fn suspend(self, by: Actor, reason: Suspension, now: DateTime<Utc>) -> Result<Self, SuspendRefusal> {
        if !reason.allowed_to(by) {
            return Err(SuspendRefusal::ReasonNotAllowed);
        }
        match self.state {
            LinkState::Suspended { .. } => Err(SuspendRefusal::AlreadySuspended),
            LinkState::Revoked { .. } => Err(SuspendRefusal::AlreadyRevoked),
            LinkState::Active => {
                Ok(Self { state: LinkState::Suspended { at: now, by, reason }, ..self.changed(now) })
            }
        }
    }

    /// Lifts its suspension.
    pub fn reinstate(self, now: DateTime<Utc>) -> Result<Self, ReinstateRefusal> {
        match self.state {
            LinkState::Active => Err(ReinstateRefusal::NotSuspended),
            LinkState::Revoked { .. } => Err(ReinstateRefusal::AlreadyRevoked),
            LinkState::Suspended { .. } => Ok(Self { state: LinkState::Active, ..self.changed(now) }),
        }
    }

    /// Ends it.
    pub fn revoke(self, by: Actor, reason: Revocation, now: DateTime<Utc>) -> Result<Self, RevokeRefusal> {
        if !reason.allowed_to(by) {
            return Err(RevokeRefusal::ReasonNotAllowed);
        }
        match self.state {
            LinkState::Revoked { .. } => Err(RevokeRefusal::AlreadyRevoked),
            LinkState::Active | LinkState::Suspended { .. } => {
                Ok(Self { state: LinkState::Revoked { at: now, by, reason }, ..self.changed(now) })
            }
        }
    }

    /// It is over at another moment than was said before; the version stays if it is the same.
    #[must_use]
    pub fn prolong(self, end: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Self {
        if end == self.period.end {
            self
        } else {
            Self { period: Period { end, ..self.period }, ..self.changed(now) }
        }
    }

    /// Takes what its evidence is now worth; the version stays if that is what it was.
    #[must_use]
    pub fn reassess(self, assurance: AssuranceOverTime, now: DateTime<Utc>) -> Self {
        if assurance == self.assurance.seen_at(now) { self } else { self.change_evidence(assurance, now) }
    }

    /// Takes what its evidence is worth after some was added or withdrawn: a new version in any case.
    #[must_use]
    pub fn change_evidence(self, assurance: AssuranceOverTime, now: DateTime<Utc>) -> Self {
        Self { assurance, ..self.changed(now) }
    }

    /// Notes whether the record itself can be used, and what the rules ask of the patient; the version stays if
    /// nothing is new.
    #[must_use]
    pub fn mark_record(self, usable: bool, facts: PatientFacts, now: DateTime<Utc>) -> Self {
        if usable == self.record_usable && facts == self.facts {
            self
        } else {
            Self { record_usable: usable, facts, ..self.changed(now) }
        }
    }

    /// Takes back that it was ended: it stands again as it did before. Only for whoever ended it for many at once
    /// and knows what it was.
    #[must_use]
    pub(crate) fn reopen(self, before: LinkState, now: DateTime<Utc>) -> Self {
        Self { state: before, ..self.changed(now) }
    }

    /// Opens another record from now on, as its record was merged into that one, or is one of its own again.
    #[must_use]
    pub fn relocate(self, place: Place, now: DateTime<Utc>) -> Self {
        Self {
            patient: place.patient,
            fhir_id: place.fhir_id,
            record_usable: place.usable,
            // What staff recorded is about the person, and moves along.
            facts: PatientFacts { exception: self.facts.exception, ..place.facts },
            ..self.changed(now)
        }
    }

    fn changed(self, now: DateTime<Utc>) -> Self {
        Self { version: self.version + 1, updated_at: now, ..self }
    }
}

#[cfg(test)]
pub(crate) mod tests;

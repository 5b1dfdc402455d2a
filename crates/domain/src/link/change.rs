//! How a link changes, and when it does not.

use chrono::{DateTime, Utc};

use crate::{
    access::PatientFacts,
    actor::Actor,
    link::{Link, LinkState, Period, Place, Revocation, Suspension},
    proofing::AssuranceOverTime,
};

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
    /// Closes it until somebody has looked into it. A doubt of its own takes the place of one that it only shares
    /// with whoever granted it, so that the end of that one does not open it.
    pub fn suspend(self, by: Actor, reason: Suspension, now: DateTime<Utc>) -> Result<Self, SuspendRefusal> {
        if !reason.allowed_to(by) {
            return Err(SuspendRefusal::ReasonNotAllowed);
        }
        match self.state {
            LinkState::Revoked { .. } => Err(SuspendRefusal::AlreadyRevoked),
            LinkState::Suspended { .. } if !self.can_be_suspended() || reason == Suspension::Grantor => {
                Err(SuspendRefusal::AlreadySuspended)
            }
            LinkState::Suspended { .. } | LinkState::Active => {
                Ok(Self { state: LinkState::Suspended { at: now, by, reason }, ..self.changed(now) })
            }
        }
    }

    /// Whether there is no doubt about it yet that is its own.
    pub const fn can_be_suspended(&self) -> bool {
        matches!(self.state, LinkState::Active | LinkState::Suspended { reason: Suspension::Grantor, .. })
    }

    /// Lifts its suspension.
    pub fn reinstate(self, now: DateTime<Utc>) -> Result<Self, ReinstateRefusal> {
        self.lift(None, now)
    }

    /// Lifts what it is suspended for: it is open, or suspended for what else speaks against it.
    pub fn lift(
        self,
        left: Option<(Actor, Suspension)>,
        now: DateTime<Utc>,
    ) -> Result<Self, ReinstateRefusal> {
        let state = match left {
            Some((by, reason)) => LinkState::Suspended { at: now, by, reason },
            None => LinkState::Active,
        };
        match self.state {
            LinkState::Active => Err(ReinstateRefusal::NotSuspended),
            LinkState::Revoked { .. } => Err(ReinstateRefusal::AlreadyRevoked),
            LinkState::Suspended { .. } => Ok(Self { state, ..self.changed(now) }),
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

    /// Opens the record as it is now: another, since its record was merged into that one or is one of its own again,
    /// or its own, which changed while the link was closed.
    #[must_use]
    pub fn relocate(self, place: Place, now: DateTime<Utc>) -> Self {
        Self {
            patient: place.patient,
            fhir_id: place.fhir_id,
            record_usable: place.usable,
            facts: place.facts,
            ..self.changed(now)
        }
    }

    /// Stands like this from now on: what was decided of the record, of one that was merged with it, or of a link to
    /// that counts here. Whoever decided it gave a reason that was theirs to give.
    #[must_use]
    pub fn stand_as(self, state: LinkState, now: DateTime<Utc>) -> Self {
        Self { state, ..self.changed(now) }
    }

    fn changed(self, now: DateTime<Utc>) -> Self {
        Self { version: self.version + 1, updated_at: now, ..self }
    }
}

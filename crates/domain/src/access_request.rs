//! Access requests: somebody asks to act for a person, before anybody offered.
//!
//! ```text
//! submitted ──► pending ──► granted      the patient, or staff, agreed: a grant and its link came of it
//!     │            ├──────► declined     the patient, or staff, did not
//!     └────────────┼──────► declined     nobody on record is that person
//!  any open one ───┴──────► withdrawn    by whoever asked
//!  any open one ──────────► expired      by the clock: derived when read
//! ```
//! **No oracle**: whoever asks never learns whether that person is a patient here. All they see is
//! [`AskerStatus`], which follows from what they did and from the clock, until somebody agreed. So a declined
//! request looks open until its time is over, and can be withdrawn like any other.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    actor::Actor,
    demographics::Demographics,
    id::{AccountId, GrantId, OrganizationId, PatientId, RequestId},
    relationship::Relationship,
};

/// An access request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessRequest {
    /// Its id.
    pub id: RequestId,
    /// The organization that is asked.
    pub organization: OrganizationId,
    /// Who asks.
    pub account: AccountId,
    /// The person to act for, as described. Encrypted at rest.
    pub person: Demographics,
    /// Who asks, as they describe themselves. Encrypted at rest.
    pub asker: Demographics,
    /// What they say they are to that person.
    pub relationship: Relationship,
    /// When they asked.
    pub submitted_at: DateTime<Utc>,
    /// When its time is over; fixed at submission.
    pub expires_at: DateTime<Utc>,
    /// Where it stands.
    pub state: RequestState,
}

/// Where a request stands, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestState {
    /// It waits to be matched.
    Submitted,
    /// Somebody has to decide.
    Pending(Decider),
    /// It was agreed to.
    Granted {
        /// When.
        at: DateTime<Utc>,
        /// By whom.
        by: Actor,
        /// What came of it.
        grant: GrantId,
    },
    /// It was not agreed to, or nobody on record is that person.
    Declined {
        /// When.
        at: DateTime<Utc>,
        /// By whom: [`Actor::System`] if nobody on record is that person.
        by: Actor,
        /// Why.
        reason: RequestDecline,
    },
    /// Whoever asked took it back.
    Withdrawn {
        /// When.
        at: DateTime<Utc>,
    },
}

/// Who decides a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decider {
    /// The patient, whose record this certainly is and who has a login.
    Patient(PatientId),
    /// Staff, among these records, the likeliest first.
    Staff(Vec<PatientId>),
}

/// Why a request was declined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestDecline {
    /// Matching found nobody.
    NoMatch,
    /// The patient does not want it.
    NotWanted,
    /// Staff found no relationship, or no right that comes of it.
    NoRelationship,
    /// What was to be shown never came.
    NotEnoughProof,
    /// A bar keeps this person out.
    Barred,
    /// Fraud, or the suspicion of it.
    Fraud,
}

impl RequestDecline {
    /// Whether `actor` may give this reason.
    pub const fn allowed_to(self, actor: Actor) -> bool {
        match self {
            Self::NoMatch => matches!(actor, Actor::System),
            Self::NotWanted => matches!(actor, Actor::Account(_)),
            Self::NoRelationship | Self::NotEnoughProof | Self::Barred | Self::Fraud => {
                matches!(actor, Actor::Staff(_) | Actor::Operator)
            }
        }
    }
}

/// Where a request stands at a given time, for those who decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestStatus {
    /// It waits to be matched.
    Submitted,
    /// Somebody has to decide.
    Pending,
    /// It was agreed to.
    Granted,
    /// It was declined.
    Declined,
    /// It was taken back.
    Withdrawn,
    /// Its time is over.
    Expired,
}

impl RequestStatus {
    /// The word used in storage and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::Pending => "pending",
            Self::Granted => "granted",
            Self::Declined => "declined",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
        }
    }
}

/// All that whoever asked ever sees of where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskerStatus {
    /// It may be decided, by somebody or by nobody.
    Open,
    /// It was agreed to.
    Granted,
    /// They took it back.
    Withdrawn,
    /// Its time is over.
    Closed,
}

/// A change that the request's state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the request is {}", .0.as_str())]
pub struct RequestRefusal(pub RequestStatus);

impl AccessRequest {
    /// Where it stands at `now`, for those who decide.
    pub fn status(&self, now: DateTime<Utc>) -> RequestStatus {
        match &self.state {
            RequestState::Granted { .. } => RequestStatus::Granted,
            RequestState::Withdrawn { .. } => RequestStatus::Withdrawn,
            _ if self.expires_at <= now => RequestStatus::Expired,
            RequestState::Submitted => RequestStatus::Submitted,
            RequestState::Pending(_) => RequestStatus::Pending,
            RequestState::Declined { .. } => RequestStatus::Declined,
        }
    }

    /// Where it stands at `now`, for whoever asked.
    pub fn view(&self, now: DateTime<Utc>) -> AskerStatus {
        match self.status(now) {
            RequestStatus::Submitted | RequestStatus::Pending | RequestStatus::Declined => AskerStatus::Open,
            RequestStatus::Granted => AskerStatus::Granted,
            RequestStatus::Withdrawn => AskerStatus::Withdrawn,
            RequestStatus::Expired => AskerStatus::Closed,
        }
    }

    fn only_from(self, allowed: &[RequestStatus], now: DateTime<Utc>) -> Result<Self, RequestRefusal> {
        let status = self.status(now);
        if allowed.contains(&status) { Ok(self) } else { Err(RequestRefusal(status)) }
    }

    /// Somebody has to decide.
    pub fn wait_for(self, decider: Decider, now: DateTime<Utc>) -> Result<Self, RequestRefusal> {
        let request = self.only_from(&[RequestStatus::Submitted], now)?;
        Ok(Self { state: RequestState::Pending(decider), ..request })
    }

    /// It is agreed to.
    pub fn grant(self, by: Actor, grant: GrantId, now: DateTime<Utc>) -> Result<Self, RequestRefusal> {
        let request = self.only_from(&[RequestStatus::Pending], now)?;
        Ok(Self { state: RequestState::Granted { at: now, by, grant }, ..request })
    }

    /// It is not agreed to; whoever asked is not told.
    pub fn decline(
        self,
        by: Actor,
        reason: RequestDecline,
        now: DateTime<Utc>,
    ) -> Result<Self, RequestRefusal> {
        let request = self.only_from(&[RequestStatus::Submitted, RequestStatus::Pending], now)?;
        Ok(Self { state: RequestState::Declined { at: now, by, reason }, ..request })
    }

    /// Whoever asked takes it back.
    pub fn withdraw(self, now: DateTime<Utc>) -> Result<Self, RequestRefusal> {
        let open = [RequestStatus::Submitted, RequestStatus::Pending, RequestStatus::Declined];
        let request = self.only_from(&open, now)?;
        Ok(Self { state: RequestState::Withdrawn { at: now }, ..request })
    }
}

#[cfg(test)]
mod tests;

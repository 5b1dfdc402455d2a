//! Grants: somebody's decision that another person may act for a patient.
//!
//! ```text
//! offered ──► accepted ──► ended      with its link: by the patient, the proxy, staff, or Kinlink itself
//!    ├──────► declined                by whoever the offer reached
//!    ├──────► withdrawn               by whoever made it
//!    └──────► expired                 by the clock, or by too many wrong codes: derived when read
//! ```
//! Every proxy's link comes from exactly one grant. The two end together: whatever ends the link ends the grant
//! in the same place ([`crate::service`]), and a grant is ended by ending its link.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    actor::Actor,
    code::Locator,
    id::{AccountId, GrantId, LinkId, OrganizationId, PatientId},
    invitation::Channel,
    link::{LinkRole, Revocation},
    patient::FhirId,
    permission::Permissions,
    port::KeyedHash,
    relationship::{ProxyBasis, Relationship},
};

/// What a proxy gets, as it was when it was decided: a later change of the organization's profiles changes no
/// grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProxyTerms {
    /// The name of the profile that was chosen.
    pub profile: String,
    /// What it held, and what whoever granted could give.
    pub permissions: Permissions,
    /// The first moment at which it is over; open if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
}

/// An email address of a proxy, as given by whoever granted or asked. Encrypted at rest.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProxyContact(pub String);

/// Shows nothing: an address must not reach a log.
impl fmt::Debug for ProxyContact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProxyContact(…)")
    }
}

/// A grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// The custodian of the record.
    pub organization: OrganizationId,
    /// The record.
    pub patient: PatientId,
    /// The record's FHIR id.
    pub fhir_id: FhirId,
    /// Who decided it: the patient's account, or staff.
    pub by: Actor,
    /// What the proxy is to the patient.
    pub relationship: Relationship,
    /// On what ground they act.
    pub basis: ProxyBasis,
    /// What they get.
    pub terms: ProxyTerms,
    /// Where the proxy can be told of it, if that is known.
    pub contact: Option<ProxyContact>,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// Where it stands.
    pub state: GrantState,
}

/// An offer that waits for whoever holds its code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The public part of its code.
    pub locator: Locator,
    /// The hash of its code.
    pub code_hash: KeyedHash,
    /// The way the code takes: by email, or handed over by the patient.
    pub channel: Channel,
    /// Until when it can be accepted.
    pub expires_at: DateTime<Utc>,
    /// Wrong tries so far.
    pub failures: u16,
}

/// Who accepted, and what came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acceptance {
    /// When.
    pub at: DateTime<Utc>,
    /// The proxy.
    pub account: AccountId,
    /// The proxy's link.
    pub link: LinkId,
}

/// Where a grant stands, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrantState {
    /// It can be accepted until it expires.
    Offered(Offer),
    /// The proxy has their link.
    Accepted(Acceptance),
    /// It was ended, with its link.
    Ended {
        /// How it began.
        accepted: Acceptance,
        /// When.
        at: DateTime<Utc>,
        /// By whom.
        by: Actor,
        /// Why.
        reason: Revocation,
    },
    /// Whoever it reached does not want it.
    Declined {
        /// When.
        at: DateTime<Utc>,
        /// By whom.
        by: AccountId,
    },
    /// It was taken back before anybody accepted.
    Withdrawn {
        /// When.
        at: DateTime<Utc>,
        /// By whom.
        by: Actor,
    },
}

/// Where a grant stands at a given time, as one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantStatus {
    /// It can be accepted.
    Offered,
    /// The proxy has their link; what that opens is the link's to say.
    Accepted,
    /// It was ended.
    Ended,
    /// It was declined.
    Declined,
    /// It was taken back.
    Withdrawn,
    /// Its time is over, or too many wrong codes were tried.
    Expired,
}

impl GrantStatus {
    /// Every status.
    pub const ALL: [Self; 6] =
        [Self::Offered, Self::Accepted, Self::Ended, Self::Declined, Self::Withdrawn, Self::Expired];

    /// The word used in storage and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Offered => "offered",
            Self::Accepted => "accepted",
            Self::Ended => "ended",
            Self::Declined => "declined",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
        }
    }
}

/// A change that the grant's state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the grant is {}", .0.as_str())]
pub struct GrantRefusal(pub GrantStatus);

impl Grant {
    /// Where it stands at `now`.
    pub fn status(&self, now: DateTime<Utc>) -> GrantStatus {
        match &self.state {
            GrantState::Offered(offer) if offer.expires_at <= now => GrantStatus::Expired,
            GrantState::Offered(_) => GrantStatus::Offered,
            GrantState::Accepted(_) => GrantStatus::Accepted,
            GrantState::Ended { .. } => GrantStatus::Ended,
            GrantState::Declined { .. } => GrantStatus::Declined,
            GrantState::Withdrawn { .. } => GrantStatus::Withdrawn,
        }
    }

    /// The role of the link that comes of it.
    pub const fn role(&self) -> LinkRole {
        LinkRole::Proxy { relationship: self.relationship, basis: self.basis }
    }

    /// Who accepted it, if somebody did.
    pub const fn acceptance(&self) -> Option<&Acceptance> {
        match &self.state {
            GrantState::Accepted(accepted) | GrantState::Ended { accepted, .. } => Some(accepted),
            GrantState::Offered(_) | GrantState::Declined { .. } | GrantState::Withdrawn { .. } => None,
        }
    }

    fn open(self, now: DateTime<Utc>) -> Result<(Self, Offer), GrantRefusal> {
        let status = self.status(now);
        match self.state.clone() {
            GrantState::Offered(offer) if status == GrantStatus::Offered => Ok((self, offer)),
            _ => Err(GrantRefusal(status)),
        }
    }

    /// The proxy takes it.
    pub fn accept(self, account: AccountId, link: LinkId, now: DateTime<Utc>) -> Result<Self, GrantRefusal> {
        let (grant, _) = self.open(now)?;
        Ok(Self { state: GrantState::Accepted(Acceptance { at: now, account, link }), ..grant })
    }

    /// Whoever it reached does not want it.
    pub fn decline(self, by: AccountId, now: DateTime<Utc>) -> Result<Self, GrantRefusal> {
        let (grant, _) = self.open(now)?;
        Ok(Self { state: GrantState::Declined { at: now, by }, ..grant })
    }

    /// Takes it back. One that expired can be taken back too, so that the matter is closed.
    pub fn withdraw(self, by: Actor, now: DateTime<Utc>) -> Result<Self, GrantRefusal> {
        match self.state {
            GrantState::Offered(_) => Ok(Self { state: GrantState::Withdrawn { at: now, by }, ..self }),
            _ => Err(GrantRefusal(self.status(now))),
        }
    }

    /// Counts a wrong try; at `most` it expires.
    pub fn fail(self, most: u16, now: DateTime<Utc>) -> Result<Self, GrantRefusal> {
        let (grant, offer) = self.open(now)?;
        let failures = offer.failures.saturating_add(1);
        let expires_at = if failures >= most { now } else { offer.expires_at };
        Ok(Self { state: GrantState::Offered(Offer { expires_at, failures, ..offer }), ..grant })
    }

    /// Its link was ended.
    pub fn end(self, by: Actor, reason: Revocation, now: DateTime<Utc>) -> Result<Self, GrantRefusal> {
        match self.state {
            GrantState::Accepted(accepted) => {
                Ok(Self { state: GrantState::Ended { accepted, at: now, by, reason }, ..self })
            }
            _ => Err(GrantRefusal(self.status(now))),
        }
    }

    /// Its link was opened again.
    pub fn resume(self, now: DateTime<Utc>) -> Result<Self, GrantRefusal> {
        match self.state {
            GrantState::Ended { accepted, .. } => Ok(Self { state: GrantState::Accepted(accepted), ..self }),
            _ => Err(GrantRefusal(self.status(now))),
        }
    }

    /// Its record was merged into another, or is on its own again.
    #[must_use]
    pub fn relocate(self, patient: PatientId, fhir_id: FhirId) -> Self {
        Self { patient, fhir_id, ..self }
    }

    /// It holds until another moment: new papers were seen.
    pub fn renew(self, until: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<Self, GrantRefusal> {
        match self.state {
            GrantState::Accepted(_) => Ok(Self { terms: ProxyTerms { until, ..self.terms }, ..self }),
            _ => Err(GrantRefusal(self.status(now))),
        }
    }
}

#[cfg(test)]
mod tests;

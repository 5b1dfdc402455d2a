//! Invitations: staff's offer of a link to whoever holds the code.
//!
//! ```text
//! issued ──► redeemed
//!   ├──────► revoked     by staff, or because it was reissued
//!   ├──────► locked      too many wrong tries
//!   └──────► expired     by the clock alone: derived when read, never stored
//! ```

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    actor::Actor,
    code::Locator,
    evidence::{AddressValidation, Fact},
    grant::ProxyTerms,
    id::{AccountId, InvitationId, LinkId, OrganizationId, PatientId},
    link::LinkRole,
    patient::FhirId,
    policy::Policy,
    port::KeyedHash,
};

/// The way a code takes to the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Handed over at the desk.
    InPerson,
    /// Printed and mailed.
    Post,
    /// Read out on the telephone, or sent as a text message by staff.
    Phone,
    /// Emailed by Kinlink.
    Email,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 4] = [Self::InPerson, Self::Post, Self::Phone, Self::Email];

    /// The word used in storage and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InPerson => "in_person",
            Self::Post => "post",
            Self::Phone => "phone",
            Self::Email => "email",
        }
    }
}

/// What must be given beside the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Challenge {
    /// The birth date on record.
    BirthDate,
}

/// An invitation.
#[derive(Debug, Clone, PartialEq)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// The organization that offers.
    pub organization: OrganizationId,
    /// The record on offer.
    pub patient: PatientId,
    /// The record's FHIR id.
    pub fhir_id: FhirId,
    /// What the link will be.
    pub role: LinkRole,
    /// What a proxy will get; absent for a patient.
    pub terms: Option<ProxyTerms>,
    /// The way the code takes.
    pub channel: Channel,
    /// How the address it went to was known to be the patient's.
    pub address: AddressValidation,
    /// The public part of its code.
    pub locator: Locator,
    /// The hash of its code.
    pub code_hash: KeyedHash,
    /// What must be given beside the code.
    pub challenge: Option<Challenge>,
    /// Facts that staff established when issuing; they become evidence of the link.
    pub proof: Vec<Fact>,
    /// Wrong tries so far.
    pub failures: u16,
    /// Who issued it.
    pub issued_by: Actor,
    /// When.
    pub issued_at: DateTime<Utc>,
    /// Until when the code can be redeemed.
    pub expires_at: DateTime<Utc>,
    /// The invitation that this one takes the place of.
    pub replaces: Option<InvitationId>,
    /// Where it stands.
    pub state: InvitationState,
}

/// Where an invitation stands, as stored. A passed `expires_at` shows only in [`Invitation::status`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvitationState {
    /// It can be redeemed until it expires.
    Issued,
    /// Its code was redeemed.
    Redeemed {
        /// When.
        at: DateTime<Utc>,
        /// By whom.
        by: AccountId,
        /// What came of it.
        link: LinkId,
    },
    /// It was taken back.
    Revoked {
        /// When.
        at: DateTime<Utc>,
        /// By whom.
        by: Actor,
        /// Why.
        reason: InvitationRevocation,
    },
    /// Too many wrong tries ended it.
    Locked {
        /// When.
        at: DateTime<Utc>,
    },
}

/// Why an invitation was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvitationRevocation {
    /// A new invitation took its place.
    Reissued,
    /// It was issued for the wrong record or person.
    WrongPerson,
    /// Its letter, paper or email went astray.
    Lost,
    /// The patient does not want it.
    PatientRequest,
    /// It is not needed any more.
    NotNeeded,
    /// Every access to the record was ended.
    AccessEnded,
}

/// Where an invitation stands at a given time, as one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvitationStatus {
    /// It can be redeemed.
    Issued,
    /// It was redeemed.
    Redeemed,
    /// It was revoked.
    Revoked,
    /// It was locked.
    Locked,
    /// Its time is over.
    Expired,
}

impl InvitationStatus {
    /// Every status.
    pub const ALL: [Self; 5] = [Self::Issued, Self::Redeemed, Self::Revoked, Self::Locked, Self::Expired];

    /// The word used in storage and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::Redeemed => "redeemed",
            Self::Revoked => "revoked",
            Self::Locked => "locked",
            Self::Expired => "expired",
        }
    }
}

/// A change that the invitation's state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the invitation is {}", .0.as_str())]
pub struct NotOpen(pub InvitationStatus);

impl Invitation {
    /// Where it stands at `now`.
    pub fn status(&self, now: DateTime<Utc>) -> InvitationStatus {
        match self.state {
            InvitationState::Issued if now >= self.expires_at => InvitationStatus::Expired,
            InvitationState::Issued => InvitationStatus::Issued,
            InvitationState::Redeemed { .. } => InvitationStatus::Redeemed,
            InvitationState::Revoked { .. } => InvitationStatus::Revoked,
            InvitationState::Locked { .. } => InvitationStatus::Locked,
        }
    }

    fn open(self, now: DateTime<Utc>) -> Result<Self, NotOpen> {
        match self.status(now) {
            InvitationStatus::Issued => Ok(self),
            other => Err(NotOpen(other)),
        }
    }

    /// Uses it up.
    pub fn redeem(self, by: AccountId, link: LinkId, now: DateTime<Utc>) -> Result<Self, NotOpen> {
        let open = self.open(now)?;
        Ok(Self { state: InvitationState::Redeemed { at: now, by, link }, ..open })
    }

    /// Takes it back. An expired or locked invitation can be revoked too, so that staff may close the
    /// matter with a reason.
    pub fn revoke(
        self,
        by: Actor,
        reason: InvitationRevocation,
        now: DateTime<Utc>,
    ) -> Result<Self, NotOpen> {
        match self.status(now) {
            InvitationStatus::Issued | InvitationStatus::Expired | InvitationStatus::Locked => {
                Ok(Self { state: InvitationState::Revoked { at: now, by, reason }, ..self })
            }
            closed @ (InvitationStatus::Redeemed | InvitationStatus::Revoked) => Err(NotOpen(closed)),
        }
    }

    /// Takes back that it was taken back, if that is all that happened to it: by whom, when and why must be known.
    pub(crate) fn reopen(self, by: Actor, at: DateTime<Utc>) -> Option<Self> {
        let ended = InvitationState::Revoked { at, by, reason: InvitationRevocation::AccessEnded };
        (self.state == ended).then_some(Self { state: InvitationState::Issued, ..self })
    }

    /// Counts a wrong try, and locks it at the policy's limit.
    pub fn fail(self, policy: &Policy, now: DateTime<Utc>) -> Result<Self, NotOpen> {
        let open = self.open(now)?;
        let failures = open.failures.saturating_add(1);
        let state = if failures >= policy.invitation_attempts {
            InvitationState::Locked { at: now }
        } else {
            open.state
        };
        Ok(Self { failures, state, ..open })
    }
}

#[cfg(test)]
mod tests;

//! Claims: an account's request to be matched to a patient record by demographics.
//!
//! ```text
//! submitted ──► confirming ──► linked         the code that went to a contact on record was entered
//!   │  │ └────► in_review ───► confirming     a reviewer approved
//!   │  │            └────────► declined       a reviewer declined
//!   │  └──────► declined                      nobody on record is this person
//! any of these three ──► declined             every access was ended
//!   └─────────► linked                        a trusted client vouches, and policy lets that suffice
//! any but linked ──► withdrawn   by the claimant
//! any but linked ──► closed      by the clock or by too many wrong codes: derived when read, never stored
//! ```
//!
//! **No oracle**: what the claimant sees is [`ClaimantStatus`] and nothing else. It follows from what the claimant
//! did and from the clock, never from what is on record, until the right code was entered. So a declined claim
//! can be withdrawn like any other, wrong codes are counted on a claim that has no code, and every claim has a
//! code hash from its first moment: until a code goes out, it is that of random bytes which nobody knows.

mod input;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

pub use input::{InputWeight, Wanting};

use crate::{
    actor::Actor,
    code::Code,
    comparison::Band,
    demographics::Demographics,
    id::{AccountId, ClaimId, LinkId, OrganizationId, PatientId, ReviewId},
    invitation::Channel,
    policy::ClaimPolicy,
    port::{KeyedHash, Purpose, Random, Vault},
};

/// A claim.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// Its id, also the reference that the claimant names at the desk.
    pub id: ClaimId,
    /// The organization that is to have the record.
    pub organization: OrganizationId,
    /// Who is to be linked.
    pub account: AccountId,
    /// The person as claimed.
    pub demographics: Demographics,
    /// Who submitted it: the account, or a client on its behalf.
    pub submitted_by: Actor,
    /// What the client says about how the person was proven; absent if the account submitted by itself.
    pub assertion: Option<Assertion>,
    /// When.
    pub submitted_at: DateTime<Utc>,
    /// When its time is over; fixed at submission.
    pub expires_at: DateTime<Utc>,
    /// Wrong codes so far.
    pub failures: u16,
    /// The hash of the code, or of random bytes while there is none.
    pub code_hash: KeyedHash,
    /// What matching said; absent until it has.
    pub band: Option<Band>,
    /// Where it stands.
    pub state: ClaimState,
}

/// What a client asserts about a login: OpenID Connect Core `acr` and `amr`, and of OpenID Connect for Identity
/// Assurance `verified_claims.verification` the framework and the level.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assertion {
    /// Authentication context class reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// Authentication methods references (RFC 8176).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    /// Under which rules the person was proven.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust_framework: Option<String>,
    /// How well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assurance_level: Option<String>,
}

/// A code that is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confirmation {
    /// The record to be linked.
    pub patient: PatientId,
    /// The way the code takes.
    pub channel: Channel,
    /// To which contact on record, counted among those of its kind; absent if it was handed over.
    pub contact: Option<u16>,
    /// When it went out.
    pub sent_at: DateTime<Utc>,
    /// Until when it is valid.
    pub expires_at: DateTime<Utc>,
    /// The review that approved it.
    pub review: Option<ReviewId>,
}

/// Where a claim stands, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimState {
    /// It waits to be matched.
    Submitted,
    /// A code is on its way.
    Confirming(Confirmation),
    /// Somebody has to look.
    InReview {
        /// The review.
        review: ReviewId,
    },
    /// Nobody on record is this person, as far as can be told.
    Declined {
        /// When.
        at: DateTime<Utc>,
        /// By whom: [`Actor::System`] if nobody had to look.
        by: Actor,
        /// Why.
        reason: Decline,
    },
    /// A link came of it.
    Linked {
        /// When.
        at: DateTime<Utc>,
        /// Which.
        link: LinkId,
    },
    /// The claimant took it back.
    Withdrawn {
        /// When.
        at: DateTime<Utc>,
    },
}

/// Why a claim was declined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decline {
    /// Matching found nobody.
    NoMatch,
    /// A reviewer saw that none of the candidates is this person.
    NotTheSamePerson,
    /// What was missing never came.
    NotEnoughProof,
    /// Fraud, or the suspicion of it.
    Fraud,
    /// The person was linked by another way, such as an invitation.
    LinkedOtherwise,
    /// Every access to the record, or of the account, was ended.
    AccessEnded,
}

impl Decline {
    /// Whether a reviewer may give this reason.
    pub const fn allowed_to_reviewers(self) -> bool {
        !matches!(self, Self::NoMatch | Self::AccessEnded)
    }
}

/// Where a claim stands at a given time, for staff.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimStatus {
    /// It waits to be matched.
    Submitted,
    /// A code is on its way.
    Confirming,
    /// It waits for a reviewer.
    InReview,
    /// It was declined.
    Declined,
    /// A link came of it.
    Linked,
    /// The claimant took it back.
    Withdrawn,
    /// Its time is over.
    Expired,
    /// Too many wrong codes.
    Locked,
}

impl ClaimStatus {
    /// The word used in storage and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::Confirming => "confirming",
            Self::InReview => "in_review",
            Self::Declined => "declined",
            Self::Linked => "linked",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
            Self::Locked => "locked",
        }
    }
}

/// All that the claimant, and a client on the claimant's behalf, ever sees of where a claim stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimantStatus {
    /// A code can be entered, whether or not there is one.
    Open,
    /// A link came of it.
    Linked,
    /// The claimant took it back.
    Withdrawn,
    /// Its time is over, or too many wrong codes were entered.
    Closed,
}

impl ClaimantStatus {
    /// The word used in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Linked => "linked",
            Self::Withdrawn => "withdrawn",
            Self::Closed => "closed",
        }
    }
}

/// A change that the claim's state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the claim is {}", .0.as_str())]
pub struct ClaimRefusal(pub ClaimStatus);

/// What is hashed of a code: bound to its claim, so that a hash proves nothing for another.
fn hash_input(claim: ClaimId, secret: &[u8]) -> Vec<u8> {
    [claim.uuid().as_bytes(), secret].concat()
}

/// The hash of a claim's code.
pub fn code_hash(claim: ClaimId, code: &Code, vault: &dyn Vault) -> KeyedHash {
    vault.keyed_hash(Purpose::ClaimCode, &hash_input(claim, &code.hash_input()))
}

/// A hash that no code has, for a claim whose code is not drawn yet.
pub fn decoy_hash(claim: ClaimId, random: &dyn Random, vault: &dyn Vault) -> KeyedHash {
    let mut secret = [0; 32];
    random.fill(&mut secret);
    vault.keyed_hash(Purpose::ClaimCode, &hash_input(claim, &secret))
}

impl Claim {
    /// Where it stands at `now`, for staff. What the claimant is told is [`Claim::view`].
    pub fn status(&self, policy: &ClaimPolicy, now: DateTime<Utc>) -> ClaimStatus {
        match &self.state {
            ClaimState::Linked { .. } => ClaimStatus::Linked,
            ClaimState::Withdrawn { .. } => ClaimStatus::Withdrawn,
            _ if now >= self.expires_at => ClaimStatus::Expired,
            _ if self.failures >= policy.attempts => ClaimStatus::Locked,
            ClaimState::Submitted => ClaimStatus::Submitted,
            ClaimState::Confirming(_) => ClaimStatus::Confirming,
            ClaimState::InReview { .. } => ClaimStatus::InReview,
            ClaimState::Declined { .. } => ClaimStatus::Declined,
        }
    }

    /// Where it stands at `now`, for the claimant.
    pub fn view(&self, policy: &ClaimPolicy, now: DateTime<Utc>) -> ClaimantStatus {
        match self.status(policy, now) {
            ClaimStatus::Submitted
            | ClaimStatus::Confirming
            | ClaimStatus::InReview
            | ClaimStatus::Declined => ClaimantStatus::Open,
            ClaimStatus::Linked => ClaimantStatus::Linked,
            ClaimStatus::Withdrawn => ClaimantStatus::Withdrawn,
            ClaimStatus::Expired | ClaimStatus::Locked => ClaimantStatus::Closed,
        }
    }

    /// Whether `code` is this claim's, in constant time. The same work for a claim without a code.
    pub fn has_code(&self, code: &Code, vault: &dyn Vault) -> bool {
        vault.verify(Purpose::ClaimCode, &hash_input(self.id, &code.hash_input()), &self.code_hash)
    }

    fn only_from(
        self,
        allowed: &[ClaimStatus],
        policy: &ClaimPolicy,
        now: DateTime<Utc>,
    ) -> Result<Self, ClaimRefusal> {
        let status = self.status(policy, now);
        if allowed.contains(&status) { Ok(self) } else { Err(ClaimRefusal(status)) }
    }

    /// A code goes out.
    pub fn confirm_by(
        self,
        confirmation: Confirmation,
        code_hash: KeyedHash,
        policy: &ClaimPolicy,
        now: DateTime<Utc>,
    ) -> Result<Self, ClaimRefusal> {
        let claim = self.only_from(&[ClaimStatus::Submitted, ClaimStatus::InReview], policy, now)?;
        // A code of use beyond the claim's own end would be a promise that is not kept.
        let expires_at = confirmation.expires_at.min(claim.expires_at);
        let state = ClaimState::Confirming(Confirmation { expires_at, ..confirmation });
        Ok(Self { code_hash, state, ..claim })
    }

    /// Somebody has to look.
    pub fn send_to_review(
        self,
        review: ReviewId,
        policy: &ClaimPolicy,
        now: DateTime<Utc>,
    ) -> Result<Self, ClaimRefusal> {
        let claim = self.only_from(&[ClaimStatus::Submitted], policy, now)?;
        Ok(Self { state: ClaimState::InReview { review }, ..claim })
    }

    /// It waits for a reviewer still: a second one may be needed, which changes nothing of it.
    pub fn in_review(self, policy: &ClaimPolicy, now: DateTime<Utc>) -> Result<Self, ClaimRefusal> {
        self.only_from(&[ClaimStatus::InReview], policy, now)
    }

    /// Nothing comes of it; the claimant is not told.
    pub fn decline(
        self,
        by: Actor,
        reason: Decline,
        policy: &ClaimPolicy,
        now: DateTime<Utc>,
    ) -> Result<Self, ClaimRefusal> {
        let claim = self.only_from(&[ClaimStatus::Submitted, ClaimStatus::InReview], policy, now)?;
        Ok(Self { state: ClaimState::Declined { at: now, by, reason }, ..claim })
    }

    /// Nothing comes of it, even though a code may be on its way: every access was ended. The claimant is not told,
    /// which is why it is declined and not withdrawn.
    pub fn cut_off(self, by: Actor, policy: &ClaimPolicy, now: DateTime<Utc>) -> Result<Self, ClaimRefusal> {
        let open = [ClaimStatus::Submitted, ClaimStatus::Confirming, ClaimStatus::InReview];
        let claim = self.only_from(&open, policy, now)?;
        Ok(Self { state: ClaimState::Declined { at: now, by, reason: Decline::AccessEnded }, ..claim })
    }

    /// A link came of it: its code was entered, or a trusted client vouched.
    pub fn link(self, link: LinkId, policy: &ClaimPolicy, now: DateTime<Utc>) -> Result<Self, ClaimRefusal> {
        let claim = self.only_from(&[ClaimStatus::Submitted, ClaimStatus::Confirming], policy, now)?;
        Ok(Self { state: ClaimState::Linked { at: now, link }, ..claim })
    }

    /// The claimant takes it back.
    pub fn withdraw(self, policy: &ClaimPolicy, now: DateTime<Utc>) -> Result<Self, ClaimRefusal> {
        let open = self.only_from(&OPEN, policy, now)?;
        Ok(Self { state: ClaimState::Withdrawn { at: now }, ..open })
    }

    /// Counts a wrong code, whether or not there is a right one.
    pub fn fail(self, policy: &ClaimPolicy, now: DateTime<Utc>) -> Result<Self, ClaimRefusal> {
        let open = self.only_from(&OPEN, policy, now)?;
        Ok(Self { failures: open.failures.saturating_add(1), ..open })
    }

    /// The code on its way that is still valid at `now`.
    pub fn confirmation(&self, now: DateTime<Utc>) -> Option<&Confirmation> {
        match &self.state {
            ClaimState::Confirming(confirmation) if now < confirmation.expires_at => Some(confirmation),
            _ => None,
        }
    }

    /// How long a claim submitted under `policy` is open.
    pub fn lifetime(policy: &ClaimPolicy) -> TimeDelta {
        TimeDelta::days(policy.valid_days.into())
    }
}

/// What looks open to the claimant.
const OPEN: [ClaimStatus; 4] =
    [ClaimStatus::Submitted, ClaimStatus::Confirming, ClaimStatus::InReview, ClaimStatus::Declined];

#[cfg(test)]
mod tests;

//! Reviews: what staff have to look at before a link comes to be, or may go on.
//!
//! ```text
//! open ──► approved                       one reviewer, where one suffices
//!   ├────► seconding ──► approved         four eyes: a second, different reviewer agrees
//!   ├────► declined  ◄── seconding
//!   └────► moot      ◄── seconding        the claim was withdrawn or its time is over
//! ```

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    actor::Actor,
    claim::Decline,
    evidence::Fact,
    id::{ClaimId, OrganizationId, PatientId, ReviewId},
};

/// A review.
#[derive(Debug, Clone, PartialEq)]
pub struct Review {
    /// Its id.
    pub id: ReviewId,
    /// The organization whose staff have to look.
    pub organization: OrganizationId,
    /// At which claim.
    pub claim: ClaimId,
    /// Why.
    pub reasons: Vec<ReviewReason>,
    /// Since when.
    pub opened_at: DateTime<Utc>,
    /// What reviewers asked for meanwhile, oldest first.
    pub asks: Vec<Ask>,
    /// Where it stands.
    pub state: ReviewState,
}

/// Why somebody has to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewReason {
    /// No record, or not only one, is beyond doubt.
    Ambiguous,
    /// So many records are alike that not all were compared.
    Crowded,
    /// The record has no contact that a code could go to.
    NoContact,
    /// A contact on record was changed lately.
    ContactChanged,
    /// The patient is deceased.
    Deceased,
    /// The record is not in use.
    Inactive,
    /// The record was merged into another.
    Merged,
    /// Another account opens this record as the patient.
    LinkedToAnother,
    /// A link to this record is disputed.
    Disputed,
    /// The patient is a minor, or may be: the contact on record is often a parent's.
    Minor,
    /// A link of this account to this record was ended because the account should not have had it.
    EndedBefore,
    /// This account acts for the patient, or did, and so is somebody else's.
    ActsForPatient,
    /// So many codes went to this record today that one more would be a nuisance or an attack.
    TooManyCodes,
}

/// Something that a reviewer asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// When.
    pub at: DateTime<Utc>,
    /// Who asked.
    pub by: Actor,
    /// For what.
    pub missing: Vec<Missing>,
    /// Whether a contact on record was told.
    pub told: bool,
}

/// What a reviewer may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// To come by with a photo id.
    PhotoId,
    /// Proof of a changed name.
    NameChange,
    /// Proof of the present address.
    Address,
    /// A contact to be put on record.
    Contact,
}

/// How the code of an approved claim goes to the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Handover {
    /// By email to a contact on record.
    Email,
    /// To the person who stands in front of the reviewer.
    HandedOver,
}

/// One reviewer's approval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Approval {
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub by: Actor,
    /// Which record is the person's.
    pub patient: PatientId,
    /// The proof that they saw; becomes evidence of the link.
    pub proof: Vec<Fact>,
}

/// Where a review stands, as stored.
#[derive(Debug, Clone, PartialEq)]
pub enum ReviewState {
    /// Nobody has decided.
    Open,
    /// One reviewer approved, and another has to.
    Seconding {
        /// The first.
        first: Approval,
    },
    /// It was approved.
    Approved {
        /// By whom, in order.
        approvals: Vec<Approval>,
    },
    /// It was declined.
    Declined {
        /// When.
        at: DateTime<Utc>,
        /// By whom.
        by: Actor,
        /// Why.
        reason: Decline,
    },
    /// There is nothing left to decide.
    Moot,
}

/// Where a review stands, as one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewStatus {
    /// Nobody has decided.
    Open,
    /// One reviewer approved, and another has to.
    Seconding,
    /// It was approved.
    Approved,
    /// It was declined.
    Declined,
    /// There is nothing left to decide.
    Moot,
}

impl ReviewStatus {
    /// The word used in storage and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Seconding => "seconding",
            Self::Approved => "approved",
            Self::Declined => "declined",
            Self::Moot => "moot",
        }
    }
}

/// Why a reviewer's decision is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReviewRefusal {
    /// It was decided before, or there is nothing left to decide.
    #[error("the review is {}", .0.as_str())]
    Closed(ReviewStatus),
    /// The second pair of eyes must be another's.
    #[error("another reviewer has to agree")]
    SameReviewer,
    /// The second reviewer picked another record than the first.
    #[error("the first reviewer picked another record")]
    Disagreement,
}

impl Review {
    /// Where it stands.
    pub const fn status(&self) -> ReviewStatus {
        match self.state {
            ReviewState::Open => ReviewStatus::Open,
            ReviewState::Seconding { .. } => ReviewStatus::Seconding,
            ReviewState::Approved { .. } => ReviewStatus::Approved,
            ReviewState::Declined { .. } => ReviewStatus::Declined,
            ReviewState::Moot => ReviewStatus::Moot,
        }
    }

    /// Whether two must agree, of whose reasons the policy names `four_eyes`.
    pub fn needs_two(&self, four_eyes: &[ReviewReason]) -> bool {
        self.reasons.iter().any(|reason| four_eyes.contains(reason))
    }

    /// Approves, or seconds another's approval.
    pub fn approve(self, approval: Approval, needs_two: bool) -> Result<Self, ReviewRefusal> {
        let state = match self.state {
            ReviewState::Open if needs_two => ReviewState::Seconding { first: approval },
            ReviewState::Open => ReviewState::Approved { approvals: vec![approval] },
            ReviewState::Seconding { first } if first.by == approval.by => {
                return Err(ReviewRefusal::SameReviewer);
            }
            ReviewState::Seconding { first } if first.patient != approval.patient => {
                return Err(ReviewRefusal::Disagreement);
            }
            ReviewState::Seconding { first } => ReviewState::Approved { approvals: vec![first, approval] },
            ReviewState::Approved { .. } | ReviewState::Declined { .. } | ReviewState::Moot => {
                return Err(ReviewRefusal::Closed(self.status()));
            }
        };
        Ok(Self { state, ..self })
    }

    /// Declines, also after another's approval that waits to be seconded.
    pub fn decline(self, by: Actor, reason: Decline, at: DateTime<Utc>) -> Result<Self, ReviewRefusal> {
        self.undecided()?;
        Ok(Self { state: ReviewState::Declined { at, by, reason }, ..self })
    }

    /// Asks for more.
    pub fn ask(mut self, ask: Ask) -> Result<Self, ReviewRefusal> {
        self.undecided()?;
        self.asks.push(ask);
        Ok(self)
    }

    fn undecided(&self) -> Result<(), ReviewRefusal> {
        match self.status() {
            ReviewStatus::Open | ReviewStatus::Seconding => Ok(()),
            closed @ (ReviewStatus::Approved | ReviewStatus::Declined | ReviewStatus::Moot) => {
                Err(ReviewRefusal::Closed(closed))
            }
        }
    }

    /// The approvals that it rests on.
    pub fn approvals(&self) -> &[Approval] {
        match &self.state {
            ReviewState::Approved { approvals } => approvals,
            ReviewState::Seconding { first } => std::slice::from_ref(first),
            ReviewState::Open | ReviewState::Declined { .. } | ReviewState::Moot => &[],
        }
    }
}

#[cfg(test)]
mod tests;

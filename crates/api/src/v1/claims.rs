//! Claims: a patient without a code asks to be matched to the record. What the claimant is told never depends on
//! what is on record, until the right code was entered.

pub(crate) mod body;
pub(crate) mod confirm;
pub(crate) mod list;
pub(crate) mod read;
pub(crate) mod submit;
pub(crate) mod withdraw;

use chrono::{DateTime, Utc};
use kinlink_domain::{
    claim::{Claim, ClaimState, ClaimantStatus},
    policy::ClaimPolicy,
};
use serde::Serialize;
use utoipa::ToSchema;

/// A claim, as its claimant sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClaimView {
    /// Also the reference to name at the desk.
    #[schema(example = "clm_0197f2f31c2a7d0c8e6f2b7f5a1d9c33")]
    id: String,
    organization: String,
    /// `open`, `linked`, `withdrawn` or `closed`. Open says nothing of whether a record was found.
    #[schema(value_type = String, example = "open")]
    status: ClaimantStatus,
    submitted_at: DateTime<Utc>,
    /// When it will be closed.
    expires_at: DateTime<Utc>,
    /// The link that came of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
}

impl ClaimView {
    fn new(claim: &Claim, policy: &ClaimPolicy, now: DateTime<Utc>) -> Self {
        let link = match &claim.state {
            ClaimState::Linked { link, .. } => Some(link.to_string()),
            ClaimState::Submitted
            | ClaimState::Confirming(_)
            | ClaimState::InReview { .. }
            | ClaimState::Declined { .. }
            | ClaimState::Withdrawn { .. } => None,
        };
        Self {
            id: claim.id.to_string(),
            organization: claim.organization.to_string(),
            status: claim.view(policy, now),
            submitted_at: claim.submitted_at,
            expires_at: claim.expires_at,
            link,
        }
    }
}

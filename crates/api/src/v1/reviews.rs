//! Reviews: what staff decide because it is not beyond doubt. Staff with the role `reviewer` or `admin`.

pub(crate) mod approve;
pub(crate) mod ask;
pub(crate) mod decline;
pub(crate) mod list;
pub(crate) mod read;

use chrono::{DateTime, Utc};
use kinlink_domain::{
    actor::{Authorized, StaffAct},
    id::ReviewId,
    organization::Organization,
    review::{Ask, Missing, Review, ReviewReason, ReviewState, ReviewStatus},
    store::UnitOfWork,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    extract::StaffCaller,
    problem::{Problem, ProblemType},
};

/// What a review is of. A dispute is decided under `/v1/disputes`, and never reviewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReviewKind {
    Claim,
    Dispute,
}

/// A review, without anything personal.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReviewView {
    #[schema(example = "rev_0197f2f31c2a7d0c8e6f2b7f5a1d9c44")]
    id: String,
    organization: String,
    /// `claim`: of a claim that is not beyond doubt.
    #[schema(value_type = String, example = "claim")]
    kind: ReviewKind,
    /// `open`, `seconding` (one reviewer approved, another has to), `approved`, `declined` or `moot`.
    #[schema(value_type = String, example = "open")]
    status: ReviewStatus,
    /// Why somebody has to look.
    #[schema(value_type = Vec<String>, example = json!(["ambiguous"]))]
    reasons: Vec<ReviewReason>,
    opened_at: DateTime<Utc>,
    /// The claim that it is about.
    claim: String,
    /// What reviewers asked for meanwhile.
    asks: Vec<AskView>,
    /// When it was declined.
    #[serde(skip_serializing_if = "Option::is_none")]
    declined_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "not_enough_proof")]
    reason: Option<kinlink_domain::claim::Decline>,
}

#[derive(Debug, Serialize, ToSchema)]
struct AskView {
    at: DateTime<Utc>,
    #[schema(value_type = Object)]
    by: kinlink_domain::actor::Actor,
    #[schema(value_type = Vec<String>, example = json!(["photo_id"]))]
    missing: Vec<Missing>,
    /// Whether a contact on record was told.
    told: bool,
}

impl From<&Ask> for AskView {
    fn from(ask: &Ask) -> Self {
        Self { at: ask.at, by: ask.by, missing: ask.missing.clone(), told: ask.told }
    }
}

impl ReviewView {
    fn new(review: &Review) -> Self {
        let (declined_at, reason) = match review.state {
            ReviewState::Declined { at, reason, .. } => (Some(at), Some(reason)),
            ReviewState::Open
            | ReviewState::Seconding { .. }
            | ReviewState::Approved { .. }
            | ReviewState::Moot => (None, None),
        };
        Self {
            id: review.id.to_string(),
            organization: review.organization.to_string(),
            kind: ReviewKind::Claim,
            status: review.status(),
            reasons: review.reasons.clone(),
            opened_at: review.opened_at,
            claim: review.claim.to_string(),
            asks: review.asks.iter().map(Into::into).collect(),
            declined_at,
            reason,
        }
    }
}

/// Finds a review at one of the organizations whose reviews the caller decides. One at another organization is not
/// found, as if it did not exist.
pub(crate) async fn find(
    unit: &mut dyn UnitOfWork,
    staff: &StaffCaller,
    id: ReviewId,
) -> Result<(Authorized, Organization, Review), Problem> {
    for by in staff.wherever(StaffAct::DecideReviews)? {
        if let Some(review) = unit.review(by.organization(), id).await? {
            let organization = unit.organization(by.organization()).await?;
            let organization = organization.ok_or_else(|| Problem::new(ProblemType::Internal))?;
            return Ok((by, organization, review));
        }
    }
    Err(Problem::new(ProblemType::NotFound))
}

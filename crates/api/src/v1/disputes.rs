//! Disputes: a contact on record says "this was not me", and staff decide what follows.

pub(crate) mod dismiss;
pub(crate) mod list;
pub(crate) mod open;
pub(crate) mod read;
pub(crate) mod uphold;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use chrono::{DateTime, Utc};
use kinlink_domain::{
    actor::{Authorized, StaffAct},
    dispute::{Dispute, DisputeState, DisputeStatus},
    id::DisputeId,
    link::{Reinstatement, Revocation},
    service::dispute::{self, Verdict},
    store::UnitOfWork,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    extract::{StaffCaller, path_id},
    idempotency::Once,
    problem::{Problem, ProblemType},
    state::State,
};

/// A dispute, as staff see it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DisputeView {
    #[schema(example = "dsp_0197f2f31c2a7d0c8e6f2b7f5a1d9c33")]
    id: String,
    organization: String,
    /// The link that it is about.
    #[schema(example = "lnk_0197f2f31c2a7d0c8e6f2b7f5a1d9c22")]
    link: String,
    /// If the link was absorbed when records were merged: the one that stands for it, which the decision is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "lnk_0197f2f31c2a7d0c8e6f2b7f5a1d9c44")]
    standing_link: Option<String>,
    account: String,
    opened_at: DateTime<Utc>,
    /// `open`, `upheld` or `dismissed`.
    #[schema(value_type = String, example = "open")]
    status: DisputeStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_at: Option<DateTime<Utc>>,
    /// Why the link was ended, or opened again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "fraud")]
    reason: Option<Reason>,
}

/// Why a dispute was decided as it was.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Reason {
    Upheld(Revocation),
    Dismissed(Reinstatement),
}

impl DisputeView {
    async fn load(unit: &mut dyn UnitOfWork, dispute: &Dispute) -> Result<Self, Problem> {
        let standing = match dispute.state {
            DisputeState::Open => unit.standing_link(dispute.link).await?,
            DisputeState::Upheld { .. } | DisputeState::Dismissed { .. } => None,
        };
        let standing = standing.map(|link| link.id).filter(|id| *id != dispute.link);
        let (decided_at, reason) = match dispute.state {
            DisputeState::Open => (None, None),
            DisputeState::Upheld { at, reason, .. } => (Some(at), Some(Reason::Upheld(reason))),
            DisputeState::Dismissed { at, reason, .. } => (Some(at), Some(Reason::Dismissed(reason))),
        };
        Ok(Self {
            id: dispute.id.to_string(),
            organization: dispute.organization.to_string(),
            link: dispute.link.to_string(),
            standing_link: standing.map(|id| id.to_string()),
            account: dispute.account.to_string(),
            opened_at: dispute.opened_at,
            status: dispute.status(),
            decided_at,
            reason,
        })
    }
}

/// Decides a dispute, and answers with it.
async fn decide(
    request: &HttpRequest,
    state: &State,
    staff: &StaffCaller,
    body: &[u8],
    verdict: Verdict,
) -> Result<HttpResponse, Problem> {
    let id = path_id(request)?;
    let once = Once::new(request, state, staff.account(), body)?;
    let mut unit = state.store.begin().await?;
    let (by, _) = find(&mut *unit, staff, id).await?;
    if let Some(answer) = once.answered(&mut *unit, state).await? {
        return Ok(answer);
    }
    let decided = dispute::decide(&mut *unit, &state.ports, by, id, verdict).await?;
    let answer = DisputeView::load(&mut *unit, &decided).await?;
    once.save_answer(unit, StatusCode::OK, &answer).await
}

/// Finds a dispute at one of the organizations whose disputes the caller decides. One at another organization
/// is not found, as if it did not exist.
pub(crate) async fn find(
    unit: &mut dyn UnitOfWork,
    staff: &StaffCaller,
    id: DisputeId,
) -> Result<(Authorized, Dispute), Problem> {
    for by in staff.wherever(StaffAct::ReviewLinks)? {
        if let Some(dispute) = unit.dispute(by.organization(), id).await? {
            return Ok((by, dispute));
        }
    }
    Err(Problem::new(ProblemType::NotFound))
}

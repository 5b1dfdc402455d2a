use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use kinlink_domain::{
    actor::StaffAct,
    service::undo_ending::{Undone, undo as undo_ending},
    step_up::SteppedAct,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{EndingView, find};
use crate::{
    extract::{StaffCaller, path_id},
    idempotency::Once,
    problem::{Problem, Refusals},
    state::State,
};

#[derive(Serialize, ToSchema)]
pub(crate) struct UndoneAnswer {
    ending: EndingView,
    /// Links that are open again.
    links: u64,
    /// Invitations that can be redeemed again.
    invitations: u64,
    /// What stays closed: changed since, replaced by another link since, or a claim.
    left: u64,
}

impl From<&Undone> for UndoneAnswer {
    fn from(undone: &Undone) -> Self {
        let Undone { ending, links, invitations, left } = undone;
        Self { ending: ending.into(), links: *links, invitations: *invitations, left: *left }
    }
}

/// Undo an ending: exactly what it closed opens again, but for what somebody changed since. Staff with the role
/// `reviewer` or `admin`, another person than the one who ended, within the time that the policy gives.
#[utoipa::path(post, path = "/v1/endings/{id}/undo", tag = "endings", security(("staff" = [])),
    params(("id" = String, Path, description = "The ending"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key again gives the same answer")),
    responses(
        (status = 200, description = "Undone", body = UndoneAnswer),
        Refusals,
    ))]
pub(crate) async fn undo(
    request: HttpRequest,
    state: Data<State>,
    staff: StaffCaller,
) -> Result<HttpResponse, Problem> {
    let id = path_id(&request)?;
    let once = Once::new(&request, &state, staff.account(), &[])?;
    let mut unit = state.store.begin().await?;
    // Whoever may lift a suspension may open what was closed.
    let (by, _) = find(&mut *unit, &staff, StaffAct::ReviewLinks, id).await?;
    if let Some(answer) = once.answered(&mut *unit, &state).await? {
        return Ok(answer);
    }
    let act = SteppedAct::LinkRevokeByStaff;
    staff.login.stepped_up_at(&mut *unit, &state, by.organization(), act).await?;
    let undone = undo_ending(&mut *unit, &state.ports, by, id).await?;
    once.save_answer(unit, StatusCode::OK, &UndoneAnswer::from(&undone)).await
}

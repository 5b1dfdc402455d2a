use actix_web::{HttpRequest, HttpResponse, web::Data};
use kinlink_domain::{
    audit::Action, dispute::Dispute, id::DisputeId, service::dispute::subject, store::UnitOfWork,
};

use super::{DisputeView, find};
use crate::{
    extract::{StaffCaller, path_id},
    problem::{Problem, Refusals},
    state::State,
};

/// Read a dispute. Staff with the role `reviewer` or `admin`.
#[utoipa::path(get, path = "/v1/disputes/{id}", tag = "disputes", security(("staff" = [])),
    params(("id" = String, Path, description = "The dispute")),
    responses(
        (status = 200, description = "The dispute", body = DisputeView),
        Refusals,
    ))]
pub(crate) async fn read(
    request: HttpRequest,
    state: Data<State>,
    staff: StaffCaller,
) -> Result<HttpResponse, Problem> {
    let id = path_id(&request)?;
    let mut unit = state.store.begin().await?;
    let dispute = see(&state, &mut *unit, &staff, id).await?;
    let answer = DisputeView::load(&mut *unit, &dispute).await?;
    unit.save().await?;
    Ok(HttpResponse::Ok().json(answer))
}

/// A dispute as the caller may see it; that it was read is put on record.
pub(crate) async fn see(
    state: &State,
    unit: &mut dyn UnitOfWork,
    staff: &StaffCaller,
    id: DisputeId,
) -> Result<Dispute, Problem> {
    let (by, dispute) = find(unit, staff, id).await?;
    let detail = serde_json::json!({"dispute": id});
    let action = Action::DisputeRead;
    unit.record(state.ports.audit(by.organization(), by.actor(), action, subject(&dispute), detail));
    Ok(dispute)
}

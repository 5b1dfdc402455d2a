use actix_web::{HttpRequest, HttpResponse, web::Data};
use kinlink_domain::{
    actor::{Authorized, StaffAct},
    audit::{Action, Subject},
    ending::Ending,
    id::EndingId,
    store::UnitOfWork,
};

use super::{EndingView, find};
use crate::{
    extract::{StaffCaller, path_id},
    problem::{Problem, Refusals},
    state::State,
};

/// Read an ending. Staff with the role `registrar`, `reviewer` or `admin`.
#[utoipa::path(get, path = "/v1/endings/{id}", tag = "endings", security(("staff" = [])),
    params(("id" = String, Path, description = "The ending")),
    responses(
        (status = 200, description = "The ending", body = EndingView),
        Refusals,
    ))]
pub(crate) async fn read(
    request: HttpRequest,
    state: Data<State>,
    staff: StaffCaller,
) -> Result<HttpResponse, Problem> {
    let id = path_id(&request)?;
    let mut unit = state.store.begin().await?;
    let (_, ending) = see(&state, &mut *unit, &staff, id).await?;
    unit.save().await?;
    Ok(HttpResponse::Ok().json(EndingView::from(&ending)))
}

/// An ending as the caller may see it; that it was read is put on record.
pub(crate) async fn see(
    state: &State,
    unit: &mut dyn UnitOfWork,
    staff: &StaffCaller,
    id: EndingId,
) -> Result<(Authorized, Ending), Problem> {
    let (by, ending) = find(unit, staff, StaffAct::EndLinks, id).await?;
    let detail = serde_json::json!({"ending": id});
    let (action, subject) = (Action::EndingRead, Subject::default());
    unit.record(state.ports.audit(by.organization(), by.actor(), action, subject, detail));
    Ok((by, ending))
}

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use kinlink_domain::{
    actor::StaffAct,
    ending::UndoRefusal,
    id::EndingId,
    service::undo_ending::{UndoError, undo as undo_ending},
    step_up::SteppedAct,
};
use serde::Deserialize;

use super::read::show_again;
use crate::{
    extract::path_id,
    pages::{complaint::Complaints, form::Form, frame::see_other, refusal::Refusal, visitor::Staff},
    state::State,
    v1::endings::find,
};

#[derive(Deserialize)]
pub(in crate::pages) struct UndoForm {}

/// A second person undoes an ending.
pub(in crate::pages) async fn undo(
    request: HttpRequest,
    state: Data<State>,
    staff: Staff,
    Form(UndoForm {}): Form<UndoForm>,
) -> Result<HttpResponse, Refusal> {
    let id: EndingId = path_id(&request)?;
    let mut unit = state.store.begin().await?;
    let (by, _) = find(&mut *unit, &staff.caller, StaffAct::ReviewLinks, id).await?;
    let act = SteppedAct::LinkRevokeByStaff;
    let stepped = staff.caller.login.stepped_up_at(&mut *unit, &state, by.organization(), act).await;
    stepped.map_err(|problem| Refusal::stepping_up(problem, &format!("/staff/endings/{id}")))?;
    match undo_ending(&mut *unit, &state.ports, by, id).await {
        Ok(_) => {
            unit.save().await?;
            Ok(see_other(&format!("/staff/endings/{id}?said=undone")))
        }
        Err(UndoError::Refused(refusal)) => {
            drop(unit);
            let why = match refusal {
                UndoRefusal::AlreadyUndone => "It was undone before",
                UndoRefusal::TooLate => "It is too late to undo it. Invite the people again",
                UndoRefusal::SamePerson => "Another person than the one who ended it has to undo it",
            };
            let complaints = Complaints::one("undo", why);
            show_again(&state, &staff, id, None, StatusCode::CONFLICT, complaints).await
        }
        Err(error) => Err(error.into()),
    }
}

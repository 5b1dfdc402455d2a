use actix_web::{HttpRequest, HttpResponse, web::Data};
use kinlink_domain::{
    actor::{Actor, StaffAct},
    id::LinkId,
    link::Suspension,
    service::suspend_link,
};
use serde::Deserialize;

use super::read::show_again;
use crate::{
    extract::path_id,
    pages::{
        complaint::Complaints,
        form::Form,
        frame::see_other,
        refusal::Refusal,
        visitor::Staff,
        words::{self, Reasons},
    },
    state::State,
    v1::links::suspend::reviewer_of,
};

#[derive(Deserialize)]
pub(in crate::pages) struct SuspendForm {
    #[serde(default)]
    reason: String,
}

/// The reasons that staff may give.
pub(super) fn reasons(staff: &Staff) -> Reasons {
    let actor = Actor::Staff(staff.visitor.account());
    let allowed = Suspension::ALL.into_iter().filter(|reason| reason.allowed_to(actor));
    allowed.map(|reason| (words::word(reason), words::suspension(reason))).collect()
}

/// Staff suspend a link.
pub(in crate::pages) async fn suspend(
    request: HttpRequest,
    state: Data<State>,
    staff: Staff,
    Form(form): Form<SuspendForm>,
) -> Result<HttpResponse, Refusal> {
    let id: LinkId = path_id(&request)?;
    staff.caller.wherever(StaffAct::ReviewLinks)?;
    let actor = Actor::Staff(staff.visitor.account());
    let allowed = Suspension::ALL.into_iter().filter(|reason| reason.allowed_to(actor));
    let Some(reason) = allowed.into_iter().find(|reason| words::word(*reason) == form.reason) else {
        let complaints = Complaints::one("suspend", "Choose why the link is suspended");
        return show_again(&state, &staff, id, None, complaints).await;
    };
    let mut unit = state.store.begin().await?;
    let by = reviewer_of(&mut *unit, &staff.caller, id).await?;
    suspend_link::suspend(&mut *unit, &state.ports, by, id, reason).await?;
    unit.save().await?;
    Ok(see_other(&format!("/staff/links/{id}?said=suspended")))
}

use actix_web::{HttpRequest, HttpResponse, web::Data};
use kinlink_domain::{
    actor::{Actor, StaffAct},
    id::LinkId,
    link::Suspension,
    service::suspend_link,
};

use super::read::show_again;
use crate::{
    extract::path_id,
    pages::{
        complaint::Complaints,
        form::{Form, Why},
        frame::see_other,
        refusal::Refusal,
        visitor::Staff,
        words::{self, Reasons},
    },
    state::State,
    v1::links::suspend::reviewer_of,
};

/// The reasons that staff may give.
fn allowed(staff: &Staff) -> impl Iterator<Item = Suspension> {
    let actor = Actor::Staff(staff.visitor.account());
    Suspension::ALL.into_iter().filter(move |reason| reason.allowed_to(actor))
}

pub(super) fn reasons(staff: &Staff) -> Reasons {
    words::reasons(allowed(staff), words::suspension)
}

/// Staff suspend a link.
pub(in crate::pages) async fn suspend(
    request: HttpRequest,
    state: Data<State>,
    staff: Staff,
    Form(why): Form<Why>,
) -> Result<HttpResponse, Refusal> {
    let id: LinkId = path_id(&request)?;
    staff.caller.wherever(StaffAct::ReviewLinks)?;
    let Some(reason) = words::chosen(&why.reason, allowed(&staff)) else {
        let complaints = Complaints::one("suspend", "Choose why the link is suspended");
        return show_again(&state, &staff, id, None, complaints).await;
    };
    let mut unit = state.store.begin().await?;
    let by = reviewer_of(&mut *unit, &staff.caller, id).await?;
    suspend_link::suspend(&mut *unit, &state.ports, by, id, reason).await?;
    unit.save().await?;
    Ok(see_other(&format!("/staff/links/{id}?said=suspended")))
}

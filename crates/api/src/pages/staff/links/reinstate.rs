use actix_web::{HttpRequest, HttpResponse, web::Data};
use kinlink_domain::{
    actor::StaffAct,
    id::LinkId,
    link::{LinkState, Reinstatement},
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

/// Why a suspension can be lifted, or a dispute dismissed.
pub(in crate::pages::staff) const REASONS: [Reinstatement; 4] = [
    Reinstatement::PatientConfirmed,
    Reinstatement::ContactOutdated,
    Reinstatement::Unfounded,
    Reinstatement::StaffError,
];

pub(in crate::pages::staff) fn reasons() -> Reasons {
    words::reasons(REASONS, words::reinstatement)
}

/// Staff lift a suspension.
pub(in crate::pages) async fn reinstate(
    request: HttpRequest,
    state: Data<State>,
    staff: Staff,
    Form(why): Form<Why>,
) -> Result<HttpResponse, Refusal> {
    let id: LinkId = path_id(&request)?;
    staff.caller.wherever(StaffAct::ReviewLinks)?;
    let Some(reason) = words::chosen(&why.reason, REASONS) else {
        let complaints = Complaints::one("reinstate", "Choose why the suspension is lifted");
        return show_again(&state, &staff, id, None, complaints).await;
    };
    let mut unit = state.store.begin().await?;
    let by = reviewer_of(&mut *unit, &staff.caller, id).await?;
    let link = suspend_link::reinstate(&mut *unit, &state.ports, by, id, reason).await?;
    unit.save().await?;
    let said = if link.state == LinkState::Active { "reinstated" } else { "lifted" };
    Ok(see_other(&format!("/staff/links/{id}?said={said}")))
}

use actix_web::{HttpRequest, HttpResponse, web::Data};
use kinlink_domain::{actor::Actor, id::DisputeId, link::Revocation, service::dispute};
use serde::Deserialize;

use super::read::show_again;
use crate::{
    extract::path_id,
    pages::{
        complaint::Complaints, form::Form, frame::see_other, refusal::Refusal,
        staff::links::reinstate::REASONS, visitor::Staff, words,
    },
    state::State,
    v1::disputes::find,
};

#[derive(Deserialize)]
pub(in crate::pages) struct DecideForm {
    #[serde(default)]
    reason: String,
}

/// Staff find the dispute right: the link ends.
pub(in crate::pages) async fn uphold(
    request: HttpRequest,
    state: Data<State>,
    staff: Staff,
    Form(form): Form<DecideForm>,
) -> Result<HttpResponse, Refusal> {
    let id: DisputeId = path_id(&request)?;
    let actor = Actor::Staff(staff.visitor.account());
    let mut allowed = Revocation::ALL.into_iter().filter(|reason| reason.allowed_to(actor));
    let Some(reason) = allowed.find(|reason| words::word(*reason) == form.reason) else {
        let complaints = Complaints::one("uphold", "Choose why the link is ended");
        return show_again(&state, &staff, id, None, complaints).await;
    };
    let mut unit = state.store.begin().await?;
    let (by, _) = find(&mut *unit, &staff.caller, id).await?;
    dispute::uphold(&mut *unit, &state.ports, by, id, reason).await?;
    unit.save().await?;
    Ok(see_other(&format!("/staff/disputes/{id}?said=upheld")))
}

/// Staff find the dispute wrong: the link opens the record again.
pub(in crate::pages) async fn dismiss(
    request: HttpRequest,
    state: Data<State>,
    staff: Staff,
    Form(form): Form<DecideForm>,
) -> Result<HttpResponse, Refusal> {
    let id: DisputeId = path_id(&request)?;
    let Some(reason) = REASONS.into_iter().find(|reason| words::word(*reason) == form.reason) else {
        let complaints = Complaints::one("dismiss", "Choose why the link opens again");
        return show_again(&state, &staff, id, None, complaints).await;
    };
    let mut unit = state.store.begin().await?;
    let (by, _) = find(&mut *unit, &staff.caller, id).await?;
    dispute::dismiss(&mut *unit, &state.ports, by, id, reason).await?;
    unit.save().await?;
    Ok(see_other(&format!("/staff/disputes/{id}?said=dismissed")))
}

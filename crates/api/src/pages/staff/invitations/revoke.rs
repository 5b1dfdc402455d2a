use actix_web::{HttpRequest, HttpResponse, web::Data};
use kinlink_domain::{id::InvitationId, invitation::InvitationRevocation, service::revoke_invitation};
use serde::Deserialize;

use super::read::show_again;
use crate::{
    extract::path_id,
    pages::{complaint::Complaints, form::Form, frame::see_other, refusal::Refusal, visitor::Staff},
    state::State,
    v1::invitations::{find, revoke::check_reason},
};

/// Reasons that staff may give, with the words that the form sends.
pub(super) const REASONS: [(&str, InvitationRevocation); 4] = [
    ("lost", InvitationRevocation::Lost),
    ("wrong_person", InvitationRevocation::WrongPerson),
    ("patient_request", InvitationRevocation::PatientRequest),
    ("not_needed", InvitationRevocation::NotNeeded),
];

#[derive(Deserialize)]
pub(in crate::pages) struct RevokeForm {
    #[serde(default)]
    reason: String,
}

/// Staff take an invitation back.
pub(in crate::pages) async fn revoke(
    request: HttpRequest,
    state: Data<State>,
    staff: Staff,
    Form(form): Form<RevokeForm>,
) -> Result<HttpResponse, Refusal> {
    let id: InvitationId = path_id(&request)?;
    let Some((_, reason)) = REASONS.into_iter().find(|(word, _)| *word == form.reason) else {
        let complaints = Complaints::one("reason", "Choose why it is revoked");
        return show_again(&state, &staff, id, None, complaints).await;
    };
    check_reason(reason)?;
    let mut unit = state.store.begin().await?;
    let (by, _) = find(&mut *unit, &staff.caller, id).await?;
    revoke_invitation::revoke(&mut *unit, &state.ports, by, id, reason).await?;
    unit.save().await?;
    Ok(see_other(&format!("/staff/invitations/{id}?said=revoked")))
}

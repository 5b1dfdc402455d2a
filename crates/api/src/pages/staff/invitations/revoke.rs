use actix_web::{HttpRequest, HttpResponse, web::Data};
use kinlink_domain::{id::InvitationId, invitation::InvitationRevocation, service::revoke_invitation};

use super::read::show_again;
use crate::{
    extract::path_id,
    pages::{
        complaint::Complaints,
        form::{Form, Why},
        frame::see_other,
        refusal::Refusal,
        visitor::Staff,
        words,
    },
    state::State,
    v1::invitations::{find, revoke::check_reason},
};

/// Reasons that staff may give.
pub(super) const REASONS: [InvitationRevocation; 4] = [
    InvitationRevocation::Lost,
    InvitationRevocation::WrongPerson,
    InvitationRevocation::PatientRequest,
    InvitationRevocation::NotNeeded,
];

/// Staff take an invitation back.
pub(in crate::pages) async fn revoke(
    request: HttpRequest,
    state: Data<State>,
    staff: Staff,
    Form(why): Form<Why>,
) -> Result<HttpResponse, Refusal> {
    let id: InvitationId = path_id(&request)?;
    let Some(reason) = words::chosen(&why.reason, REASONS) else {
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

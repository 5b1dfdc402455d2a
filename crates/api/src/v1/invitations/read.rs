use actix_web::{HttpRequest, HttpResponse, web::Data};
use kinlink_domain::{
    actor::Authorized,
    audit::{Action, Subject},
    id::InvitationId,
    invitation::Invitation,
    store::UnitOfWork,
};

use super::{super::view::InvitationView, find};
use crate::{
    extract::{StaffCaller, path_id},
    problem::{Problem, Refusals},
    state::State,
};

/// Read an invitation. Staff with the role `registrar` or `admin`.
#[utoipa::path(get, path = "/v1/invitations/{id}", tag = "invitations", security(("staff" = [])),
    params(("id" = String, Path, description = "The invitation")),
    responses(
        (status = 200, description = "The invitation, without its code", body = InvitationView),
        Refusals,
    ))]
pub(crate) async fn read(
    request: HttpRequest,
    state: Data<State>,
    staff: StaffCaller,
) -> Result<HttpResponse, Problem> {
    let id = path_id(&request)?;
    let mut unit = state.store.begin().await?;
    let (_, invitation) = load(&state, &mut *unit, &staff, id).await?;
    unit.save().await?;
    Ok(HttpResponse::Ok().json(InvitationView::new(&invitation, state.ports.clock.now())))
}

/// An invitation at one of the caller's organizations; that it was read is put on record.
pub(crate) async fn load(
    state: &State,
    unit: &mut dyn UnitOfWork,
    staff: &StaffCaller,
    id: InvitationId,
) -> Result<(Authorized, Invitation), Problem> {
    let (by, invitation) = find(unit, staff, id).await?;
    let subject = Subject { invitation: Some(id), patient: Some(invitation.patient), ..Subject::default() };
    let detail = serde_json::json!({});
    unit.record(state.ports.audit(by.organization(), by.actor(), Action::InvitationRead, subject, detail));
    Ok((by, invitation))
}

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use kinlink_domain::{invitation::InvitationRevocation, service::revoke_invitation};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::{super::view::InvitationView, find};
use crate::{
    extract::{JsonBody, StaffCaller, path_id},
    idempotency::Once,
    problem::{Problem, ProblemType, Refusals},
    state::State,
};

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RevokeBody {
    /// `wrong_person`, `lost`, `patient_request` or `not_needed`.
    #[schema(value_type = String, example = "lost")]
    reason: InvitationRevocation,
}

/// Take an invitation back. Staff with the role `registrar` or `admin`.
#[utoipa::path(post, path = "/v1/invitations/{id}/revoke", tag = "invitations", security(("staff" = [])),
    params(("id" = String, Path, description = "The invitation"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key and body again give the same answer")),
    request_body = RevokeBody,
    responses(
        (status = 200, description = "Revoked", body = InvitationView),
        Refusals,
    ))]
pub(crate) async fn revoke(
    request: HttpRequest,
    state: Data<State>,
    staff: StaffCaller,
    body: JsonBody<RevokeBody>,
) -> Result<HttpResponse, Problem> {
    let id = path_id(&request)?;
    check_reason(body.value.reason)?;
    let once = Once::new(&request, &state, staff.account(), &body.bytes)?;
    let mut unit = state.store.begin().await?;
    let (by, _) = find(&mut *unit, &staff, id).await?;
    if let Some(answer) = once.answered(&mut *unit, &state).await? {
        return Ok(answer);
    }
    let revoked = revoke_invitation::revoke(&mut *unit, &state.ports, by, id, body.value.reason).await?;
    let answer = InvitationView::new(&revoked, state.ports.clock.now());
    once.save_answer(unit, StatusCode::OK, &answer).await
}

/// Two reasons are Kinlink's own to give.
pub(crate) fn check_reason(reason: InvitationRevocation) -> Result<(), Problem> {
    let instead = match reason {
        InvitationRevocation::Reissued => "reissue it instead",
        InvitationRevocation::AccessEnded => "end every access to the record instead",
        InvitationRevocation::WrongPerson
        | InvitationRevocation::Lost
        | InvitationRevocation::PatientRequest
        | InvitationRevocation::NotNeeded => return Ok(()),
    };
    Err(Problem::new(ProblemType::InvalidMember).at("/reason", instead))
}

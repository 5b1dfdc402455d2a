use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use kinlink_domain::{
    invitation::Channel,
    service::issue_invitation::{self, Reissue},
};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::{EmailBody, IssuedAnswer, email_target, find};
use crate::{
    extract::{JsonBody, StaffCaller, path_id},
    idempotency::Once,
    problem::{Problem, ProblemType, Refusals},
    state::State,
};

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReissueBody {
    /// The way the new code takes; the same as the last unless said.
    #[schema(value_type = Option<String>, example = "post")]
    channel: Option<Channel>,
    /// Where an emailed code goes.
    #[validate(nested)]
    email: Option<EmailBody>,
    /// Kinlink sends the letter or the text message, rather than staff.
    #[serde(default)]
    send: bool,
}

/// Issue an invitation anew: a new code, and the end of the old one. What staff saw for the first still
/// counts. Staff with the role `registrar` or `admin`.
#[utoipa::path(post, path = "/v1/invitations/{id}/reissue", tag = "invitations", security(("staff" = [])),
    params(("id" = String, Path, description = "The invitation"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key and body again give the same answer")),
    request_body = ReissueBody,
    responses(
        (status = 201, description = "Issued anew", body = IssuedAnswer),
        Refusals,
    ))]
pub(crate) async fn reissue(
    request: HttpRequest,
    state: Data<State>,
    staff: StaffCaller,
    body: JsonBody<ReissueBody>,
) -> Result<HttpResponse, Problem> {
    let id = path_id(&request)?;
    let once = Once::new(&request, &state, staff.account(), &body.bytes)?;
    let mut unit = state.store.begin().await?;
    let (by, _) = find(&mut *unit, &staff, id).await?;
    if let Some(answer) = once.answered(&mut *unit, &state).await? {
        return Ok(answer);
    }
    let organization = unit.organization(by.organization()).await?;
    let organization = organization.ok_or_else(|| Problem::new(ProblemType::NotFound))?;
    let ReissueBody { channel, email, send } = body.value;
    let anew = Reissue { channel, email: email_target(email), send };
    let issued = issue_invitation::reissue(&mut *unit, &state.ports, &organization, by, id, anew).await?;
    let answer = IssuedAnswer::new(&issued, &state)?;
    once.save_answer(unit, StatusCode::CREATED, &answer).await
}

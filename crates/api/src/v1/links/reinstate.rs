use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use kinlink_domain::{link::Reinstatement, service::suspend_link};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::{super::view::LinkView, suspend::reviewer_of};
use crate::{
    extract::{JsonBody, StaffCaller, path_id},
    idempotency::Once,
    problem::{Problem, Refusals},
    state::State,
};

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReinstateLinkBody {
    /// `patient_confirmed`, `contact_outdated`, `unfounded` or `staff_error`.
    #[schema(value_type = String, example = "unfounded")]
    reason: Reinstatement,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ReinstatedAnswer {
    link: LinkView,
}

/// Lift a link's suspension. Staff with the role `reviewer` or `admin`. While a dispute about the link is
/// open, it is lifted by dismissing that. A proxy's link whose grantor is in doubt stays suspended for that reason
/// until the doubt is gone, or staff lift it too.
#[utoipa::path(post, path = "/v1/links/{id}/reinstate", tag = "links", security(("staff" = [])),
    params(("id" = String, Path, description = "The link"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key and body again give the same answer")),
    request_body = ReinstateLinkBody,
    responses(
        (status = 200, description = "Lifted", body = ReinstatedAnswer),
        Refusals,
    ))]
pub(crate) async fn reinstate(
    request: HttpRequest,
    state: Data<State>,
    staff: StaffCaller,
    body: JsonBody<ReinstateLinkBody>,
) -> Result<HttpResponse, Problem> {
    let id = path_id(&request)?;
    let once = Once::new(&request, &state, staff.account(), &body.bytes)?;
    let mut unit = state.store.begin().await?;
    let by = reviewer_of(&mut *unit, &staff, id).await?;
    if let Some(answer) = once.answered(&mut *unit, &state).await? {
        return Ok(answer);
    }
    let link = suspend_link::reinstate(&mut *unit, &state.ports, by, id, body.value.reason).await?;
    let answer = ReinstatedAnswer { link: LinkView::load(&mut *unit, &link, state.ports.clock.now()).await? };
    once.save_answer(unit, StatusCode::OK, &answer).await
}

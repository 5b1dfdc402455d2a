use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use kinlink_domain::{
    actor::{Authorized, StaffAct},
    id::LinkId,
    link::Suspension,
    service::suspend_link,
    store::UnitOfWork,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::super::view::LinkView;
use crate::{
    extract::{JsonBody, StaffCaller, path_id},
    idempotency::Once,
    problem::{Problem, ProblemType, Refusals},
    state::State,
};

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SuspendLinkBody {
    /// `patient_request`, `fraud`, `safety` or `review`.
    #[schema(value_type = String, example = "fraud")]
    reason: Suspension,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct SuspendedAnswer {
    link: LinkView,
}

/// Suspend a link: it opens nothing until the suspension is lifted. Staff with the role `reviewer` or
/// `admin`. Lookups change at once; the account is told that it is suspended, and not why.
#[utoipa::path(post, path = "/v1/links/{id}/suspend", tag = "links", security(("staff" = [])),
    params(("id" = String, Path, description = "The link"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key and body again give the same answer")),
    request_body = SuspendLinkBody,
    responses(
        (status = 200, description = "Suspended", body = SuspendedAnswer),
        Refusals,
    ))]
pub(crate) async fn suspend(
    request: HttpRequest,
    state: Data<State>,
    staff: StaffCaller,
    body: JsonBody<SuspendLinkBody>,
) -> Result<HttpResponse, Problem> {
    let id = path_id(&request)?;
    let once = Once::new(&request, &state, staff.account(), &body.bytes)?;
    let mut unit = state.store.begin().await?;
    let by = reviewer_of(&mut *unit, &staff, id).await?;
    if let Some(answer) = once.answered(&mut *unit, &state).await? {
        return Ok(answer);
    }
    let link = suspend_link::suspend(&mut *unit, &state.ports, by, id, body.value.reason).await?;
    let answer = SuspendedAnswer { link: LinkView::load(&mut *unit, &link, state.ports.clock.now()).await? };
    once.save_answer(unit, StatusCode::OK, &answer).await
}

/// The caller, acting at the organization of a link that they may suspend. A link of another organization is
/// not found, as if it did not exist.
pub(crate) async fn reviewer_of(
    unit: &mut dyn UnitOfWork,
    staff: &StaffCaller,
    id: LinkId,
) -> Result<Authorized, Problem> {
    let reviewed = staff.wherever(StaffAct::ReviewLinks)?;
    let link = unit.link(id).await?.ok_or_else(|| Problem::new(ProblemType::NotFound))?;
    let by = reviewed.into_iter().find(|by| by.organization() == link.organization);
    by.ok_or_else(|| Problem::new(ProblemType::NotFound))
}

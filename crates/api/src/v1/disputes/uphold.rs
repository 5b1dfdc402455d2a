use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use kinlink_domain::{link::Revocation, service::dispute};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::{DisputeView, find};
use crate::{
    extract::{JsonBody, StaffCaller, path_id},
    idempotency::Once,
    problem::{Problem, Refusals},
    state::State,
};

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpholdBody {
    /// `wrong_person`, `patient_request`, `fraud`, `court_order`, `safety` or `staff_error`.
    #[schema(value_type = String, example = "fraud")]
    reason: Revocation,
}

/// Find a dispute right: its link is ended. Staff with the role `reviewer` or `admin`.
#[utoipa::path(post, path = "/v1/disputes/{id}/uphold", tag = "disputes", security(("staff" = [])),
    params(("id" = String, Path, description = "The dispute"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key and body again give the same answer")),
    request_body = UpholdBody,
    responses(
        (status = 200, description = "Upheld", body = DisputeView),
        Refusals,
    ))]
pub(crate) async fn uphold(
    request: HttpRequest,
    state: Data<State>,
    staff: StaffCaller,
    body: JsonBody<UpholdBody>,
) -> Result<HttpResponse, Problem> {
    let id = path_id(&request)?;
    let once = Once::new(&request, &state, staff.account(), &body.bytes)?;
    let mut unit = state.store.begin().await?;
    let (by, _) = find(&mut *unit, &staff, id).await?;
    if let Some(answer) = once.answered(&mut *unit, &state).await? {
        return Ok(answer);
    }
    let decided = dispute::uphold(&mut *unit, &state.ports, by, id, body.value.reason).await?;
    once.save_answer(unit, StatusCode::OK, &DisputeView::from(&decided)).await
}

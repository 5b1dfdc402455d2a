use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use kinlink_domain::{claim::Decline, service::decide_review::decline as decline_review};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::{ReviewView, approve::count_decided, find};
use crate::{
    extract::{JsonBody, StaffCaller, path_id},
    idempotency::Once,
    problem::{Problem, Refusals},
    state::State,
};

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeclineBody {
    /// `not_the_same_person`, `not_enough_proof`, `fraud` or `linked_otherwise`.
    #[schema(value_type = String, example = "not_the_same_person")]
    reason: Decline,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct DeclineAnswer {
    review: ReviewView,
}

/// Decline. The claimant sees no difference. Staff with the role `reviewer` or `admin`.
#[utoipa::path(post, path = "/v1/reviews/{id}/decline", tag = "reviews", security(("staff" = [])),
    params(("id" = String, Path, description = "The review"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key and body again give the same answer")),
    request_body = DeclineBody,
    responses(
        (status = 200, description = "Declined", body = DeclineAnswer),
        Refusals,
    ))]
pub(crate) async fn decline(
    request: HttpRequest,
    state: Data<State>,
    staff: StaffCaller,
    body: JsonBody<DeclineBody>,
) -> Result<HttpResponse, Problem> {
    let id = path_id(&request)?;
    let JsonBody { value, bytes } = body;
    let once = Once::new(&request, &state, staff.account(), &bytes)?;
    let mut unit = state.store.begin().await?;
    let (by, organization, _) = find(&mut *unit, &staff, id).await?;
    if let Some(answer) = once.answered(&mut *unit, &state).await? {
        return Ok(answer);
    }
    let review = decline_review(&mut *unit, &state.ports, &organization, by, id, value.reason).await?;
    let answer = DeclineAnswer { review: ReviewView::new(&review) };
    let response = once.save_answer(unit, StatusCode::OK, &answer).await?;
    count_decided("decline");
    Ok(response)
}

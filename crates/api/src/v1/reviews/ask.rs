use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use kinlink_domain::{review::Missing, service::decide_review::ask as ask_for_more};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::{ReviewView, approve::candidate, find};
use crate::{
    extract::{JsonBody, StaffCaller, path_id},
    idempotency::Once,
    problem::{Problem, Refusals},
    state::State,
};

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskBody {
    /// What is missing: `photo_id`, `name_change`, `address` or `contact`.
    #[validate(length(min = 1, max = 4, message = "1 to 4"))]
    #[schema(value_type = Vec<String>, example = json!(["photo_id"]))]
    missing: Vec<Missing>,
    /// The FHIR id of the candidate whose contact on record is told; nobody is, if it is left out.
    #[schema(example = "n-002")]
    patient: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct AskAnswer {
    review: ReviewView,
}

/// Ask for more before deciding. Only a contact on record is told, and only if you name the record; the claimant
/// sees no difference. Staff with the role `reviewer` or `admin`.
#[utoipa::path(post, path = "/v1/reviews/{id}/ask", tag = "reviews", security(("staff" = [])),
    params(("id" = String, Path, description = "The review"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key and body again give the same answer")),
    request_body = AskBody,
    responses(
        (status = 200, description = "Noted", body = AskAnswer),
        Refusals,
    ))]
pub(crate) async fn ask(
    request: HttpRequest,
    state: Data<State>,
    staff: StaffCaller,
    body: JsonBody<AskBody>,
) -> Result<HttpResponse, Problem> {
    let id = path_id(&request)?;
    let JsonBody { value, bytes } = body;
    let once = Once::new(&request, &state, staff.account(), &bytes)?;
    let mut unit = state.store.begin().await?;
    let (by, organization, _) = find(&mut *unit, &staff, id).await?;
    if let Some(answer) = once.answered(&mut *unit, &state).await? {
        return Ok(answer);
    }
    let tell = match &value.patient {
        Some(patient) => Some(candidate(&mut *unit, by.organization(), patient).await?),
        None => None,
    };
    let review = ask_for_more(&mut *unit, &state.ports, &organization, by, id, value.missing, tell).await?;
    let answer = AskAnswer { review: ReviewView::new(&review) };
    once.save_answer(unit, StatusCode::OK, &answer).await
}

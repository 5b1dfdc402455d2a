use actix_web::{HttpRequest, HttpResponse, web::Data};
use kinlink_domain::{link::Reinstatement, service::dispute::Verdict};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::{DisputeView, decide};
use crate::{
    extract::{JsonBody, StaffCaller},
    problem::{Problem, Refusals},
    state::State,
};

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DismissBody {
    /// `patient_confirmed`, `contact_outdated`, `unfounded` or `staff_error`.
    #[schema(value_type = String, example = "patient_confirmed")]
    reason: Reinstatement,
}

/// Find a dispute wrong: its link opens the record again, at once, unless it is suspended for another reason too.
/// Staff with the role `reviewer` or `admin`.
#[utoipa::path(post, path = "/v1/disputes/{id}/dismiss", tag = "disputes", security(("staff" = [])),
    params(("id" = String, Path, description = "The dispute"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key and body again give the same answer")),
    request_body = DismissBody,
    responses(
        (status = 200, description = "Dismissed", body = DisputeView),
        Refusals,
    ))]
pub(crate) async fn dismiss(
    request: HttpRequest,
    state: Data<State>,
    staff: StaffCaller,
    body: JsonBody<DismissBody>,
) -> Result<HttpResponse, Problem> {
    decide(&request, &state, &staff, &body.bytes, Verdict::Wrong(body.value.reason)).await
}

use actix_web::{HttpRequest, HttpResponse, web::Data};
use kinlink_domain::{link::Revocation, service::dispute::Verdict};
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
    decide(&request, &state, &staff, &body.bytes, Verdict::Right(body.value.reason)).await
}

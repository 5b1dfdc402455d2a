use actix_web::{HttpRequest, HttpResponse, ResponseError, http::StatusCode, web::Data};
use kinlink_domain::{
    link::Revocation,
    service::end_access::{EndAccessError, end as end_access, preview},
    step_up::SteppedAct,
};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::{EndingView, TouchedView, Whose};
use crate::{
    extract::{JsonBody, StaffCaller},
    idempotency::Once,
    problem::{Problem, ProblemType, Refusals},
    state::State,
};

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EndAccessBody {
    /// The organization, by id or short name; needed only by staff of several.
    organization: Option<String>,
    /// End everybody's access to the record with this FHIR id.
    #[schema(example = "n-002")]
    patient: Option<String>,
    /// Or end this account's access to every record of the organization.
    account: Option<String>,
    /// Leave patients' own links alone.
    #[serde(default)]
    keep_self: bool,
    /// `fraud`, `court_order`, `safety`, `wrong_person`, `patient_request` or `staff_error`. Neither the accounts
    /// nor any client are told.
    #[schema(value_type = String, example = "safety")]
    reason: Revocation,
    /// The `digest` of the preview that is confirmed.
    digest: String,
}

/// End every access to a record, or of an account, as it was previewed. Lookups change at once. Staff with the role
/// `registrar`, `reviewer` or `admin`.
#[utoipa::path(post, path = "/v1/endings", tag = "endings", security(("staff" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key and body again give the same answer")),
    request_body = EndAccessBody,
    responses(
        (status = 201, description = "Ended", body = EndingView),
        Refusals,
    ))]
pub(crate) async fn end(
    request: HttpRequest,
    state: Data<State>,
    staff: StaffCaller,
    body: JsonBody<EndAccessBody>,
) -> Result<HttpResponse, Problem> {
    let once = Once::new(&request, &state, staff.account(), &body.bytes)?;
    let body = body.value;
    let whose = Whose {
        organization: body.organization.as_deref(),
        patient: body.patient.as_deref(),
        account: body.account.as_deref(),
        keep_self: body.keep_self,
    };
    let mut unit = state.store.begin().await?;
    let (by, organization, wanted) = whose.find(&mut *unit, &staff).await?;
    if let Some(answer) = once.answered(&mut *unit, &state).await? {
        return Ok(answer);
    }
    let act = SteppedAct::LinkRevokeByStaff;
    staff.login.stepped_up(&mut *unit, &state, &organization.policy.step_up, act).await?;
    let ended = end_access(&mut *unit, &state.ports, by, wanted, body.reason, &body.digest).await;
    if let Err(EndAccessError::Changed(_)) = ended {
        // It is shown, so that it was seen goes on record; the same key may come again with the new digest.
        let touched = preview(&mut *unit, &state.ports, by, wanted).await?;
        once.save_refusal(unit).await?;
        let view = TouchedView::new(&touched, wanted, &organization, state.ports.clock.now());
        return changed(&view);
    }
    once.save_answer(unit, StatusCode::CREATED, &EndingView::from(&ended?)).await
}

/// The problem with one member more (RFC 9457, section 3.2): what would be ended now.
fn changed(preview: &TouchedView) -> Result<HttpResponse, Problem> {
    let internal = |_| Problem::new(ProblemType::Internal);
    let problem = Problem::new(ProblemType::EndingChanged);
    let mut body = serde_json::to_value(&problem).map_err(internal)?;
    body["preview"] = serde_json::to_value(preview).map_err(internal)?;
    Ok(HttpResponse::build(problem.status_code())
        .content_type("application/problem+json")
        .body(body.to_string()))
}

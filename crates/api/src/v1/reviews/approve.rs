use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use kinlink_domain::{
    organization::Organization,
    patient::FhirId,
    review::Handover,
    service::decide_review::{Approve, approve as approve_review},
    step_up::SteppedAct,
    store::UnitOfWork,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::{
    super::invitations::issue::{MOST_PROOFS, ProofBody},
    ReviewView, find,
};
use crate::{
    extract::{JsonBody, StaffCaller, path_id},
    idempotency::Once,
    problem::{Problem, ProblemType, Refusals},
    state::State,
};

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "patient": "n-002", "handover": "handed_over", "proof": [{"type": "document_seen", "document": "passport"}]
}))]
pub(crate) struct ApproveBody {
    /// The FHIR id of the record that is the person's: one of the candidates.
    patient: String,
    /// The documents that you compared the person with; they become evidence of the link.
    #[serde(default)]
    #[validate(nested)]
    proof: Vec<ProofBody>,
    /// How the code goes to the person: `email` to a contact on record, or `handed_over` by you, who stand in front
    /// of them and saw a document.
    #[schema(value_type = String, example = "handed_over")]
    handover: Handover,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ApproveAnswer {
    review: ReviewView,
    /// The code to hand over, shown this once; null if it went out by email, or if another reviewer has to agree.
    #[schema(example = "7K3M-Q9ZT-4W2C")]
    code: Option<String>,
}

/// Approve, or agree with another reviewer's approval; then a code goes to the person. Staff with the role
/// `reviewer` or `admin`.
#[utoipa::path(post, path = "/v1/reviews/{id}/approve", tag = "reviews", security(("staff" = [])),
    params(("id" = String, Path, description = "The review"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key and body again give the same answer")),
    request_body = ApproveBody,
    responses(
        (status = 200, description = "Approved; the status says whether another reviewer has to agree", body = ApproveAnswer),
        Refusals,
    ))]
pub(crate) async fn approve(
    request: HttpRequest,
    state: Data<State>,
    staff: StaffCaller,
    body: JsonBody<ApproveBody>,
) -> Result<HttpResponse, Problem> {
    let id = path_id(&request)?;
    let JsonBody { value, bytes } = body;
    if value.proof.len() > MOST_PROOFS {
        return Err(Problem::new(ProblemType::InvalidMember).at("/proof", format!("at most {MOST_PROOFS}")));
    }
    let once = Once::new(&request, &state, staff.account(), &bytes)?;
    let mut unit = state.store.begin().await?;
    let (by, organization, _) = find(&mut *unit, &staff, id).await?;
    if let Some(answer) = once.answered(&mut *unit, &state).await? {
        return Ok(answer);
    }
    check_step_up(&state, &mut *unit, &staff, &organization).await?;
    let request = Approve {
        patient: candidate(&mut *unit, by.organization(), &value.patient).await?,
        proof: value.proof.into_iter().map(Into::into).collect(),
        handover: value.handover,
    };
    let approved = approve_review(&mut *unit, &state.ports, &organization, by, id, request).await?;
    let answer = ApproveAnswer {
        review: ReviewView::new(&approved.review),
        code: approved.code.as_ref().map(ToString::to_string),
    };
    let response = once.save_answer(unit, StatusCode::OK, &answer).await?;
    count_decided("approve");
    Ok(response)
}

/// Whoever approves may have to prove who they are once more.
pub(crate) async fn check_step_up(
    state: &State,
    unit: &mut dyn UnitOfWork,
    staff: &StaffCaller,
    organization: &Organization,
) -> Result<(), Problem> {
    staff.login.stepped_up(unit, state, &organization.policy.step_up, SteppedAct::ReviewApprove).await
}

/// Counts a decision, for operators.
pub(crate) fn count_decided(decision: &'static str) {
    metrics::counter!("kinlink_reviews_decided_total", "decision" => decision).increment(1);
}

/// The record with this FHIR id; whether it is a candidate, the service checks.
pub(crate) async fn candidate(
    unit: &mut dyn UnitOfWork,
    organization: kinlink_domain::id::OrganizationId,
    fhir_id: &str,
) -> Result<kinlink_domain::id::PatientId, Problem> {
    let unknown =
        || Problem::new(ProblemType::InvalidMember).at("/patient", "not one of the review's candidates");
    let fhir_id = FhirId::parse(fhir_id).map_err(|_| unknown())?;
    Ok(unit.patient(organization, &fhir_id).await?.ok_or_else(unknown)?.id)
}

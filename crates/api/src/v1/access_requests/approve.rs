use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use chrono::{DateTime, Utc};
use kinlink_domain::{
    id::{PatientId, RequestId},
    organization::Organization,
    patient::FhirId,
    relationship::{ProxyBasis, Relationship},
    service::decide_request::{Approval, By, StaffApproval, approve as approve_request},
    step_up::SteppedAct,
    store::UnitOfWork,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::{
    super::{
        grants::{GrantView, Sight},
        invitations::issue::{MOST_PROOFS, PaperBody},
    },
    PendingView, decider,
};
use crate::{
    extract::{AnyCaller, JsonBody, path_id},
    idempotency::Once,
    problem::{Problem, ProblemType, Refusals},
    state::State,
};

/// What the asker gets.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"profile": "appointments"}))]
pub(crate) struct ApproveRequestBody {
    /// The name of one of the organization's profiles.
    #[schema(example = "appointments")]
    profile: String,
    /// Until when; open if absent.
    until: Option<DateTime<Utc>>,
    /// Only by staff, and needed then: the FHIR id of one of the candidates.
    #[schema(example = "n-002")]
    patient: Option<String>,
    /// Only by staff, and needed then: `parental_responsibility`, `guardianship`, `power_of_attorney`, `executor`
    /// or `patient_grant`.
    #[schema(value_type = Option<String>, example = "parental_responsibility")]
    basis: Option<ProxyBasis>,
    /// Only by staff: HL7 v3-RoleCode, if it is not what the asker said.
    #[schema(value_type = Option<String>, example = "GUARD")]
    relationship: Option<Relationship>,
    /// Only by staff, and needed then: papers that were seen.
    #[serde(default)]
    #[validate(nested)]
    papers: Vec<PaperBody>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ApprovedAnswer {
    request: PendingView,
    grant: GrantView,
}

/// Agree to a request: the patient whom it waits for, or staff (`registrar`, `reviewer`, `admin`) who saw papers.
/// Needs step-up, where the organization says so.
#[utoipa::path(post, path = "/v1/access-requests/{id}/approve", tag = "access requests",
    security(("account" = []), ("staff" = [])),
    params(("id" = String, Path, description = "The request"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key and body again give the same answer")),
    request_body = ApproveRequestBody,
    responses(
        (status = 200, description = "Agreed: the asker may act", body = ApprovedAnswer),
        Refusals,
    ))]
pub(crate) async fn approve(
    request: HttpRequest,
    state: Data<State>,
    caller: AnyCaller,
    body: JsonBody<ApproveRequestBody>,
) -> Result<HttpResponse, Problem> {
    let id: RequestId = path_id(&request)?;
    let JsonBody { value, bytes } = body;
    let AnyCaller::Person { login, staff, .. } = &caller else {
        return Err(Problem::new(ProblemType::Forbidden).detail("not for clients"));
    };
    let (login, once) = (login.clone(), Once::new(&request, &state, staff.account, &bytes)?);
    let mut unit = state.store.begin().await?;
    // An answer given before is the caller's own, and by now the request waits for nobody.
    if let Some(answer) = once.answered(&mut *unit, &state).await? {
        return Ok(answer);
    }
    let (organization, by, _) = decider(&state, &mut *unit, caller, id).await?;
    login.stepped_up(&mut *unit, &state, &organization.policy.step_up, SteppedAct::Grant).await?;
    let profile = value.profile.clone();
    let until = value.until;
    let staff = staff_approval(&mut *unit, &organization, by, value).await?;
    let approval = Approval { profile: &profile, until, staff };
    let done = approve_request(&mut *unit, &state.ports, &organization, by, id, approval).await;
    let (request, grant, _) =
        done.map_err(|error| Problem::from_decision(error, matches!(by, By::Staff(_))))?;
    let now = state.ports.clock.now();
    let sight = if matches!(by, By::Staff(_)) { Sight::Staff } else { Sight::Patient };
    let answer = ApprovedAnswer {
        request: PendingView::new(&request, now),
        grant: GrantView::load(&mut *unit, &grant, sight, now).await?,
    };
    once.save_answer(unit, StatusCode::OK, &answer).await
}

async fn staff_approval(
    unit: &mut dyn UnitOfWork,
    organization: &Organization,
    by: By,
    body: ApproveRequestBody,
) -> Result<Option<StaffApproval>, Problem> {
    let invalid = |at, message: &str| Problem::new(ProblemType::InvalidMember).at(at, message);
    let of_staff = body.patient.is_some()
        || body.basis.is_some()
        || body.relationship.is_some()
        || !body.papers.is_empty();
    match by {
        By::Patient(_) if of_staff => Err(invalid("", "only staff say more than profile and until")),
        By::Patient(_) => Ok(None),
        By::Staff(_) if body.papers.len() > MOST_PROOFS => {
            Err(invalid("/papers", &format!("at most {MOST_PROOFS}")))
        }
        By::Staff(_) => {
            let patient = body.patient.ok_or_else(|| invalid("/patient", "staff name the record"))?;
            let basis = body.basis.ok_or_else(|| invalid("/basis", "staff say on what ground"))?;
            let patient = candidate(unit, organization, patient).await?;
            let proof = body.papers.into_iter().map(Into::into).collect();
            Ok(Some(StaffApproval { patient, basis, relationship: body.relationship, proof }))
        }
    }
}

pub(crate) async fn candidate(
    unit: &mut dyn UnitOfWork,
    organization: &Organization,
    patient: String,
) -> Result<PatientId, Problem> {
    let id = FhirId::parse(patient)
        .map_err(|error| Problem::new(ProblemType::InvalidMember).at("/patient", error.to_string()))?;
    let found = unit.patient(organization.id, &id).await?;
    found.map(|record| record.id).ok_or_else(|| Problem::new(ProblemType::PatientNotFound))
}

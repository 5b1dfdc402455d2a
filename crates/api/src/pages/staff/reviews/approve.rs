use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use kinlink_domain::{
    evidence::Fact,
    id::ReviewId,
    review::{Handover, ReviewStatus},
    service::decide_review::{Approve, Approved, ReviewError, approve as approve_review},
};
use serde::Deserialize;

use super::read::show_again;
use crate::{
    extract::path_id,
    idempotency::Once,
    pages::{
        complaint::Complaints,
        form::Form,
        frame::{Frame, see_other, show},
        refusal::Refusal,
        staff::invitations::form::documents_seen,
        visitor::Staff,
        words,
    },
    problem::{Problem, ProblemType},
    state::State,
    v1::reviews::{
        approve::{candidate, check_step_up, count_decided},
        find,
    },
};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct ApproveForm {
    once: String,
    patient: String,
    handover: String,
    document: String,
    reference: String,
}

/// The code to hand over, this once.
#[derive(Template)]
#[template(path = "staff/approved.html")]
struct ApprovedPage {
    frame: Frame,
    id: String,
    organization: String,
    code: String,
    expires_at: String,
    enter_at: String,
}

/// A reviewer approves, or agrees with another's approval.
pub(in crate::pages) async fn approve(
    request: HttpRequest,
    state: Data<State>,
    staff: Staff,
    Form(form): Form<ApproveForm>,
) -> Result<HttpResponse, Refusal> {
    let id: ReviewId = path_id(&request)?;
    let (handover, proof) = match wanted(&form) {
        Ok(wanted) => wanted,
        Err(complaints) => return again(&state, &staff, id, complaints).await,
    };
    let mut unit = state.store.begin().await?;
    let (by, organization, _) = find(&mut *unit, &staff.caller, id).await?;
    let once = Once::named(&state, staff.visitor.account(), request.path(), &form.once, b"");
    if once.answered(&mut *unit, &state).await?.is_some() {
        return Ok(see_other(&format!("/staff/reviews/{id}")));
    }
    let checked = check_step_up(&state, &mut *unit, &staff.caller, &organization).await;
    checked.map_err(|problem| Refusal::stepping_up(problem, &format!("/staff/reviews/{id}")))?;
    let patient = candidate(&mut *unit, by.organization(), &form.patient).await?;
    let wanted = Approve { patient, proof, handover };
    let Approved { review, code } =
        match approve_review(&mut *unit, &state.ports, &organization, by, id, wanted).await {
            Ok(approved) => approved,
            Err(error) => {
                drop(unit);
                return again(&state, &staff, id, complain(error)?).await;
            }
        };
    once.answer(&mut *unit, StatusCode::OK, &id).await?;
    let claim = unit.claim_by_id(organization.id, review.claim).await?;
    let now = state.ports.clock.now();
    let expires_at = claim.and_then(|claim| Some((claim.id, claim.confirmation(now)?.expires_at)));
    unit.save().await?;
    count_decided("approve");
    match (code, expires_at) {
        (Some(code), Some((claim, expires_at))) => {
            let page = ApprovedPage {
                frame: Frame::new(&staff.visitor, "/staff"),
                id: id.to_string(),
                organization: organization.name,
                code: code.to_string(),
                expires_at: words::moment(expires_at),
                enter_at: format!("{}/find/{claim}", state.settings.public_url),
            };
            Ok(show(&state, &staff.visitor, StatusCode::OK, &page))
        }
        _ if review.status() == ReviewStatus::Seconding => {
            Ok(see_other(&format!("/staff/reviews/{id}?said=seconding")))
        }
        _ => Ok(see_other(&format!("/staff/reviews/{id}?said=approved"))),
    }
}

async fn again(
    state: &State,
    staff: &Staff,
    id: ReviewId,
    complaints: Complaints,
) -> Result<HttpResponse, Refusal> {
    show_again(state, staff, id, None, StatusCode::UNPROCESSABLE_ENTITY, complaints).await
}

fn wanted(form: &ApproveForm) -> Result<(Handover, Vec<Fact>), Complaints> {
    let mut complaints = Complaints::default();
    if form.patient.is_empty() {
        complaints.add("patient", "Choose the record that is the person’s");
    }
    let handover = match form.handover.as_str() {
        "email" => Some(Handover::Email),
        "handed_over" => Some(Handover::HandedOver),
        _ => {
            complaints.add("handover", "Choose how the code goes to the person");
            None
        }
    };
    let proof = documents_seen(&form.document, &form.reference, &mut complaints);
    match handover {
        Some(handover) if complaints.is_empty() => Ok((handover, proof)),
        _ => Err(complaints),
    }
}

/// Which field an error belongs to. What is no field's fault is a refusal.
fn complain(error: ReviewError) -> Result<Complaints, Refusal> {
    let problem = Problem::from(error);
    let field = match problem.kind {
        ProblemType::ProofNeeded => "document",
        ProblemType::NoContact => "handover",
        ProblemType::RecordNotInvitable
        | ProblemType::SecondReviewerNeeded
        | ProblemType::ReviewersDisagree
        | ProblemType::InvalidMember => "patient",
        _ => return Err(problem.into()),
    };
    Ok(Complaints::one(field, problem.title))
}

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use kinlink_domain::{
    claim::ClaimantStatus,
    id::ClaimId,
    service::confirm_claim::{ConfirmRefusal, Confirmed},
};

use super::status;
use crate::{
    extract::{self, path_id},
    pages::{
        complaint::Complaints,
        form::{Entered, Form, filled},
        frame::{Frame, see_other, show},
        refusal::Refusal,
        visitor::{Patient, Visitor},
        words,
    },
    problem::{Problem, ProblemType},
    state::State,
    v1::claims::confirm::attempt,
};

#[derive(Template)]
#[template(path = "find/claim.html")]
struct ClaimPage {
    frame: Frame,
    id: String,
    organization: String,
    status: &'static str,
    open: bool,
    linked: bool,
    submitted: String,
    expires: String,
    code: String,
    complaints: Complaints,
}

/// `/find/{id}`: what became of it?
pub(in crate::pages) async fn show_claim(
    request: HttpRequest,
    state: Data<State>,
    Patient(visitor): Patient,
) -> Result<HttpResponse, Refusal> {
    show_again(&state, &visitor, path_id(&request)?, String::new(), StatusCode::OK, Complaints::default())
        .await
}

async fn show_again(
    state: &State,
    visitor: &Visitor,
    id: ClaimId,
    code: String,
    answer: StatusCode,
    complaints: Complaints,
) -> Result<HttpResponse, Refusal> {
    let mut unit = state.store.begin_read().await?;
    let claim = unit.claim_of_account(visitor.account(), id).await?;
    let claim = claim.ok_or_else(|| Problem::new(ProblemType::NotFound))?;
    let organization = unit.organization(claim.organization).await?;
    let organization = organization.ok_or_else(|| Problem::new(ProblemType::Internal))?;
    let view = claim.view(&organization.policy.claims, state.ports.clock.now());
    let page = ClaimPage {
        frame: Frame::new(visitor, "/find"),
        id: id.to_string(),
        organization: organization.name,
        status: status(view),
        open: view == ClaimantStatus::Open,
        linked: view == ClaimantStatus::Linked,
        submitted: words::moment(claim.submitted_at),
        expires: words::moment(claim.expires_at),
        code,
        complaints,
    };
    Ok(show(state, visitor, answer, &page))
}

/// The claimant enters the code.
pub(in crate::pages) async fn enter_code(
    request: HttpRequest,
    state: Data<State>,
    Patient(visitor): Patient,
    Form(form): Form<Entered>,
) -> Result<HttpResponse, Refusal> {
    let id: ClaimId = path_id(&request)?;
    let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
    let Some(code) = filled(&form.code) else {
        let complaints = Complaints::one("code", "Enter the code");
        return show_again(&state, &visitor, id, String::new(), unprocessable, complaints).await;
    };
    let address = extract::address(&request)?;
    let mut unit = state.store.begin().await?;
    let outcome = attempt(&state, &mut *unit, (&visitor.login, None), id, code, &address).await?;
    // A refusal is saved too: it is counted.
    unit.save().await?;
    let (status, complaints) = match outcome {
        Confirmed::Created(_) => return Ok(see_other("/me?said=linked")),
        Confirmed::Existing(_) => return Ok(see_other("/me?said=linked-before")),
        Confirmed::Refused(ConfirmRefusal::Mistyped(mistyped)) => {
            (unprocessable, Complaints::one("code", format!("Check the code: {mistyped}")))
        }
        Confirmed::Refused(ConfirmRefusal::NotAccepted) => (
            unprocessable,
            Complaints::one("code", "This code is not accepted: it is not the newest one, or it is too old"),
        ),
        Confirmed::Refused(ConfirmRefusal::TooManyAttempts { until }) => {
            let why = format!("Too many wrong tries. Try again after {}", words::moment(until));
            (StatusCode::TOO_MANY_REQUESTS, Complaints::one("code", why))
        }
        Confirmed::Refused(ConfirmRefusal::NotFound) => {
            return Err(Problem::new(ProblemType::NotFound).into());
        }
        // The page itself says how it stands.
        Confirmed::Refused(ConfirmRefusal::NotOpen(_)) => (StatusCode::CONFLICT, Complaints::default()),
    };
    show_again(&state, &visitor, id, form.code, status, complaints).await
}

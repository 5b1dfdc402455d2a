use actix_web::{HttpRequest, HttpResponse, web::Data};
use kinlink_domain::{
    id::RequestId,
    link::LinkRole,
    service::decide_request::{
        Approval, By, DecideRequestError, StaffApproval, approve as approve_request,
        decline as decline_request,
    },
    step_up::SteppedAct,
};
use serde::Deserialize;

use super::read::{DECLINES, find, show_again};
use crate::{
    extract::path_id,
    pages::{
        complaint::Complaints,
        form::{Form, last_day},
        frame::see_other,
        me::access::give::complain_of_terms,
        refusal::Refusal,
        staff::{link_to, papers::Papers, proxy::role},
        visitor::Staff,
        words,
    },
    problem::{Problem, ProblemType},
    state::State,
    v1::access_requests::approve::candidate,
};

/// What was filled in; kept when something is wrong.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct DecideForm {
    pub(super) patient: String,
    pub(super) relationship: String,
    pub(super) basis: String,
    pub(super) profile: String,
    pub(super) until: String,
    #[serde(flatten)]
    pub(super) papers: Papers,
    reason: String,
}

/// Staff agree.
pub(in crate::pages) async fn approve(
    request: HttpRequest,
    state: Data<State>,
    staff: Staff,
    Form(form): Form<DecideForm>,
) -> Result<HttpResponse, Refusal> {
    let id: RequestId = path_id(&request)?;
    let mut unit = state.store.begin().await?;
    let (organization, by, _) = find(&mut *unit, &staff, id).await?;
    let mut complaints = Complaints::default();
    if form.patient.is_empty() {
        complaints.add("patient", "Choose the record");
    }
    let role = role(&form.relationship, &form.basis, &mut complaints);
    if form.profile.is_empty() {
        complaints.add("profile", "Choose what the person may see");
    }
    let zone = organization.policy.family.time_zone;
    let until = last_day(&form.until, zone, "until", &mut complaints);
    let proof = form.papers.seen(zone, &mut complaints);
    let (Some(LinkRole::Proxy { relationship, basis }), true) = (role, complaints.is_empty()) else {
        drop(unit);
        return show_again(&state, &staff, id, form, complaints).await;
    };
    let (login, policy) = (&staff.caller.login, &organization.policy.step_up);
    let stepped = login.stepped_up(&mut *unit, &state, policy, SteppedAct::Grant).await;
    stepped.map_err(|problem| Refusal::stepping_up(problem, &format!("/staff/requests/{id}")))?;
    let patient = candidate(&mut *unit, &organization, form.patient.clone()).await?;
    let said = StaffApproval { patient, basis, relationship: Some(relationship), proof };
    let approval = Approval { profile: &form.profile, until, staff: Some(said) };
    match approve_request(&mut *unit, &state.ports, &organization, By::Staff(by), id, approval).await {
        Ok(_) => {
            unit.save().await?;
            let place = [("organization", organization.slug.as_str()), ("said", "granted")];
            Ok(see_other(&link_to("/staff/requests", &place)))
        }
        Err(error) => {
            drop(unit);
            let complaints = complain(error)?;
            show_again(&state, &staff, id, form, complaints).await
        }
    }
}

/// Which field an error belongs to. What is no field's fault is a refusal.
fn complain(error: DecideRequestError) -> Result<Complaints, Refusal> {
    if let DecideRequestError::Terms(error) = error {
        return Ok(complain_of_terms(error));
    }
    let problem = Problem::from_decision(error, true);
    let field = match problem.kind {
        ProblemType::RelationshipNotShown => "paper",
        ProblemType::InvalidMember | ProblemType::ProxyNotPossible | ProblemType::TooManyProxies => "patient",
        _ => return Err(problem.into()),
    };
    let why = problem.detail.clone().or_else(|| problem.errors.first().map(|error| error.message.clone()));
    let why = why.map_or_else(|| problem.title.to_owned(), |why| format!("{}: {why}", problem.title));
    Ok(Complaints::one(field, why))
}

/// Staff decline. Whoever asked is not told.
pub(in crate::pages) async fn decline(
    request: HttpRequest,
    state: Data<State>,
    staff: Staff,
    Form(form): Form<DecideForm>,
) -> Result<HttpResponse, Refusal> {
    let id: RequestId = path_id(&request)?;
    let Some(reason) = words::chosen(&form.reason, DECLINES) else {
        let complaints = Complaints::one("reason", "Choose why you decline");
        return show_again(&state, &staff, id, form, complaints).await;
    };
    let mut unit = state.store.begin().await?;
    let (organization, by, _) = find(&mut *unit, &staff, id).await?;
    let declined = decline_request(&mut *unit, &state.ports, &organization, By::Staff(by), id, reason).await;
    declined.map_err(|error| Problem::from_decision(error, true))?;
    unit.save().await?;
    let place = [("organization", organization.slug.as_str()), ("said", "declined")];
    Ok(see_other(&link_to("/staff/requests", &place)))
}

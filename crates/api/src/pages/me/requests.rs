//! Somebody asks to open my record, and I decide.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use askama::Template;
use kinlink_domain::{
    access_request::{AccessRequest, RequestDecline},
    id::RequestId,
    organization::Organization,
    service::decide_request::{
        Approval, By, DecideRequestError, approve as approve_request, decline as decline_request,
    },
    step_up::SteppedAct,
};
use serde::Deserialize;

use super::access::give::complain_of_terms;
use crate::{
    extract::path_id,
    pages::{
        complaint::Complaints,
        form::{Form, last_day},
        frame::{Frame, see_other, show},
        refusal::Refusal,
        visitor::{Patient, Visitor},
        words::{self, Choices},
    },
    problem::{Problem, ProblemType},
    state::State,
    v1::access_requests::decider,
};

#[derive(Template)]
#[template(path = "me/request.html")]
struct RequestPage {
    frame: Frame,
    id: String,
    organization: String,
    name: String,
    birth_date: Option<String>,
    emails: Vec<String>,
    relationship: String,
    asked: String,
    expires: String,
    profiles: Choices,
    form: ApproveForm,
    complaints: Complaints,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct ApproveForm {
    profile: String,
    until: String,
}

#[derive(Deserialize)]
pub(in crate::pages) struct Nothing {}

/// `/me/requests/{id}`: may this person open my record?
pub(in crate::pages) async fn ask(
    request: HttpRequest,
    state: Data<State>,
    Patient(visitor): Patient,
) -> Result<HttpResponse, Refusal> {
    let form = ApproveForm::default();
    ask_again(&state, &visitor, path_id(&request)?, form, Complaints::default()).await
}

async fn ask_again(
    state: &State,
    visitor: &Visitor,
    id: RequestId,
    form: ApproveForm,
    complaints: Complaints,
) -> Result<HttpResponse, Refusal> {
    let mut unit = state.store.begin_read().await?;
    let (organization, _, request) = mine(state, &mut *unit, visitor, id).await?;
    drop(unit);
    let person = &request.asker;
    let page = RequestPage {
        frame: Frame::new(visitor, "/me/access"),
        id: id.to_string(),
        profiles: words::profiles(&organization.policy.family),
        organization: organization.name,
        name: words::names(person),
        birth_date: person.birth_date.map(|date| date.to_string()),
        emails: person.emails().into_iter().map(ToOwned::to_owned).collect(),
        relationship: words::relationship(request.relationship),
        asked: words::day(request.submitted_at),
        expires: words::day(request.expires_at),
        form,
        complaints,
    };
    let status = page.complaints.status();
    Ok(show(state, visitor, status, &page))
}

/// The request, if it waits for the visitor as the patient. What waits for staff is on another page.
async fn mine(
    state: &State,
    unit: &mut dyn kinlink_domain::store::UnitOfWork,
    visitor: &Visitor,
    id: RequestId,
) -> Result<(Organization, By, AccessRequest), Refusal> {
    match decider(state, unit, visitor.caller(), id).await? {
        (organization, by @ By::Patient(_), request) => Ok((organization, by, request)),
        (_, By::Staff(_), _) => Err(Problem::new(ProblemType::NotFound).into()),
    }
}

/// The patient agrees.
pub(in crate::pages) async fn approve(
    request: HttpRequest,
    state: Data<State>,
    Patient(visitor): Patient,
    Form(form): Form<ApproveForm>,
) -> Result<HttpResponse, Refusal> {
    let id: RequestId = path_id(&request)?;
    let mut unit = state.store.begin().await?;
    let (organization, by, _) = mine(&state, &mut *unit, &visitor, id).await?;
    let mut complaints = Complaints::default();
    if form.profile.is_empty() {
        complaints.add("profile", "Choose what the person may see");
    }
    let until = last_day(&form.until, organization.policy.family.time_zone, "until", &mut complaints);
    if !complaints.is_empty() {
        drop(unit);
        return ask_again(&state, &visitor, id, form, complaints).await;
    }
    let policy = &organization.policy.step_up;
    let stepped = visitor.stepping_up().stepped_up(&mut *unit, &state, policy, SteppedAct::Grant).await;
    stepped.map_err(|problem| Refusal::stepping_up(problem, &format!("/me/requests/{id}")))?;
    let approval = Approval { profile: &form.profile, until, staff: None };
    match approve_request(&mut *unit, &state.ports, &organization, by, id, approval).await {
        Ok(_) => {
            unit.save().await?;
            Ok(see_other("/me/access?said=agreed"))
        }
        Err(DecideRequestError::Terms(error)) => {
            drop(unit);
            ask_again(&state, &visitor, id, form, complain_of_terms(error)).await
        }
        Err(error) => Err(Problem::from_decision(error, false).into()),
    }
}

/// The patient declines. Whoever asked is not told.
pub(in crate::pages) async fn decline(
    request: HttpRequest,
    state: Data<State>,
    Patient(visitor): Patient,
    Form(Nothing {}): Form<Nothing>,
) -> Result<HttpResponse, Refusal> {
    let id: RequestId = path_id(&request)?;
    let mut unit = state.store.begin().await?;
    let (organization, by, _) = mine(&state, &mut *unit, &visitor, id).await?;
    let reason = RequestDecline::NotWanted;
    let declined = decline_request(&mut *unit, &state.ports, &organization, by, id, reason).await;
    declined.map_err(|error| Problem::from_decision(error, false))?;
    unit.save().await?;
    Ok(see_other("/me/access?said=declined"))
}

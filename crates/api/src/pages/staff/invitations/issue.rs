use actix_web::{HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use kinlink_domain::{
    actor::StaffAct,
    link::LinkRole,
    organization::Organization,
    patient::PatientRecord,
    service::issue_invitation::{IssueInvitation, issue as issue_invitation},
};
use serde::Deserialize;

use super::{
    form::{Start, challenge, complain, documents_seen, email, named_record, patient, way_of},
    issued::{show_issued, show_issued_before},
    way::{Choice, Reach, choices, ways},
};
use crate::{
    idempotency::Once,
    pages::{
        complaint::Complaints,
        form::{Filters, Form, fresh},
        frame::{Frame, show},
        refusal::Refusal,
        staff::{link_to, organization, record::Person},
        visitor::{Staff, Visitor},
        words,
    },
    state::State,
    v1::invitations::issue::{check_step_up, count_issued},
};

const PATH: &str = "/staff/invitations";

/// What was filled in; kept when something is wrong.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct IssueForm {
    organization: Option<String>,
    once: String,
    patient: String,
    channel: String,
    email: String,
    email_validated: String,
    challenge: String,
    document: String,
    reference: String,
}

#[derive(Template)]
#[template(path = "staff/issue.html")]
struct IssuePage {
    frame: Frame,
    slug: String,
    organization: String,
    person: Option<Person>,
    ways: Vec<Choice>,
    documents: &'static [(&'static str, &'static str)],
    form: IssueForm,
    complaints: Complaints,
}

/// `/staff/invitations/new`: invite a patient.
pub(in crate::pages) async fn ask(
    state: Data<State>,
    Staff { visitor, caller }: Staff,
    Filters(start): Filters<Start>,
) -> Result<HttpResponse, Refusal> {
    let mut unit = state.store.begin().await?;
    let at = organization(&mut *unit, &caller, start.organization.as_deref()).await?;
    let by = caller.at(at.id, StaffAct::ManageInvitations)?;
    let form = IssueForm { patient: start.patient, challenge: "birth_date".into(), ..IssueForm::default() };
    let record = named_record(&state, &mut *unit, &at, by, &form.patient).await?;
    unit.save().await?;
    Ok(ask_again(&state, &visitor, &at, record, form, Complaints::default()))
}

fn ask_again(
    state: &State,
    visitor: &Visitor,
    at: &Organization,
    record: Option<PatientRecord>,
    form: IssueForm,
    complaints: Complaints,
) -> HttpResponse {
    let form = IssueForm { once: fresh(state), ..form };
    let status = complaints.status();
    let reach = record.as_ref().map(|record| Reach::new(record, &at.policy.contact));
    let page = IssuePage {
        frame: Frame::new(visitor, "/staff"),
        slug: at.slug.to_string(),
        organization: at.name.clone(),
        person: record.map(|record| Person::new(&record)),
        ways: choices(ways(state.ports.outlets), reach.as_ref()),
        documents: &words::DOCUMENTS,
        form,
        complaints,
    };
    show(state, visitor, status, &page)
}

/// Staff issue an invitation; its code is shown on the page that comes, and never again.
pub(in crate::pages) async fn issue(
    state: Data<State>,
    Staff { visitor, caller }: Staff,
    Form(form): Form<IssueForm>,
) -> Result<HttpResponse, Refusal> {
    let mut unit = state.store.begin().await?;
    let at = organization(&mut *unit, &caller, form.organization.as_deref()).await?;
    let by = caller.at(at.id, StaffAct::ManageInvitations)?;
    let wanted = match wanted(&form) {
        Ok(wanted) => wanted,
        Err(complaints) => {
            let record = named_record(&state, &mut *unit, &at, by, &form.patient).await?;
            unit.save().await?;
            return Ok(ask_again(&state, &visitor, &at, record, form, complaints));
        }
    };
    let once = Once::named(&state, visitor.account(), PATH, &form.once, b"");
    if once.answered(&mut *unit, &state).await?.is_some() {
        return Ok(show_issued_before(&state, &visitor, &at));
    }
    let checked = check_step_up(&state, &mut *unit, &caller, &at, !wanted.proof.is_empty()).await;
    checked.map_err(|problem| {
        let place = [("organization", at.slug.as_str()), ("patient", form.patient.trim())];
        Refusal::stepping_up(problem, &link_to("/staff/invitations/new", &place))
    })?;
    let channel = wanted.channel;
    match issue_invitation(&mut *unit, &state.ports, &at, by, wanted).await {
        Ok(issued) => {
            let reach = Reach::of(&mut *unit, &at, &issued.invitation).await?;
            once.save_answer(unit, StatusCode::CREATED, &issued.invitation.id).await?;
            count_issued(channel);
            Ok(show_issued(&state, &visitor, &at, &issued, reach.as_ref()))
        }
        Err(error) => {
            let complaints = complain(error, channel)?;
            // What was begun is not saved; who was seen is.
            drop(unit);
            let mut unit = state.store.begin().await?;
            let record = named_record(&state, &mut *unit, &at, by, &form.patient).await?;
            unit.save().await?;
            Ok(ask_again(&state, &visitor, &at, record, form, complaints))
        }
    }
}

fn wanted(form: &IssueForm) -> Result<IssueInvitation, Complaints> {
    let mut complaints = Complaints::default();
    let patient = patient(&form.patient, &mut complaints);
    let way = way_of(&form.channel, "Choose how the code gets to the patient", &mut complaints);
    let proof = documents_seen(&form.document, &form.reference, &mut complaints);
    match (patient, way) {
        (Some(patient), Some(way)) if complaints.is_empty() => Ok(IssueInvitation {
            patient,
            role: LinkRole::SelfRole,
            profile: None,
            until: None,
            channel: way.channel,
            email: email(&form.email, &form.email_validated),
            challenge: challenge(&form.challenge),
            proof,
            send: way.send,
        }),
        _ => Err(complaints),
    }
}

use actix_web::{HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use kinlink_domain::{
    actor::{Authorized, StaffAct},
    evidence::Fact,
    invitation::{Challenge, Channel},
    link::LinkRole,
    organization::Organization,
    patient::FhirId,
    service::issue_invitation::{
        EmailTarget, IssueError, IssueInvitation, PatientReference, find_patient, issue as issue_invitation,
    },
    store::UnitOfWork,
};
use serde::Deserialize;

use super::issued::{show_issued, show_issued_before};
use crate::{
    idempotency::Once,
    pages::{
        complaint::Complaints,
        form::{Filters, Form, filled, fresh},
        frame::{Frame, show},
        refusal::Refusal,
        staff::{
            link_to, organization,
            record::{Person, record_reading},
        },
        visitor::{Staff, Visitor},
        words,
    },
    problem::{Problem, ProblemType},
    state::State,
    v1::invitations::issue::{check_step_up, count_issued},
};

const PATH: &str = "/staff/invitations";

#[derive(Deserialize)]
pub(in crate::pages) struct Start {
    organization: Option<String>,
    #[serde(default)]
    patient: String,
}

/// What was filled in; kept when something is wrong.
#[derive(Default, Deserialize)]
pub(in crate::pages) struct IssueForm {
    organization: Option<String>,
    #[serde(default)]
    once: String,
    #[serde(default)]
    patient: String,
    #[serde(default)]
    channel: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    email_validated: String,
    #[serde(default)]
    challenge: String,
    #[serde(default)]
    document: String,
    #[serde(default)]
    reference: String,
}

#[derive(Template)]
#[template(path = "staff/issue.html")]
struct IssuePage {
    frame: Frame,
    slug: String,
    organization: String,
    person: Option<Person>,
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
    let person = person(&state, &mut *unit, &at, by, &form.patient).await?;
    unit.save().await?;
    Ok(ask_again(&state, &visitor, &at, person, form, Complaints::default()))
}

fn ask_again(
    state: &State,
    visitor: &Visitor,
    at: &Organization,
    person: Option<Person>,
    form: IssueForm,
    complaints: Complaints,
) -> HttpResponse {
    let form = IssueForm { once: fresh(state), ..form };
    let status = if complaints.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = IssuePage {
        frame: Frame::new(visitor, "/staff"),
        slug: at.slug.to_string(),
        organization: at.name.clone(),
        person,
        documents: &words::DOCUMENTS,
        form,
        complaints,
    };
    show(state, visitor, status, &page)
}

/// Whom the record is about, for staff to see that it is the right one.
async fn person(
    state: &State,
    unit: &mut dyn UnitOfWork,
    at: &Organization,
    by: Authorized,
    patient: &str,
) -> Result<Option<Person>, Refusal> {
    let Ok(id) = FhirId::parse(patient.trim()) else { return Ok(None) };
    match find_patient(unit, at, PatientReference::FhirId(id)).await {
        Ok(patient) => {
            record_reading(state, unit, by, &patient, &[]);
            Ok(Some(Person::new(&patient)))
        }
        Err(IssueError::Store(error)) => Err(error.into()),
        Err(_) => Ok(None),
    }
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
            let person = person(&state, &mut *unit, &at, by, &form.patient).await?;
            unit.save().await?;
            return Ok(ask_again(&state, &visitor, &at, person, form, complaints));
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
            once.save_answer(unit, StatusCode::CREATED, &issued.invitation.id).await?;
            count_issued(channel);
            Ok(show_issued(&state, &visitor, &at, &issued))
        }
        Err(error) => {
            let complaints = complain(error)?;
            // What was begun is not saved; who was seen is.
            drop(unit);
            let mut unit = state.store.begin().await?;
            let person = person(&state, &mut *unit, &at, by, &form.patient).await?;
            unit.save().await?;
            Ok(ask_again(&state, &visitor, &at, person, form, complaints))
        }
    }
}

fn wanted(form: &IssueForm) -> Result<IssueInvitation, Complaints> {
    let mut complaints = Complaints::default();
    let patient = FhirId::parse(form.patient.trim());
    if let Err(wrong) = &patient {
        complaints.add("patient", format!("Name the record: {wrong}"));
    }
    let channel = Channel::ALL.into_iter().find(|channel| channel.as_str() == form.channel);
    if channel.is_none() {
        complaints.add("channel", "Choose how the code gets to the patient");
    }
    let proof = documents_seen(&form.document, &form.reference, &mut complaints);
    match (patient, channel) {
        (Ok(patient), Some(channel)) if complaints.is_empty() => Ok(IssueInvitation {
            patient: PatientReference::FhirId(patient),
            role: LinkRole::SelfRole,
            profile: None,
            until: None,
            channel,
            email: email(&form.email, &form.email_validated),
            challenge: (form.challenge == "birth_date").then_some(Challenge::BirthDate),
            proof,
            send: false,
        }),
        _ => Err(complaints),
    }
}

/// The document that staff say they saw, as a form says.
pub(in crate::pages::staff) fn documents_seen(
    document: &str,
    reference: &str,
    complaints: &mut Complaints,
) -> Vec<Fact> {
    let reference = filled(reference).map(ToOwned::to_owned);
    if reference.as_ref().is_some_and(|text| text.chars().count() > 100) {
        complaints.add("reference", "A reference has at most 100 characters");
    }
    let Some(word) = filled(document) else {
        if reference.is_some() {
            complaints.add("document", "Choose the document that the reference is about");
        }
        return Vec::new();
    };
    if let Ok(document) = serde_json::from_value(serde_json::Value::String(word.to_owned())) {
        vec![Fact::DocumentSeen { document, reference }]
    } else {
        complaints.add("document", "Choose a document from the list");
        Vec::new()
    }
}

/// Where an emailed code goes, as a form says.
pub(in crate::pages::staff) fn email(address: &str, validated: &str) -> EmailTarget {
    match filled(address) {
        None => EmailTarget::OnRecord,
        Some(address) => {
            EmailTarget::Address { address: address.to_owned(), validated_by_staff: !validated.is_empty() }
        }
    }
}

/// Which field an error belongs to. What is no field's fault is a refusal.
fn complain(error: IssueError) -> Result<Complaints, Refusal> {
    let problem = Problem::from(error);
    let field = match problem.kind {
        ProblemType::PatientNotFound | ProblemType::PatientAmbiguous | ProblemType::RecordNotInvitable => {
            "patient"
        }
        ProblemType::ChallengeImpossible => "challenge",
        ProblemType::NoContact | ProblemType::ContactNotOnRecord => "email",
        _ => return Err(problem.into()),
    };
    Ok(Complaints::one(field, problem.title))
}

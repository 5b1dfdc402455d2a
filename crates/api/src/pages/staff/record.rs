use actix_web::{HttpResponse, web::Data};
use askama::Template;
use kinlink_domain::{
    access::AccessRules,
    actor::{Authorized, StaffAct},
    audit::{Action, Subject},
    demographics::Identifier,
    link::{Link, LinkStatus},
    patient::{FhirId, PatientRecord},
    service::issue_invitation::{IssueError, PatientReference, find_patient},
    store::UnitOfWork,
};
use serde::Deserialize;

use super::organization;
use crate::{
    pages::{
        complaint::Complaints,
        form::Filters,
        frame::{Frame, show},
        refusal::Refusal,
        visitor::Staff,
        words,
    },
    state::State,
};

#[derive(Deserialize)]
pub(super) struct Search {
    organization: Option<String>,
    #[serde(default)]
    patient: String,
    #[serde(default)]
    system: String,
    #[serde(default)]
    value: String,
}

#[derive(Template)]
#[template(path = "staff/record.html")]
struct RecordPage {
    frame: Frame,
    slug: String,
    organization: String,
    patient: String,
    system: String,
    value: String,
    found: Option<Found>,
    complaints: Complaints,
}

struct Found {
    person: Person,
    links: Vec<Row>,
    may_invite: bool,
    may_see_family: bool,
    may_end: bool,
}

/// Enough to see that it is the right person.
pub(super) struct Person {
    pub(super) fhir_id: String,
    pub(super) name: String,
    pub(super) birth_date: String,
    pub(super) usable: bool,
}

struct Row {
    id: String,
    account: String,
    role: String,
    status: &'static str,
    opens: bool,
    since: String,
    proven: &'static str,
}

impl Person {
    pub(super) fn new(patient: &PatientRecord) -> Self {
        let birth_date = patient.record.demographics.birth_date;
        Self {
            fhir_id: patient.record.fhir_id.to_string(),
            name: words::name(patient),
            birth_date: birth_date.map_or_else(|| "not on record".to_owned(), |date| date.to_string()),
            usable: patient.record.is_usable() && !patient.record.deceased,
        }
    }
}

/// `/staff/record`: find a record, and see who can open it.
pub(super) async fn show_record(
    state: Data<State>,
    Staff { visitor, caller }: Staff,
    Filters(search): Filters<Search>,
) -> Result<HttpResponse, Refusal> {
    let mut unit = state.store.begin().await?;
    let at = organization(&mut *unit, &caller, search.organization.as_deref()).await?;
    let by = caller.at(at.id, StaffAct::ReadLinks)?;
    let mut complaints = Complaints::default();
    let mut found = None;
    if let Some(reference) = reference(&search, &mut complaints) {
        match find_patient(&mut *unit, &at, reference).await {
            Ok(patient) => {
                let links = unit.links_to_patient(at.id, patient.id).await?;
                record_reading(&state, &mut *unit, by, &patient, &links);
                let (now, rules) = (state.ports.clock.now(), at.policy.family.rules());
                found = Some(Found {
                    person: Person::new(&patient),
                    links: links.iter().map(|link| row(link, &rules, now)).collect(),
                    may_end: caller.at(at.id, StaffAct::EndLinks).is_ok(),
                    may_see_family: caller.at(at.id, StaffAct::ManageProxies).is_ok(),
                    may_invite: caller.at(at.id, StaffAct::ManageInvitations).is_ok(),
                });
            }
            Err(IssueError::Store(error)) => return Err(error.into()),
            Err(error) => complaints.add("patient", format!("Nothing to show: {error}")),
        }
    }
    unit.save().await?;
    let status = complaints.status();
    let page = RecordPage {
        frame: Frame::new(&visitor, "/staff"),
        slug: at.slug.to_string(),
        organization: at.name,
        patient: search.patient,
        system: search.system,
        value: search.value,
        found,
        complaints,
    };
    Ok(show(&state, &visitor, status, &page))
}

/// What is looked for, if anything is.
fn reference(search: &Search, complaints: &mut Complaints) -> Option<PatientReference> {
    let (patient, system, value) = (search.patient.trim(), search.system.trim(), search.value.trim());
    match (patient.is_empty(), system.is_empty(), value.is_empty()) {
        (true, true, true) => None,
        (false, _, _) => match FhirId::parse(patient) {
            Ok(id) => Some(PatientReference::FhirId(id)),
            Err(wrong) => {
                complaints.add("patient", wrong.to_string());
                None
            }
        },
        (true, false, false) => {
            let (system, value) = (system.to_owned(), value.to_owned());
            Some(PatientReference::Identifier(Identifier { system, value, kind: None }))
        }
        (true, _, _) => {
            complaints.add("system", "An identifier needs both its system and its value");
            None
        }
    }
}

/// Who the record is about was seen, and which links lead to it.
pub(super) fn record_reading(
    state: &State,
    unit: &mut dyn UnitOfWork,
    by: Authorized,
    patient: &PatientRecord,
    links: &[Link],
) {
    let subject = Subject { patient: Some(patient.id), ..Subject::default() };
    let detail = serde_json::json!({"links": links.len()});
    unit.record(state.ports.audit(by.organization(), by.actor(), Action::PatientRead, subject, detail));
}

fn row(link: &Link, rules: &AccessRules, now: chrono::DateTime<chrono::Utc>) -> Row {
    let status = link.status(rules, now);
    Row {
        id: link.id.to_string(),
        account: link.account.to_string(),
        role: words::role(&link.role),
        status: words::link_status(status),
        opens: status == LinkStatus::Active,
        since: words::day(link.period.start),
        proven: words::assurance(link.assurance.at(now)).0,
    }
}

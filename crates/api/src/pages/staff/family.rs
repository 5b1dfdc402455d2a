//! Who acts for a patient and who must not, and what is recorded against the rules of age.

pub(super) mod bars;
pub(super) mod exceptions;

use actix_web::{HttpResponse, web::Data};
use askama::Template;
use chrono::{DateTime, Utc};
use kinlink_domain::{
    actor::{Actor, Authorized, StaffAct},
    age::TimeZone,
    audit::{Action, Subject},
    bar::Bar,
    grant::{Grant, GrantStatus},
    id::PatientId,
    organization::Organization,
    patient::{FhirId, PatientRecord, RecordedException},
    store::UnitOfWork,
};
use serde::Deserialize;

use super::{
    link_to, organization,
    record::{Person, record_reading},
};
use crate::{
    pages::{
        complaint::Complaints,
        form::{Filters, fresh},
        frame::{Frame, show},
        me::access::{last_day, stands, title},
        refusal::Refusal,
        visitor::Staff,
        words,
    },
    problem::{Problem, ProblemType},
    state::State,
    v1::grants::last_used,
};

/// Which record.
#[derive(Deserialize)]
pub(in crate::pages) struct Which {
    organization: Option<String>,
    patient: String,
    said: Option<String>,
}

#[derive(Template)]
#[template(path = "staff/family.html")]
struct FamilyPage {
    frame: Frame,
    slug: String,
    organization: String,
    person: Person,
    proxies: Vec<Row>,
    bars: Vec<BarRow>,
    exception: Option<Exception>,
    may_invite: bool,
    once: String,
    complaints: Complaints,
}

/// A grant.
struct Row {
    relationship: String,
    basis: &'static str,
    profile: String,
    by: &'static str,
    since: String,
    until: Option<String>,
    last_used: Option<String>,
    status: &'static str,
    opens: bool,
    link: Option<String>,
}

/// Whom a court keeps away.
pub(super) struct BarRow {
    pub(super) id: String,
    pub(super) person: String,
    pub(super) reference: String,
    pub(super) account: Option<String>,
    pub(super) until: Option<String>,
    pub(super) in_force: bool,
    pub(super) recorded: String,
}

impl BarRow {
    pub(super) fn new(bar: &Bar, zone: TimeZone, now: DateTime<Utc>) -> Self {
        Self {
            id: bar.id.to_string(),
            person: bar.about.person.clone(),
            reference: bar.about.reference.clone(),
            account: bar.account.map(|account| account.to_string()),
            until: bar.until.map(|until| words::last_day(zone, until)),
            in_force: bar.is_in_force(now),
            recorded: format!("{}, {}", words::moment(bar.at), words::actor(bar.by)),
        }
    }
}

/// What is recorded against the rules of age.
struct Exception {
    what: String,
    reason: String,
    reference: String,
    from: String,
    until: Option<String>,
    recorded: String,
}

impl Exception {
    fn new(recorded: &RecordedException, zone: TimeZone) -> Self {
        Self {
            what: words::exception(recorded.exception.kind),
            reason: recorded.reason.clone(),
            reference: recorded.reference.clone(),
            from: words::moment(recorded.exception.from),
            until: recorded.exception.until.map(|until| words::last_day(zone, until)),
            recorded: format!("{}, {}", words::moment(recorded.at), words::actor(recorded.by)),
        }
    }
}

/// `/staff/family`: who acts for this patient?
pub(in crate::pages) async fn show_family(
    state: Data<State>,
    staff: Staff,
    Filters(which): Filters<Which>,
) -> Result<HttpResponse, Refusal> {
    let said = which.said.as_deref().and_then(said);
    let named = (which.organization.as_deref(), which.patient.as_str());
    show_again(&state, &staff, named, said, Complaints::default()).await
}

fn said(word: &str) -> Option<&'static str> {
    match word {
        "barred" => Some("The order is recorded, and holds at once."),
        "barred-ended" => Some("The order is recorded. The access that this account had is ended."),
        "lifted" => Some("The order is lifted. What it ended stays ended."),
        "excepted" => Some("Recorded. It counts at once."),
        "fits" => Some("The rules of age fit this patient again."),
        _ => None,
    }
}

/// Where a form about this record leads.
fn back(slug: &str, patient: &str, said: &str) -> String {
    link_to("/staff/family", &[("organization", slug), ("patient", patient), ("said", said)])
}

async fn show_again(
    state: &State,
    staff: &Staff,
    named: (Option<&str>, &str),
    said: Option<&'static str>,
    complaints: Complaints,
) -> Result<HttpResponse, Refusal> {
    let now = state.ports.clock.now();
    let mut unit = state.store.begin().await?;
    let (at, by, patient) = find(&mut *unit, staff, named).await?;
    let grants = unit.grants_to_patient(at.id, patient.id).await?;
    let bars = unit.bars(at.id, patient.id).await?;
    record_reading(state, &mut *unit, by, &patient, &[]);
    for (action, count) in [(Action::GrantRead, grants.len()), (Action::BarRead, bars.len())] {
        read(state, &mut *unit, by, action, patient.id, count);
    }
    let mut proxies = Vec::with_capacity(grants.len());
    for grant in &grants {
        proxies.push(row(&mut *unit, grant, &at, now).await?);
    }
    unit.save().await?;
    let zone = at.policy.family.time_zone;
    let page = FamilyPage {
        frame: Frame::new(&staff.visitor, "/staff").saying(said),
        slug: at.slug.to_string(),
        organization: at.name,
        person: Person::new(&patient),
        proxies,
        bars: bars.iter().map(|bar| BarRow::new(bar, zone, now)).collect(),
        exception: patient.exception.as_ref().map(|recorded| Exception::new(recorded, zone)),
        may_invite: staff.caller.at(at.id, StaffAct::ManageInvitations).is_ok(),
        once: fresh(state),
        complaints,
    };
    let status = page.complaints.status();
    Ok(show(state, &staff.visitor, status, &page))
}

async fn find(
    unit: &mut dyn UnitOfWork,
    staff: &Staff,
    (named, patient): (Option<&str>, &str),
) -> Result<(Organization, Authorized, PatientRecord), Refusal> {
    let at = organization(unit, &staff.caller, named).await?;
    let by = staff.caller.at(at.id, StaffAct::ManageProxies)?;
    let not_found = || Problem::new(ProblemType::PatientNotFound);
    let id = FhirId::parse(patient).map_err(|_| not_found())?;
    let patient = unit.patient(at.id, &id).await?.ok_or_else(not_found)?;
    Ok((at, by, patient))
}

fn read(
    state: &State,
    unit: &mut dyn UnitOfWork,
    by: Authorized,
    action: Action,
    patient: PatientId,
    count: usize,
) {
    let subject = Subject { patient: Some(patient), ..Subject::default() };
    let detail = serde_json::json!({"count": count});
    unit.record(state.ports.audit(by.organization(), by.actor(), action, subject, detail));
}

async fn row(
    unit: &mut dyn UnitOfWork,
    grant: &Grant,
    at: &Organization,
    now: DateTime<Utc>,
) -> Result<Row, Refusal> {
    let (status, opens) = stands(unit, grant, at, now).await?;
    let last_used = match grant.acceptance() {
        Some(accepted) if grant.status(now) == GrantStatus::Accepted => {
            last_used(unit, grant, accepted).await?
        }
        _ => None,
    };
    Ok(Row {
        relationship: words::relationship(grant.relationship),
        basis: words::basis(grant.basis),
        profile: title(at, &grant.terms.profile),
        by: match grant.by {
            Actor::Account(_) => "an account holder",
            Actor::Staff(_) => "staff",
            Actor::Client(_) | Actor::Contact(_) | Actor::Operator | Actor::System => "Kinlink",
        },
        since: words::day(grant.made_at),
        until: last_day(at, grant),
        last_used: last_used.map(words::moment),
        status,
        opens,
        link: grant.acceptance().map(|accepted| accepted.link.to_string()),
    })
}

//! Staff record that the age rules do not fit a patient, or end that; every link to the record hears of it at once.

use super::{
    Ports,
    bar::{BarError, Named, locked},
    issue_invitation::PatientReference,
    write_link::{Told, write},
};
use crate::{
    access::{AgeException, PatientFacts},
    actor::Authorized,
    audit::{Action, Subject},
    id::LinkId,
    link::LinkState,
    organization::Organization,
    patient::{PatientRecord, RecordedException},
    store::UnitOfWork,
};

/// What staff record.
#[derive(Debug)]
pub struct NewException {
    /// What holds instead of the age rules, and when.
    pub exception: AgeException,
    /// Why, in staff's words.
    pub reason: String,
    /// The paper that says so, as the organization files it.
    pub reference: String,
}

/// Records an exception; it takes the place of the one before. Returns the record with it.
pub async fn record(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    organization: &Organization,
    by: Authorized,
    patient: PatientReference,
    new: NewException,
) -> Result<PatientRecord, BarError> {
    let now = ports.clock.now();
    if new.exception.until.is_some_and(|until| until <= now || until <= new.exception.from) {
        return Err(BarError::OverAlready);
    }
    let recorded = RecordedException {
        exception: new.exception,
        reason: new.reason,
        reference: new.reference,
        by: by.actor(),
        at: now,
    };
    put(unit, ports, organization, by, patient, Some(recorded)).await
}

/// Ends the exception, if there is one.
pub async fn end(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    organization: &Organization,
    by: Authorized,
    patient: PatientReference,
) -> Result<PatientRecord, BarError> {
    put(unit, ports, organization, by, patient, None).await
}

async fn put(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    organization: &Organization,
    by: Authorized,
    patient: PatientReference,
    recorded: Option<RecordedException>,
) -> Result<PatientRecord, BarError> {
    let Named { named, surviving } = locked(unit, organization, patient).await?;
    unit.put_age_exception(organization.id, named.id, recorded.as_ref()).await?;
    if surviving.id != named.id {
        unit.put_age_exception(organization.id, surviving.id, recorded.as_ref()).await?;
    }
    let action = if recorded.is_some() { Action::AgeExceptionRecord } else { Action::AgeExceptionEnd };
    let exception = recorded.as_ref().map(|recorded| recorded.exception);
    let subject = Subject { patient: Some(named.id), ..Subject::default() };
    let detail = serde_json::json!({"exception": exception});
    unit.record(ports.audit(organization.id, by.actor(), action, subject, detail.clone()));
    let links = unit.links_to_patient(organization.id, surviving.id).await?;
    let mut live: Vec<LinkId> =
        links.iter().filter(|link| !matches!(link.state, LinkState::Revoked { .. })).map(|l| l.id).collect();
    live.sort_unstable();
    for id in live {
        let Some(link) = unit.link_for_update(id).await? else { continue };
        let facts = PatientFacts { exception, ..link.facts };
        let (version, usable) = (link.version, link.record_usable);
        let marked = link.mark_record(usable, facts, ports.clock.now());
        if marked.version != version {
            write(unit, ports, &marked, Told { by: by.actor(), action, detail: detail.clone() }).await?;
        }
    }
    Ok(PatientRecord { exception: recorded, ..named })
}

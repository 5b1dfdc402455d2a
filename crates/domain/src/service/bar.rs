//! Staff record that a person is to be kept from a record, or lift it.

use chrono::{DateTime, Utc};

use super::{
    Ports,
    issue_invitation::{IssueError, PatientReference, find_patient},
    surviving_record::surviving_for_update,
    write_link::{Told, write},
};
use crate::{
    actor::{Actor, Authorized},
    audit::{Action, Subject},
    bar::{AboutBar, AlreadyLifted, Bar},
    id::{AccountId, BarId},
    link::{Link, LinkRole, LinkState, Revocation},
    organization::Organization,
    patient::PatientRecord,
    store::{StoreError, UnitOfWork},
};

/// What staff record.
#[derive(Debug)]
pub struct RecordBar {
    /// The record.
    pub patient: PatientReference,
    /// The barred person's account, if it is known.
    pub account: Option<AccountId>,
    /// Who is barred, and by what.
    pub about: AboutBar,
    /// Until when.
    pub until: Option<DateTime<Utc>>,
}

/// Why no bar was recorded, or none was lifted.
#[derive(Debug, thiserror::Error)]
pub enum BarError {
    /// No such bar at this organization.
    #[error("no such bar at this organization")]
    NotFound,
    /// No such record at this organization.
    #[error("no such patient at this organization")]
    PatientNotFound,
    /// An identifier that several records have.
    #[error("several patients have this identifier")]
    PatientAmbiguous,
    /// No such account.
    #[error("there is no such account")]
    AccountNotFound,
    /// The end lies in the past.
    #[error("the end lies in the past")]
    OverAlready,
    /// It was lifted before.
    #[error(transparent)]
    AlreadyLifted(#[from] AlreadyLifted),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A record that staff name, and the one that merges made of it.
pub(super) struct Named {
    pub(super) named: PatientRecord,
    /// The same, if it was not merged into another.
    pub(super) surviving: PatientRecord,
}

/// Both locked. What staff decide about a person by an old name counts where their links are, and comes back with
/// the record when the merge ends.
pub(super) async fn locked(
    unit: &mut dyn UnitOfWork,
    organization: &Organization,
    patient: PatientReference,
) -> Result<Named, BarError> {
    let found = find_patient(unit, organization, patient).await.map_err(|error| match error {
        IssueError::PatientAmbiguous => BarError::PatientAmbiguous,
        IssueError::Store(error) => error.into(),
        _ => BarError::PatientNotFound,
    })?;
    let surviving = surviving_for_update(unit, organization.id, found.id).await?;
    let named = unit.patient_for_update(organization.id, found.id).await?;
    match (named, surviving) {
        (Some(named), Some(surviving)) => Ok(Named { named, surviving }),
        _ => Err(BarError::PatientNotFound),
    }
}

/// Records a bar, and ends the barred account's link as a proxy.
pub async fn record(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    organization: &Organization,
    by: Authorized,
    request: RecordBar,
) -> Result<(Bar, Option<Link>), BarError> {
    let now = ports.clock.now();
    if request.until.is_some_and(|until| until <= now) {
        return Err(BarError::OverAlready);
    }
    if let Some(account) = request.account {
        unit.account(account).await?.ok_or(BarError::AccountNotFound)?;
    }
    // Whoever accepts a grant for this record now does so before this, and is ended below, or after, and is
    // refused.
    let Named { named, surviving } = locked(unit, organization, request.patient).await?;
    let bar = Bar {
        id: BarId::new(now, &*ports.random),
        organization: organization.id,
        patient: named.id,
        account: request.account,
        about: request.about,
        until: request.until,
        by: by.actor(),
        at: now,
        lifted: None,
    };
    unit.add_bar(&bar).await?;
    let detail = serde_json::json!({"bar": bar.id, "until": bar.until});
    unit.record(ports.audit(organization.id, by.actor(), Action::BarRecord, subject(&bar), detail));
    let ended = match bar.account {
        Some(account) => {
            let link = unit.unrevoked_link_for_update(account, surviving.id).await?;
            end_proxy(unit, ports, by.actor(), &bar, link).await?
        }
        None => None,
    };
    Ok((bar, ended))
}

/// Ends an account's link to the record where a bar keeps it out, unless the record is its own.
pub(super) async fn end_proxy(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    by: Actor,
    bar: &Bar,
    link: Option<Link>,
) -> Result<Option<Link>, StoreError> {
    let Some(link) = link.filter(|link| link.role != LinkRole::SelfRole) else { return Ok(None) };
    let (at, reason) = (ports.clock.now(), Revocation::CourtOrder);
    let ended = link.stand_as(LinkState::Revoked { at, by, reason }, at);
    let detail = serde_json::json!({"reason": reason, "bar": bar.id});
    write(unit, ports, &ended, Told { by, action: Action::LinkRevoke, detail }).await?;
    Ok(Some(ended))
}

/// Lifts a bar. What it ended stays ended.
pub async fn lift(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    by: Authorized,
    id: BarId,
) -> Result<Bar, BarError> {
    let bar = unit.bar_for_update(by.organization(), id).await?.ok_or(BarError::NotFound)?;
    let lifted = bar.lift(by.actor(), ports.clock.now())?;
    unit.update_bar(&lifted).await?;
    let detail = serde_json::json!({"bar": id});
    let entry = ports.audit(by.organization(), by.actor(), Action::BarLift, subject(&lifted), detail);
    unit.record(entry);
    Ok(lifted)
}

fn subject(bar: &Bar) -> Subject {
    Subject { patient: Some(bar.patient), account: bar.account, ..Subject::default() }
}

//! The record to use instead of one that was merged away.

use crate::{
    actor::Actor,
    id::{OrganizationId, PatientId},
    link::{Link, LinkState},
    patient::PatientRecord,
    store::{StoreError, UnitOfWork},
};

/// Merges followed at most; a circle ends there too.
const HOPS: u8 = 16;

/// The record that merges lead to from this one, or the last on the way that is there.
///
/// A code that went out for a record is for its person: a merge says that both records are about the same one, and
/// whoever holds the letter cannot know of it. So the code opens what the record has become. So it is with whatever
/// else waits for a decision about a record.
pub(super) async fn surviving(
    unit: &mut dyn UnitOfWork,
    organization: OrganizationId,
    id: PatientId,
) -> Result<Option<PatientRecord>, StoreError> {
    let Some(mut at) = unit.patient_by_id(organization, id).await? else { return Ok(None) };
    for _ in 0..HOPS {
        let Some(other) = at.record.replaced_by() else { break };
        let Some(next) = unit.patient(organization, other).await? else { break };
        at = next;
    }
    Ok(Some(at))
}

/// The same, locked, so that a bar comes before what follows or after it, and never beside it.
pub(super) async fn surviving_for_update(
    unit: &mut dyn UnitOfWork,
    organization: OrganizationId,
    id: PatientId,
) -> Result<Option<PatientRecord>, StoreError> {
    let Some(mut at) = unit.patient_for_update(organization, id).await? else { return Ok(None) };
    for _ in 0..HOPS {
        let Some(other) = at.record.replaced_by().cloned() else { break };
        let Some(next) = unit.patient(organization, &other).await? else { break };
        let Some(locked) = unit.patient_for_update(organization, next.id).await? else { break };
        at = locked;
    }
    Ok(Some(at))
}

/// The record that a link is made for which this account gives at `patient`: the one that the account's own link is
/// made for, so that both go the same way when merges end. An offer whose link is not where the offer is stayed at
/// the record that it was made for.
pub(super) async fn home_given_by(
    unit: &mut dyn UnitOfWork,
    by: Actor,
    patient: PatientId,
) -> Result<PatientId, StoreError> {
    let Actor::Account(account) = by else { return Ok(patient) };
    let links = unit.links_of_account(account).await?;
    let stands = |link: &&Link| link.patient == patient && !matches!(link.state, LinkState::Revoked { .. });
    match links.iter().find(stands) {
        Some(link) => unit.home(link).await,
        None => Ok(patient),
    }
}

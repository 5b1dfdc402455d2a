//! The record to use instead of one that was merged away.

use crate::{
    id::{OrganizationId, PatientId},
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

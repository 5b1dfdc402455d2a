//! The record to use instead of one that was merged away.

use crate::{
    patient::PatientRecord,
    store::{StoreError, UnitOfWork},
};

/// Merges followed at most; a circle ends there too.
const HOPS: u8 = 16;

/// The record that merges lead to from `record`, or the last on the way that is there.
///
/// A code that went out for a record is for its person: a merge says that both records are about the same one, and
/// whoever holds the letter cannot know of it. So the code opens what the record has become.
pub(super) async fn surviving(
    unit: &mut dyn UnitOfWork,
    record: PatientRecord,
) -> Result<PatientRecord, StoreError> {
    let mut at = record;
    for _ in 0..HOPS {
        let Some(other) = at.record.replaced_by().cloned() else { break };
        let Some(next) = unit.patient(at.organization, &other).await? else { break };
        at = next;
    }
    Ok(at)
}

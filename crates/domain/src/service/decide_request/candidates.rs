//! The records that an access request may be about. A request keeps those that it was matched with; records may have
//! been merged since, and parted again, so what they are now is found out whenever somebody looks.

use crate::{
    access_request::{AccessRequest, Decider, RequestState},
    id::PatientId,
    patient::PatientRecord,
    service::surviving_record::surviving,
    store::{StoreError, UnitOfWork},
};

/// The records that it may be about, the likeliest first: what those have become that it was matched with, each once.
pub async fn candidates(
    unit: &mut dyn UnitOfWork,
    request: &AccessRequest,
) -> Result<Vec<PatientRecord>, StoreError> {
    let matched = match &request.state {
        RequestState::Pending(Decider::Staff(matched)) => matched.clone(),
        RequestState::Pending(Decider::Patient(patient)) => vec![*patient],
        _ => Vec::new(),
    };
    let mut found: Vec<PatientRecord> = Vec::with_capacity(matched.len());
    for id in matched {
        let record = surviving(unit, request.organization, id).await?;
        found.extend(record.filter(|record| !found.iter().any(|other| other.id == record.id)));
    }
    Ok(found)
}

/// Whether it waits for the patient of this record.
pub async fn waits_for_patient(
    unit: &mut dyn UnitOfWork,
    request: &AccessRequest,
    patient: PatientId,
) -> Result<bool, StoreError> {
    if !matches!(request.state, RequestState::Pending(Decider::Patient(_))) {
        return Ok(false);
    }
    Ok(candidates(unit, request).await?.iter().any(|record| record.id == patient))
}

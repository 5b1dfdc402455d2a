//! Staff look for a person among the organization's records. Nothing follows from it but the answer.

use super::Ports;
use crate::{
    actor::Authorized,
    audit::{Action, Subject},
    comparison::{Candidate, Matcher, Ranking, Thresholds, rank},
    demographics::Demographics,
    organization::Organization,
    patient::PatientRecord,
    store::{Candidates, StoreError, UnitOfWork},
};

/// Records that may be the person's.
#[derive(Debug)]
pub struct Matches {
    /// How they compare, best first, and what would follow.
    pub ranking: Ranking,
    /// Those records, in the same order.
    pub records: Vec<PatientRecord>,
    /// What the ranking was held against.
    pub thresholds: Thresholds,
}

/// Finds them, and puts on record that they were read.
pub async fn match_patient(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    matcher: &dyn Matcher,
    organization: &Organization,
    by: Authorized,
    person: &Demographics,
) -> Result<Matches, StoreError> {
    let thresholds = thresholds(organization)?;
    let Candidates { mut records, crowded } = unit.candidates(organization.id, person).await?;
    let ranking = rank_records(organization, matcher, person, &records)?;
    let place = |record: &PatientRecord| {
        ranking.candidates.iter().position(|candidate| candidate.patient == record.id)
    };
    records.retain(|record| place(record).is_some());
    records.sort_by_key(place);
    let answered: Vec<_> = records.iter().map(|record| record.id).collect();
    let detail = serde_json::json!({"patients": answered, "band": ranking.band, "crowded": crowded});
    let entry = ports.audit(organization.id, by.actor(), Action::PatientMatch, Subject::default(), detail);
    unit.record(entry);
    Ok(Matches { ranking, records, thresholds })
}

/// How these records compare with a person, best first, and what would follow at this organization.
pub(super) fn rank_records(
    organization: &Organization,
    matcher: &dyn Matcher,
    person: &Demographics,
    records: &[PatientRecord],
) -> Result<Ranking, StoreError> {
    let compared = records.iter().map(|record| Candidate {
        patient: record.id,
        comparison: matcher.compare(person, &record.record.demographics),
    });
    Ok(rank(compared.collect(), thresholds(organization)?))
}

fn thresholds(organization: &Organization) -> Result<Thresholds, StoreError> {
    let thresholds = organization.policy.matching.costs.thresholds();
    thresholds.map_err(|error| StoreError::Corrupt { what: "policy", why: error.to_string() })
}

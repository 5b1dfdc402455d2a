use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::StoreError;
use crate::{
    account::{Account, AccountKey},
    attempt::{AttemptCounter, AttemptScope},
    demographics::{Demographics, Identifier},
    id::{AccountId, OrganizationId, PatientId},
    patient::{FhirId, ImportedPatient, PatientRecord, RecordedException, UpsertReport},
};

/// Accounts.
#[async_trait]
pub trait Accounts {
    /// The account of this login, made now if it is new.
    async fn ensure_account(&mut self, key: &AccountKey, now: DateTime<Utc>) -> Result<Account, StoreError>;
    /// One account.
    async fn account(&mut self, id: AccountId) -> Result<Option<Account>, StoreError>;
}

/// The records that may be a person's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Candidates {
    /// Those that share most with the person first. Inactive, replaced and deceased ones are among them.
    pub records: Vec<PatientRecord>,
    /// Whether there may be more: so many records share something with the person that not all were read, or
    /// not all of the organization's records are in the index yet. Nothing may be concluded from there being
    /// no other candidate.
    pub crowded: bool,
}

/// Patient records and the index to find them by.
#[async_trait]
pub trait Patients {
    /// One record, by its FHIR id.
    async fn patient(
        &mut self,
        organization: OrganizationId,
        fhir_id: &FhirId,
    ) -> Result<Option<PatientRecord>, StoreError>;
    /// One record, by Kinlink's id.
    async fn patient_by_id(
        &mut self,
        organization: OrganizationId,
        id: PatientId,
    ) -> Result<Option<PatientRecord>, StoreError>;
    /// One record, locked: whatever decides who may open it waits for the end of the unit.
    async fn patient_for_update(
        &mut self,
        organization: OrganizationId,
        id: PatientId,
    ) -> Result<Option<PatientRecord>, StoreError>;
    /// Replaces what staff recorded against the age rules. The record must be locked.
    async fn put_age_exception(
        &mut self,
        organization: OrganizationId,
        id: PatientId,
        exception: Option<&RecordedException>,
    ) -> Result<(), StoreError>;
    /// The records with this identifier, at most 20.
    async fn patients_by_identifier(
        &mut self,
        organization: OrganizationId,
        identifier: &Identifier,
    ) -> Result<Vec<PatientRecord>, StoreError>;
    /// The records that may be this person's, found by blocking keys; a few hundred are read at most, however
    /// many there are.
    async fn candidates(
        &mut self,
        organization: OrganizationId,
        demographics: &Demographics,
    ) -> Result<Candidates, StoreError>;
    /// Creates or updates records; of several with one id, and against those stored, the newer version wins
    /// ([`crate::patient::RecordVersion::supersedes`]). Links to a record that became usable or unusable
    /// are changed with it, and their accounts journalled as changed.
    async fn upsert_patients(
        &mut self,
        organization: OrganizationId,
        patients: Vec<ImportedPatient>,
        now: DateTime<Utc>,
    ) -> Result<UpsertReport, StoreError>;
    /// How many records the organization has.
    async fn count_patients(&mut self, organization: OrganizationId) -> Result<u64, StoreError>;
}

/// Counters of wrong tries. `key` is an account id's or a keyed address hash's 16 bytes.
#[async_trait]
pub trait Attempts {
    /// The counter, locked until the end of the unit even where it does not exist yet, so that tries made
    /// at once are counted one after the other.
    async fn attempts_for_update(
        &mut self,
        scope: AttemptScope,
        key: [u8; 16],
        now: DateTime<Utc>,
    ) -> Result<Option<AttemptCounter>, StoreError>;
    /// The counter as it is, without a lock.
    async fn attempts(
        &mut self,
        scope: AttemptScope,
        key: [u8; 16],
    ) -> Result<Option<AttemptCounter>, StoreError>;
    /// Counts one failure, in one statement.
    async fn count_failure(
        &mut self,
        scope: AttemptScope,
        key: [u8; 16],
        now: DateTime<Utc>,
    ) -> Result<AttemptCounter, StoreError>;
}

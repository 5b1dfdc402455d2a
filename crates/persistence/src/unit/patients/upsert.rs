use std::collections::HashMap;

use chrono::{DateTime, Utc};
use kinlink_domain::{
    id::{OrganizationId, PatientId},
    patient::{ImportedPatient, RecordVersion, UpsertReport},
    store::StoreError,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Set, sea_query::OnConflict};
use uuid::Uuid;

use super::{
    super::SeaUnit,
    Head,
    row::{Hashes, contacts_hash, content_hash, seal},
};
use crate::{
    entity::{patient, patient_key},
    error::store_error,
};

/// Rows in one statement, below SQLite's 32,766 parameters even with sixteen columns.
const ROWS: usize = 1_000;

/// What an incoming record means for the stored one.
enum Plan {
    Create(Uuid),
    Update { id: Uuid, was_usable: bool, contacts_changed_at: Option<DateTime<Utc>> },
    Unchanged,
    Stale,
}

impl SeaUnit {
    pub(super) async fn upsert(
        &mut self,
        organization: OrganizationId,
        patients: Vec<ImportedPatient>,
        now: DateTime<Utc>,
    ) -> Result<UpsertReport, StoreError> {
        let (mut pending, mut report) = newest_of_each(patients);
        // Another import may create a record between our reading and our writing. It is then found by the
        // next round, which compares with it like with any other.
        while !pending.is_empty() {
            let (done, left) = self.round(organization, pending, now).await?;
            report += done;
            pending = left;
        }
        Ok(report)
    }

    async fn round(
        &mut self,
        organization: OrganizationId,
        patients: Vec<ImportedPatient>,
        now: DateTime<Utc>,
    ) -> Result<(UpsertReport, Vec<ImportedPatient>), StoreError> {
        let heads = self.locked_heads(organization, patients.iter().map(|patient| &patient.fhir_id)).await?;
        let mut report = UpsertReport::default();
        let (mut creations, mut updates, mut changed_use) = (Vec::new(), Vec::new(), Vec::new());
        for patient in patients {
            let hash = content_hash(&patient, &*self.vault);
            match self.plan(&patient, &hash, heads.get(patient.fhir_id.as_str()), now) {
                Plan::Create(id) => {
                    let hashes = Hashes::of(&patient, hash, None, &*self.vault);
                    creations.push((id, patient, hashes));
                }
                Plan::Update { id, was_usable, contacts_changed_at } => {
                    if was_usable != patient.is_usable() {
                        changed_use.push((id, patient.is_usable()));
                    }
                    let hashes = Hashes::of(&patient, hash, contacts_changed_at, &*self.vault);
                    updates.push((id, patient, hashes));
                }
                Plan::Unchanged => report.unchanged += 1,
                Plan::Stale => report.stale += 1,
            }
        }
        report.updated = u64::try_from(updates.len()).unwrap_or_default();
        self.write_updates(organization, &updates, now).await?;
        let left = self.write_creations(organization, creations, now, &mut report).await?;
        for (id, usable) in changed_use {
            self.mark_links(organization, PatientId::from_uuid(id), usable, now).await?;
        }
        Ok((report, left))
    }

    fn plan(&self, patient: &ImportedPatient, hash: &[u8], head: Option<&Head>, now: DateTime<Utc>) -> Plan {
        let Some(head) = head else {
            return Plan::Create(PatientId::new(now, &*self.random).uuid());
        };
        if head.content_hash == hash {
            return Plan::Unchanged;
        }
        let stored = RecordVersion { version_id: head.version_id.clone(), last_updated: head.last_updated };
        if patient.version.supersedes(&stored) {
            // A record stored before contacts were hashed may have had any: taken for a change, to be safe.
            let same = head.contacts_hash.as_ref() == Some(&contacts_hash(patient, &*self.vault));
            let contacts_changed_at = if same { head.contacts_changed_at } else { Some(now) };
            Plan::Update { id: head.id, was_usable: head.usable, contacts_changed_at }
        } else {
            Plan::Stale
        }
    }

    async fn write_updates(
        &self,
        organization: OrganizationId,
        updates: &[(Uuid, ImportedPatient, Hashes)],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        use patient::Column;
        for updates in updates.chunks(ROWS) {
            let rows = updates
                .iter()
                .map(|(id, patient, hashes)| seal(*id, organization, patient, hashes, &*self.vault, now));
            let mut replace = OnConflict::columns([Column::OrganizationId, Column::Id]);
            replace.update_columns([
                Column::Active,
                Column::Deceased,
                Column::Usable,
                Column::VersionId,
                Column::LastUpdated,
                Column::ContentHash,
                Column::KeyId,
                Column::Sealed,
                Column::UpdatedAt,
                Column::ContactsHash,
                Column::ContactsChangedAt,
            ]);
            let insert = patient::Entity::insert_many(rows).on_conflict(replace);
            insert.exec_without_returning(&self.tx).await.map_err(store_error)?;
            patient_key::Entity::delete_many()
                .filter(patient_key::Column::OrganizationId.eq(organization.uuid()))
                .filter(patient_key::Column::PatientId.is_in(updates.iter().map(|(id, ..)| *id)))
                .exec(&self.tx)
                .await
                .map_err(store_error)?;
            self.write_keys(organization, updates.iter().map(|(id, patient, ..)| (*id, patient))).await?;
        }
        Ok(())
    }

    /// Creates records and returns those that somebody else created first.
    async fn write_creations(
        &self,
        organization: OrganizationId,
        creations: Vec<(Uuid, ImportedPatient, Hashes)>,
        now: DateTime<Utc>,
        report: &mut UpsertReport,
    ) -> Result<Vec<ImportedPatient>, StoreError> {
        use patient::Column;
        for creations in creations.chunks(ROWS) {
            let rows = creations
                .iter()
                .map(|(id, patient, hashes)| seal(*id, organization, patient, hashes, &*self.vault, now));
            let taken = OnConflict::columns([Column::OrganizationId, Column::FhirId]).do_nothing().to_owned();
            let insert = patient::Entity::insert_many(rows).on_conflict(taken);
            report.created += insert.exec_without_returning(&self.tx).await.map_err(store_error)?;
        }
        let all = u64::try_from(creations.len()).unwrap_or_default();
        let mut left = Vec::new();
        let ours = if report.created == all {
            creations
        } else {
            let heads = self.locked_heads(organization, creations.iter().map(|(_, p, _)| &p.fhir_id)).await?;
            let created = |id: &Uuid, patient: &ImportedPatient| {
                heads.get(patient.fhir_id.as_str()).is_some_and(|head| head.id == *id)
            };
            let (ours, theirs): (Vec<_>, Vec<_>) =
                creations.into_iter().partition(|(id, p, _)| created(id, p));
            left.extend(theirs.into_iter().map(|(_, patient, _)| patient));
            ours
        };
        self.write_keys(organization, ours.iter().map(|(id, patient, _)| (*id, patient))).await?;
        Ok(left)
    }

    async fn write_keys<'p>(
        &self,
        organization: OrganizationId,
        patients: impl Iterator<Item = (Uuid, &'p ImportedPatient)>,
    ) -> Result<(), StoreError> {
        use patient_key::Column;
        let rows: Vec<_> = patients
            .flat_map(|(id, patient)| patient.demographics.identifiers.iter().map(move |known| (id, known)))
            .map(|(id, identifier)| patient_key::ActiveModel {
                organization_id: Set(organization.uuid()),
                key_hash: Set(self.identifier_hash(organization, identifier)),
                patient_id: Set(id),
            })
            .collect();
        for rows in rows.chunks(ROWS * 5) {
            let mut known = OnConflict::columns([Column::OrganizationId, Column::KeyHash, Column::PatientId]);
            let insert =
                patient_key::Entity::insert_many(rows.to_vec()).on_conflict(known.do_nothing().to_owned());
            insert.exec_without_returning(&self.tx).await.map_err(store_error)?;
        }
        Ok(())
    }
}

/// Of several records with one id, the newest version; the others count as stale, or as unchanged if they
/// are the same.
fn newest_of_each(patients: Vec<ImportedPatient>) -> (Vec<ImportedPatient>, UpsertReport) {
    let mut report = UpsertReport::default();
    let mut newest: HashMap<_, ImportedPatient> = HashMap::with_capacity(patients.len());
    for patient in patients {
        match newest.get_mut(&patient.fhir_id) {
            None => {
                newest.insert(patient.fhir_id.clone(), patient);
            }
            Some(known) if *known == patient => report.unchanged += 1,
            Some(known) => {
                if patient.version.supersedes(&known.version) {
                    *known = patient;
                }
                report.stale += 1;
            }
        }
    }
    let mut patients: Vec<_> = newest.into_values().collect();
    patients.sort_unstable_by(|a, b| a.fhir_id.cmp(&b.fhir_id));
    (patients, report)
}

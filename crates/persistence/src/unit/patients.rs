use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kinlink_domain::{
    access::{AgeException, PatientFacts},
    demographics::{Demographics, Identifier},
    id::{Id, OrganizationId, PatientId},
    link::Link,
    patient::{FhirId, ImportedPatient, PatientRecord, RecordedException, UpsertReport},
    store::{Candidates, Change, Journal, Links, Patients, StoreError},
};
use kinlink_matching::{BlockingKey, BlockingKind, identifier_key};
use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Set,
    sea_query::LockType,
};
use uuid::Uuid;

use super::SeaUnit;
use crate::{
    convert::to_json,
    entity::{patient, patient_key},
    error::store_error,
};

mod candidates;
mod index;
mod rebuild;
mod row;
mod upsert;

pub(super) use row::Stored;
pub(crate) use row::row_name;

/// What is compared with an incoming record before it is written.
#[derive(Debug, FromQueryResult)]
struct Head {
    id: Uuid,
    fhir_id: String,
    version_id: Option<String>,
    last_updated: Option<DateTime<Utc>>,
    content_hash: Vec<u8>,
    contacts_hash: Option<Vec<u8>>,
    contacts_changed_at: Option<DateTime<Utc>>,
    index_keys: Option<Vec<u8>>,
    deceased_seen_at: Option<DateTime<Utc>>,
    deleted: bool,
}

/// Records with one identifier that are told apart at most.
const SAME_IDENTIFIER: u64 = 20;
/// Ids in one statement, below SQLite's 32,766 parameters.
const IDS: usize = 10_000;

impl SeaUnit {
    /// The heads of these records, locked in an order that all writers keep if `ids` are in theirs.
    async fn locked_heads<'i>(
        &self,
        organization: OrganizationId,
        ids: impl Iterator<Item = &'i FhirId>,
    ) -> Result<HashMap<String, Head>, StoreError> {
        let ids: Vec<&str> = ids.map(FhirId::as_str).collect();
        let mut heads = HashMap::with_capacity(ids.len());
        for ids in ids.chunks(IDS) {
            let found = self.locked_heads_of(organization, ids).await?;
            heads.extend(found.into_iter().map(|head| (head.fhir_id.clone(), head)));
        }
        Ok(heads)
    }

    async fn locked_heads_of(
        &self,
        organization: OrganizationId,
        ids: &[&str],
    ) -> Result<Vec<Head>, StoreError> {
        use patient::Column;
        patient::Entity::find()
            .select_only()
            .columns([
                Column::Id,
                Column::FhirId,
                Column::VersionId,
                Column::LastUpdated,
                Column::ContentHash,
                Column::ContactsHash,
                Column::ContactsChangedAt,
                Column::IndexKeys,
                Column::DeceasedSeenAt,
                Column::Deleted,
            ])
            .filter(Column::OrganizationId.eq(organization.uuid()))
            .filter(Column::FhirId.is_in(ids.iter().copied()))
            .order_by_asc(Column::FhirId)
            .lock(LockType::Update)
            .into_model()
            .all(&self.tx)
            .await
            .map_err(store_error)
    }

    /// Links answer by what stands with them of their record.
    async fn mark_links(
        &mut self,
        organization: OrganizationId,
        records: &HashMap<Uuid, (bool, PatientFacts)>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let ids: Vec<Uuid> = records.keys().copied().collect();
        for ids in ids.chunks(IDS) {
            let links = self.links_to_patients_for_update(organization, ids).await?;
            let linked: HashSet<Uuid> = links.iter().map(|link| link.patient.uuid()).collect();
            let exceptions = self.exceptions(organization, linked).await?;
            for link in links {
                let record = link.patient.uuid();
                let Some((usable, facts)) = records.get(&record) else { continue };
                let facts = PatientFacts { exception: exceptions.get(&record).copied(), ..*facts };
                self.mark_link(link, *usable, facts, now).await?;
            }
        }
        Ok(())
    }

    /// What staff recorded against the age rules, of these records.
    async fn exceptions(
        &self,
        organization: OrganizationId,
        records: HashSet<Uuid>,
    ) -> Result<HashMap<Uuid, AgeException>, StoreError> {
        let rows = patient::Entity::find()
            .filter(patient::Column::OrganizationId.eq(organization.uuid()))
            .filter(patient::Column::Id.is_in(records))
            .filter(patient::Column::ExceptionKeyId.is_not_null())
            .all(&self.tx)
            .await
            .map_err(store_error)?;
        let opened = rows.into_iter().map(|row| {
            let id = row.id;
            Ok((id, Stored::open(row, &*self.vault)?.facts().exception))
        });
        let opened: Result<Vec<_>, StoreError> = opened.collect();
        Ok(opened?.into_iter().filter_map(|(id, exception)| Some((id, exception?))).collect())
    }

    pub(super) async fn mark_link(
        &mut self,
        link: Link,
        usable: bool,
        facts: PatientFacts,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let before = link.version;
        let link = link.mark_record(usable, facts, now);
        if link.version == before {
            return Ok(());
        }
        self.update_link(&link).await?;
        self.changed(Change::Account(link.account));
        Ok(())
    }
}

#[async_trait]
impl Patients for SeaUnit {
    async fn patient(
        &mut self,
        organization: OrganizationId,
        fhir_id: &FhirId,
    ) -> Result<Option<PatientRecord>, StoreError> {
        let row = patient::Entity::find()
            .filter(patient::Column::OrganizationId.eq(organization.uuid()))
            .filter(patient::Column::FhirId.eq(fhir_id.as_str()))
            .one(&self.tx)
            .await
            .map_err(store_error)?;
        row.map(|row| Stored::open(row, &*self.vault)).transpose()
    }

    async fn patient_by_id(
        &mut self,
        organization: OrganizationId,
        id: PatientId,
    ) -> Result<Option<PatientRecord>, StoreError> {
        let key = (organization.uuid(), id.uuid());
        let row = patient::Entity::find_by_id(key).one(&self.tx).await.map_err(store_error)?;
        row.map(|row| Stored::open(row, &*self.vault)).transpose()
    }

    async fn patient_for_update(
        &mut self,
        organization: OrganizationId,
        id: PatientId,
    ) -> Result<Option<PatientRecord>, StoreError> {
        let select = patient::Entity::find_by_id((organization.uuid(), id.uuid())).lock(LockType::Update);
        let row = select.one(&self.tx).await.map_err(store_error)?;
        row.map(|row| Stored::open(row, &*self.vault)).transpose()
    }

    async fn put_age_exception(
        &mut self,
        organization: OrganizationId,
        id: PatientId,
        exception: Option<&RecordedException>,
    ) -> Result<(), StoreError> {
        let sealed =
            exception.map(|recorded| self.vault.seal(id.uuid().as_bytes(), to_json(recorded).as_bytes()));
        let columns = patient::ActiveModel {
            organization_id: Set(organization.uuid()),
            id: Set(id.uuid()),
            exception_key_id: Set(sealed.as_ref().map(|sealed| sealed.key.0.into())),
            exception_sealed: Set(sealed.map(|sealed| sealed.bytes)),
            ..Default::default()
        };
        patient::Entity::update(columns).exec(&self.tx).await.map_err(store_error)?;
        Ok(())
    }

    async fn patients_by_identifier(
        &mut self,
        organization: OrganizationId,
        identifier: &Identifier,
    ) -> Result<Vec<PatientRecord>, StoreError> {
        let key = BlockingKey {
            kind: BlockingKind::Identifier,
            value: identifier_key(&identifier.system, &identifier.value),
        };
        let entries = patient_key::Entity::find()
            .filter(patient_key::Column::OrganizationId.eq(organization.uuid()))
            .filter(patient_key::Column::KeyHash.eq(index::entry(organization, &key, &*self.vault)))
            .limit(SAME_IDENTIFIER)
            .all(&self.tx)
            .await
            .map_err(store_error)?;
        let mut found = Vec::with_capacity(entries.len());
        for entry in entries {
            found.extend(self.patient_by_id(organization, Id::from_uuid(entry.patient_id)).await?);
        }
        // Entries are short, and may meet by chance.
        found.retain(|record| {
            let known = &record.record.demographics.identifiers;
            known.iter().any(|known| identifier_key(&known.system, &known.value) == key.value)
        });
        Ok(found)
    }

    async fn candidates(
        &mut self,
        organization: OrganizationId,
        demographics: &Demographics,
    ) -> Result<Candidates, StoreError> {
        self.find_candidates(organization, demographics).await
    }

    async fn upsert_patients(
        &mut self,
        organization: OrganizationId,
        patients: Vec<ImportedPatient>,
        now: DateTime<Utc>,
    ) -> Result<UpsertReport, StoreError> {
        self.upsert(organization, patients, now).await
    }

    async fn count_patients(&mut self, organization: OrganizationId) -> Result<u64, StoreError> {
        let select = patient::Entity::find().filter(patient::Column::OrganizationId.eq(organization.uuid()));
        select.count(&self.tx).await.map_err(store_error)
    }
}

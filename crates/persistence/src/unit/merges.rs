//! Links follow the merges of records: which accounts are concerned by what an import wrote, and what the domain
//! decides for each of them ([`kinlink_domain::merge`]), written.

mod apply;
mod family;
mod standing;

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use kinlink_domain::{
    id::{AccountId, Id, OrganizationId, PatientId},
    link::Link,
    merge::{Nowhere, Replacement, destination, settle},
    patient::UpsertReport,
    store::StoreError,
};
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{LockType, OnConflict},
};
use uuid::Uuid;

use super::SeaUnit;
use crate::{
    entity::{displaced_link, link, patient, record_replacement},
    error::store_error,
};

/// Ids in one statement, below SQLite's 32,766 parameters.
pub(super) const IDS: usize = 10_000;

/// A record that was just written.
pub(super) struct Written {
    pub(super) id: Uuid,
    pub(super) fhir_id: String,
    pub(super) replaced_by: Option<String>,
    pub(super) created: bool,
}

/// What each record is replaced by, as far as it was asked for.
type Replacements = HashMap<PatientId, Replacement>;

impl SeaUnit {
    /// Moves the links that what was written concerns. Most imports merge nothing, and cost one small query.
    pub(super) async fn follow_merges(
        &mut self,
        organization: OrganizationId,
        written: &[Written],
        now: DateTime<Utc>,
        report: &mut UpsertReport,
    ) -> Result<(), StoreError> {
        let merging = written.iter().any(|record| record.replaced_by.is_some());
        if !merging && !self.has_replacements(organization).await? {
            return Ok(());
        }
        let mut concerned = self.note_replacements(organization, written).await?;
        concerned.extend(self.waiting_for(organization, written).await?);
        let replacements = self.replacements(organization, concerned.iter().copied()).await?;
        let circular = concerned.iter().filter(|id| {
            let next = |at| replacements.get(&at).copied();
            destination(Id::from_uuid(**id), next) == Err(Nowhere::Circle)
        });
        report.merge_cycles += u64::try_from(circular.count()).unwrap_or_default();
        let mut destinations = HashSet::new();
        for id in concerned.iter().copied().map(Id::from_uuid) {
            let to = destination(id, |at| replacements.get(&at).copied()).unwrap_or(id);
            if to != id {
                self.exception_follows(organization, id, to, now).await?;
            }
            destinations.insert(to.uuid());
        }
        let homes = self.with_those_before(organization, concerned).await?;
        let mut all_moved = Vec::new();
        for account in self.accounts_at(organization, &homes).await? {
            let moved = self.put_in_place(organization, account, now).await?;
            report.links_moved += u64::try_from(moved.len()).unwrap_or_default();
            all_moved.extend(moved);
        }
        self.doubts_follow(&all_moved).await?;
        self.bars_follow(organization, destinations).await
    }

    /// Puts one account's links where they belong, and closes what bars keep from it there; returns those that
    /// changed.
    pub(super) async fn settle(
        &mut self,
        organization: OrganizationId,
        account: AccountId,
        now: DateTime<Utc>,
    ) -> Result<Vec<Link>, StoreError> {
        let moved = self.put_in_place(organization, account, now).await?;
        self.doubts_follow(&moved).await?;
        self.bars_meet(&moved).await?;
        Ok(moved)
    }

    async fn put_in_place(
        &mut self,
        organization: OrganizationId,
        account: AccountId,
        now: DateTime<Utc>,
    ) -> Result<Vec<Link>, StoreError> {
        let displaced = self.displaced(organization, account).await?;
        let links = self.links_at(organization, account).await?;
        let homes = links.iter().map(|link| link.patient).chain(displaced.iter().map(|one| one.home));
        let homes: HashSet<Uuid> = homes.map(Id::uuid).collect();
        let replacements = self.replacements(organization, homes.into_iter()).await?;
        let next = |at| replacements.get(&at).copied();
        let steps = settle(&links, &displaced, now, |home| destination(home, next).unwrap_or(home));
        let mut changed = Vec::new();
        for step in steps {
            changed.extend(self.apply(&links, &displaced, step, now).await?);
        }
        Ok(changed)
    }

    /// Nobody changes until the end of this unit where merges lead from this record: whoever did before is seen
    /// from now on, and whoever does after sees what this unit put there.
    pub(super) async fn keep_way(
        &self,
        organization: OrganizationId,
        home: PatientId,
    ) -> Result<(), StoreError> {
        let way = self.replacements(organization, std::iter::once(home.uuid())).await?;
        let records = way.keys().copied().map(Id::uuid).chain(std::iter::once(home.uuid()));
        patient::Entity::find()
            .select_only()
            .column(patient::Column::Id)
            .filter(patient::Column::OrganizationId.eq(organization.uuid()))
            .filter(patient::Column::Id.is_in(records))
            .order_by_asc(patient::Column::FhirId)
            .lock(LockType::Share)
            .into_tuple::<Uuid>()
            .all(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(())
    }

    async fn has_replacements(&self, organization: OrganizationId) -> Result<bool, StoreError> {
        let any = replacements_of(organization).limit(1).one(&self.tx).await.map_err(store_error)?;
        Ok(any.is_some())
    }

    /// Writes down what the records say, and returns those that say something new.
    async fn note_replacements(
        &self,
        organization: OrganizationId,
        written: &[Written],
    ) -> Result<HashSet<Uuid>, StoreError> {
        use record_replacement::Column;
        let mut known = HashMap::new();
        for part in written.chunks(IDS) {
            let ids = part.iter().filter(|record| !record.created).map(|record| record.id);
            let select = replacements_of(organization).filter(Column::PatientId.is_in(ids));
            let rows = select.all(&self.tx).await.map_err(store_error)?;
            known.extend(rows.into_iter().map(|row| (row.patient_id, row.replaced_by)));
        }
        let mut news = HashSet::new();
        for record in written.iter().filter(|record| record.replaced_by.as_ref() != known.get(&record.id)) {
            news.insert(record.id);
            let key = (organization.uuid(), record.id);
            let Some(other) = &record.replaced_by else {
                let delete = record_replacement::Entity::delete_by_id(key);
                delete.exec(&self.tx).await.map_err(store_error)?;
                continue;
            };
            let row = record_replacement::ActiveModel {
                organization_id: sea_orm::Set(key.0),
                patient_id: sea_orm::Set(key.1),
                replaced_by: sea_orm::Set(other.clone()),
            };
            let mut replace = OnConflict::columns([Column::OrganizationId, Column::PatientId]);
            replace.update_column(Column::ReplacedBy);
            let insert = record_replacement::Entity::insert(row).on_conflict(replace);
            insert.exec_without_returning(&self.tx).await.map_err(store_error)?;
        }
        Ok(news)
    }

    /// Records that were replaced by one that has only come now.
    async fn waiting_for(
        &self,
        organization: OrganizationId,
        written: &[Written],
    ) -> Result<Vec<Uuid>, StoreError> {
        let created: Vec<&str> =
            written.iter().filter(|record| record.created).map(|record| record.fhir_id.as_str()).collect();
        self.replaced_by_any(organization, &created).await
    }

    /// By the index `record_replacement_by_other`.
    async fn replaced_by_any(
        &self,
        organization: OrganizationId,
        names: &[&str],
    ) -> Result<Vec<Uuid>, StoreError> {
        let mut found = Vec::new();
        for names in names.chunks(IDS) {
            let by_one = record_replacement::Column::ReplacedBy.is_in(names.iter().copied());
            let rows =
                replacements_of(organization).filter(by_one).all(&self.tx).await.map_err(store_error)?;
            found.extend(rows.into_iter().map(|row| row.patient_id));
        }
        Ok(found)
    }

    /// These records and all that were merged into them, directly or by others.
    pub(super) async fn with_those_before(
        &self,
        organization: OrganizationId,
        records: HashSet<Uuid>,
    ) -> Result<HashSet<Uuid>, StoreError> {
        let (mut all, mut latest) = (records.clone(), records);
        while !latest.is_empty() {
            let mut names = Vec::new();
            for ids in latest.iter().copied().collect::<Vec<_>>().chunks(IDS) {
                names.extend(self.names(organization, ids).await?.into_iter().map(|(_, name)| name));
            }
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let before = self.replaced_by_any(organization, &names).await?;
            latest = before.into_iter().filter(|id| all.insert(*id)).collect();
        }
        Ok(all)
    }

    async fn names(
        &self,
        organization: OrganizationId,
        ids: &[Uuid],
    ) -> Result<Vec<(Uuid, String)>, StoreError> {
        patient::Entity::find()
            .select_only()
            .columns([patient::Column::Id, patient::Column::FhirId])
            .filter(patient::Column::OrganizationId.eq(organization.uuid()))
            .filter(patient::Column::Id.is_in(ids.iter().copied()))
            .into_tuple()
            .all(&self.tx)
            .await
            .map_err(store_error)
    }

    /// What these records are replaced by, and what those are, and so on.
    async fn replacements(
        &self,
        organization: OrganizationId,
        records: impl Iterator<Item = Uuid>,
    ) -> Result<Replacements, StoreError> {
        let mut found = Replacements::new();
        let mut latest: Vec<Uuid> = records.collect();
        while !latest.is_empty() {
            let mut rows = Vec::new();
            for ids in latest.chunks(IDS) {
                let of = record_replacement::Column::PatientId.is_in(ids.iter().copied());
                let select = replacements_of(organization).filter(of);
                rows.extend(select.all(&self.tx).await.map_err(store_error)?);
            }
            let ids = self.ids(organization, rows.iter().map(|row| row.replaced_by.as_str())).await?;
            latest = Vec::new();
            for row in rows {
                let other = ids.get(&row.replaced_by).copied();
                let record = |id| Replacement::Record(Id::from_uuid(id));
                let known = found
                    .insert(Id::from_uuid(row.patient_id), other.map_or(Replacement::Missing, record))
                    .is_some();
                latest.extend(other.filter(|other| !known && !found.contains_key(&Id::from_uuid(*other))));
            }
        }
        Ok(found)
    }

    async fn ids<'n>(
        &self,
        organization: OrganizationId,
        names: impl Iterator<Item = &'n str>,
    ) -> Result<HashMap<String, Uuid>, StoreError> {
        let names: Vec<&str> = names.collect();
        let mut found = HashMap::new();
        for names in names.chunks(IDS) {
            let rows: Vec<(String, Uuid)> = patient::Entity::find()
                .select_only()
                .columns([patient::Column::FhirId, patient::Column::Id])
                .filter(patient::Column::OrganizationId.eq(organization.uuid()))
                .filter(patient::Column::FhirId.is_in(names.iter().copied()))
                .into_tuple()
                .all(&self.tx)
                .await
                .map_err(store_error)?;
            found.extend(rows);
        }
        Ok(found)
    }

    /// The accounts with links whose home is among these records.
    async fn accounts_at(
        &self,
        organization: OrganizationId,
        homes: &HashSet<Uuid>,
    ) -> Result<Vec<AccountId>, StoreError> {
        let mut accounts: Vec<Uuid> = Vec::new();
        for homes in homes.iter().copied().collect::<Vec<_>>().chunks(IDS) {
            let standing = link::Entity::find()
                .select_only()
                .column(link::Column::AccountId)
                .filter(link::Column::OrganizationId.eq(organization.uuid()))
                .filter(link::Column::PatientId.is_in(homes.iter().copied()));
            let standing = standing.into_tuple::<Uuid>().all(&self.tx).await.map_err(store_error)?;
            let away = displaced_link::Entity::find()
                .select_only()
                .column(displaced_link::Column::AccountId)
                .filter(displaced_link::Column::OrganizationId.eq(organization.uuid()))
                .filter(displaced_link::Column::HomeId.is_in(homes.iter().copied()));
            let away = away.into_tuple::<Uuid>().all(&self.tx).await.map_err(store_error)?;
            accounts.extend(standing.into_iter().chain(away));
        }
        accounts.sort_unstable();
        accounts.dedup();
        Ok(accounts.into_iter().map(Id::from_uuid).collect())
    }

    /// All of an account's links at an organization, ended ones included, locked.
    async fn links_at(
        &self,
        organization: OrganizationId,
        account: AccountId,
    ) -> Result<Vec<Link>, StoreError> {
        let rows = link::Entity::find()
            .filter(link::Column::AccountId.eq(account.uuid()))
            .filter(link::Column::OrganizationId.eq(organization.uuid()))
            .order_by_asc(link::Column::Id)
            .lock(LockType::Update)
            .all(&self.tx)
            .await
            .map_err(store_error)?;
        rows.into_iter().map(|row| super::link_from(row, &*self.vault)).collect()
    }
}

fn replacements_of(organization: OrganizationId) -> sea_orm::Select<record_replacement::Entity> {
    let here = record_replacement::Column::OrganizationId.eq(organization.uuid());
    record_replacement::Entity::find().filter(here)
}

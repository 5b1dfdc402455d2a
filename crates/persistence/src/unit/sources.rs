use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use kinlink_domain::{
    id::{Id, OrganizationId, SourceId},
    port::Vault,
    source::{Source, SourceState},
    store::{Sources, StoreError},
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, NotSet, QueryFilter, QueryOrder, QuerySelect, Select, Set,
    sea_query::{LockBehavior, LockType},
};

use super::SeaUnit;
use crate::{
    convert::{corrupt, from_json, keyed_hash, to_json, unseal},
    entity::patient_source::{ActiveModel, Column, Entity, Model},
    error::store_error,
};

const WHAT: &str = "source";

fn row(source: &Source, vault: &dyn Vault) -> ActiveModel {
    let sealed = vault.seal(source.id.uuid().as_bytes(), to_json(&source.credentials).as_bytes());
    let (lease, began, until) = match source.state {
        SourceState::Waiting => (None, None, None),
        SourceState::Pulling { lease, began, until } => (Some(lease), Some(began), Some(until)),
    };
    ActiveModel {
        organization_id: Set(source.organization.uuid()),
        id: Set(source.id.uuid()),
        name: Set(source.name.clone()),
        fhir_base: Set(source.base.to_string()),
        key_id: Set(sealed.key.0.into()),
        sealed: Set(sealed.bytes),
        token_key_id: Set(source.token.key.0.into()),
        token_hash: Set(source.token.bytes.to_vec()),
        every_seconds: Set(seconds(source.every)),
        overlap_seconds: Set(seconds(source.overlap)),
        deletions: Set(source.deletions),
        since: Set(source.since),
        due_at: Set(source.due_at),
        notified_at: Set(source.notified_at),
        lease_id: Set(lease),
        lease_began: Set(began),
        leased_until: Set(until),
        failures: Set(source.failures.into()),
        last_run: Set(source.last.as_ref().map(to_json)),
        created_at: Set(source.created_at),
    }
}

fn seconds(time: TimeDelta) -> i32 {
    i32::try_from(time.num_seconds()).unwrap_or(i32::MAX)
}

fn source_from(row: Model, vault: &dyn Vault) -> Result<Source, StoreError> {
    let state = match (row.lease_id, row.lease_began, row.leased_until) {
        (None, None, None) => SourceState::Waiting,
        (Some(lease), Some(began), Some(until)) => SourceState::Pulling { lease, began, until },
        _ => return Err(corrupt(WHAT, "its lease does not fit together")),
    };
    Ok(Source {
        id: Id::from_uuid(row.id),
        organization: Id::from_uuid(row.organization_id),
        name: row.name,
        base: row.fhir_base.try_into().map_err(|error| corrupt(WHAT, error))?,
        credentials: unseal(vault, WHAT, row.id.as_bytes(), row.key_id, row.sealed)?,
        token: keyed_hash(WHAT, row.token_key_id, &row.token_hash)?,
        every: TimeDelta::seconds(row.every_seconds.into()),
        overlap: TimeDelta::seconds(row.overlap_seconds.into()),
        deletions: row.deletions,
        since: row.since,
        due_at: row.due_at,
        notified_at: row.notified_at,
        failures: u16::try_from(row.failures).map_err(|error| corrupt(WHAT, error))?,
        last: row.last_run.map(|run| from_json(WHAT, &run)).transpose()?,
        state,
        created_at: row.created_at,
    })
}

fn of(organization: OrganizationId) -> Select<Entity> {
    Entity::find().filter(Column::OrganizationId.eq(organization.uuid()))
}

impl SeaUnit {
    async fn one_source(&self, select: Select<Entity>) -> Result<Option<Source>, StoreError> {
        let row = select.one(&self.tx).await.map_err(store_error)?;
        row.map(|row| source_from(row, &*self.vault)).transpose()
    }
}

#[async_trait]
impl Sources for SeaUnit {
    async fn add_source(&mut self, source: &Source) -> Result<(), StoreError> {
        let row = row(source, &*self.vault);
        Entity::insert(row).exec_without_returning(&self.tx).await.map_err(store_error)?;
        Ok(())
    }

    async fn update_source(&mut self, source: &Source) -> Result<(), StoreError> {
        let columns = ActiveModel { name: NotSet, created_at: NotSet, ..row(source, &*self.vault) };
        Entity::update(columns).exec(&self.tx).await.map_err(store_error)?;
        Ok(())
    }

    async fn remove_source(&mut self, organization: OrganizationId, id: SourceId) -> Result<(), StoreError> {
        Entity::delete_by_id((organization.uuid(), id.uuid())).exec(&self.tx).await.map_err(store_error)?;
        Ok(())
    }

    async fn source(
        &mut self,
        organization: OrganizationId,
        id: SourceId,
    ) -> Result<Option<Source>, StoreError> {
        self.one_source(of(organization).filter(Column::Id.eq(id.uuid()))).await
    }

    async fn source_for_update(
        &mut self,
        organization: OrganizationId,
        id: SourceId,
    ) -> Result<Option<Source>, StoreError> {
        self.one_source(of(organization).filter(Column::Id.eq(id.uuid())).lock(LockType::Update)).await
    }

    async fn sources(&mut self, organization: OrganizationId) -> Result<Vec<Source>, StoreError> {
        let rows = of(organization).order_by_asc(Column::Name).all(&self.tx).await.map_err(store_error)?;
        rows.into_iter().map(|row| source_from(row, &*self.vault)).collect()
    }

    /// By the index `patient_source_due`.
    async fn due_source_for_update(&mut self, now: DateTime<Utc>) -> Result<Option<Source>, StoreError> {
        let free = Condition::any().add(Column::LeasedUntil.is_null()).add(Column::LeasedUntil.lte(now));
        let due = Entity::find()
            .filter(Column::DueAt.lte(now))
            .filter(free)
            .order_by_asc(Column::DueAt)
            .limit(1)
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
        self.one_source(due).await
    }
}

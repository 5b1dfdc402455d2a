use std::{cmp::Reverse, collections::HashSet};

use async_trait::async_trait;
use kinlink_domain::{
    bar::{Bar, Lifted},
    id::{BarId, Id, OrganizationId, PatientId},
    port::Vault,
    store::{Bars, StoreError},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, Select, Set, sea_query::LockType};
use uuid::Uuid;

use super::{SeaUnit, merges::IDS};
use crate::{
    convert::{corrupt, from_json, to_json, unseal},
    entity::bar::{ActiveModel, Column, Entity, Model},
    error::store_error,
};

const WHAT: &str = "bar";

/// The columns that change.
fn lifted_columns(bar: &Bar) -> ActiveModel {
    ActiveModel {
        organization_id: Set(bar.organization.uuid()),
        id: Set(bar.id.uuid()),
        lifted_at: Set(bar.lifted.map(|lifted| lifted.at)),
        lifted_by: Set(bar.lifted.map(|lifted| to_json(&lifted.by))),
        ..Default::default()
    }
}

fn row(bar: &Bar, vault: &dyn Vault) -> ActiveModel {
    let sealed = vault.seal(bar.id.uuid().as_bytes(), to_json(&bar.about).as_bytes());
    ActiveModel {
        patient_id: Set(bar.patient.uuid()),
        account_id: Set(bar.account.map(Id::uuid)),
        key_id: Set(sealed.key.0.into()),
        sealed: Set(sealed.bytes),
        until: Set(bar.until),
        recorded_by: Set(to_json(&bar.by)),
        recorded_at: Set(bar.at),
        ..lifted_columns(bar)
    }
}

fn bar(row: Model, vault: &dyn Vault) -> Result<Bar, StoreError> {
    let lifted = match (row.lifted_at, row.lifted_by.as_deref()) {
        (None, None) => None,
        (Some(at), Some(by)) => Some(Lifted { at, by: from_json(WHAT, by)? }),
        _ => return Err(corrupt(WHAT, "its state does not fit together")),
    };
    Ok(Bar {
        id: Id::from_uuid(row.id),
        organization: Id::from_uuid(row.organization_id),
        patient: Id::from_uuid(row.patient_id),
        account: row.account_id.map(Id::from_uuid),
        about: unseal(vault, WHAT, row.id.as_bytes(), row.key_id, row.sealed)?,
        until: row.until,
        by: from_json(WHAT, &row.recorded_by)?,
        at: row.recorded_at,
        lifted,
    })
}

fn of(organization: OrganizationId) -> Select<Entity> {
    Entity::find().filter(Column::OrganizationId.eq(organization.uuid()))
}

impl SeaUnit {
    /// The bars that were recorded at these records, newest first. By the index `bar_by_patient`.
    pub(super) async fn bars_at(
        &self,
        organization: OrganizationId,
        records: &HashSet<Uuid>,
    ) -> Result<Vec<Bar>, StoreError> {
        let mut found = Vec::new();
        for records in records.iter().copied().collect::<Vec<_>>().chunks(IDS) {
            let select = of(organization).filter(Column::PatientId.is_in(records.iter().copied()));
            found.extend(select.all(&self.tx).await.map_err(store_error)?);
        }
        found.sort_unstable_by_key(|row| Reverse(row.id));
        found.into_iter().map(|row| bar(row, &*self.vault)).collect()
    }
}

#[async_trait]
impl Bars for SeaUnit {
    async fn add_bar(&mut self, bar: &Bar) -> Result<(), StoreError> {
        let row = row(bar, &*self.vault);
        Entity::insert(row).exec_without_returning(&self.tx).await.map_err(store_error)?;
        Ok(())
    }

    async fn update_bar(&mut self, bar: &Bar) -> Result<(), StoreError> {
        Entity::update(lifted_columns(bar)).exec(&self.tx).await.map_err(store_error)?;
        Ok(())
    }

    async fn bar_for_update(
        &mut self,
        organization: OrganizationId,
        id: BarId,
    ) -> Result<Option<Bar>, StoreError> {
        let select = of(organization).filter(Column::Id.eq(id.uuid())).lock(LockType::Update);
        let row = select.one(&self.tx).await.map_err(store_error)?;
        row.map(|row| bar(row, &*self.vault)).transpose()
    }

    async fn bars(
        &mut self,
        organization: OrganizationId,
        patient: PatientId,
    ) -> Result<Vec<Bar>, StoreError> {
        // A bar that was recorded at a record which was merged into this one holds at this one.
        let records = self.with_those_before(organization, HashSet::from([patient.uuid()])).await?;
        self.bars_at(organization, &records).await
    }
}

use chrono::{DateTime, Utc};
use kinlink_domain::{
    account::Iss,
    id::{Id, OrganizationId},
    port::{Sealed, Vault},
    provisioning::{ClientSecret, ProvisioningTarget},
    store::StoreError,
};
use sea_orm::{ColumnTrait, EntityTrait, NotSet, QueryFilter, QueryOrder, QuerySelect, Set};
use uuid::Uuid;

use super::{super::SeaUnit, Key, free};
use crate::{
    convert::{corrupt, from_json, from_word, key_id, to_json},
    entity::{
        provisioning_account, provisioning_run,
        provisioning_target::{ActiveModel, Column, Entity, Model},
    },
    error::store_error,
};

const WHAT: &str = "provisioning target";

fn row(target: &ProvisioningTarget, vault: &dyn Vault) -> ActiveModel {
    let sealed = vault.seal(target.id.uuid().as_bytes(), target.secret.expose().as_bytes());
    ActiveModel {
        organization_id: Set(target.organization.uuid()),
        id: Set(target.id.uuid()),
        iss: Set(target.issuer.to_string()),
        settings: Set(to_json(&target.settings)),
        client_id: Set(target.client_id.clone()),
        key_id: Set(sealed.key.0.into()),
        sealed: Set(sealed.bytes),
        state: Set(target.state.as_str().to_owned()),
        paused_until: Set(None),
        created_at: Set(target.created_at),
        updated_at: Set(target.updated_at),
    }
}

fn target_from(row: Model, vault: &dyn Vault) -> Result<ProvisioningTarget, StoreError> {
    let sealed = Sealed { key: key_id(WHAT, row.key_id)?, bytes: row.sealed };
    let secret = vault.open(row.id.as_bytes(), &sealed).map_err(|error| corrupt(WHAT, error))?;
    let secret = std::str::from_utf8(&secret).map_err(|_| corrupt(WHAT, "its secret is no text"))?;
    Ok(ProvisioningTarget {
        id: Id::from_uuid(row.id),
        organization: Id::from_uuid(row.organization_id),
        issuer: Iss::parse(row.iss).map_err(|error| corrupt(WHAT, error))?,
        settings: from_json(WHAT, &row.settings)?,
        client_id: row.client_id,
        secret: ClientSecret::new(secret),
        state: from_word(WHAT, &row.state)?,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

impl SeaUnit {
    pub(super) async fn insert_target(&self, target: &ProvisioningTarget) -> Result<(), StoreError> {
        let insert = Entity::insert(row(target, &*self.vault));
        insert.exec_without_returning(&self.tx).await.map_err(store_error)?;
        Ok(())
    }

    pub(super) async fn update_target(&self, target: &ProvisioningTarget) -> Result<(), StoreError> {
        let columns = ActiveModel { iss: NotSet, created_at: NotSet, ..row(target, &*self.vault) };
        Entity::update(columns).exec(&self.tx).await.map_err(store_error)?;
        Ok(())
    }

    pub(super) async fn delete_target(&self, key: Key) -> Result<(), StoreError> {
        use provisioning_account::Column as Account;
        provisioning_account::Entity::delete_many()
            .filter(Account::OrganizationId.eq(key.0))
            .filter(Account::TargetId.eq(key.1))
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        self.forget_findings(key, None).await?;
        provisioning_run::Entity::delete_many()
            .filter(provisioning_run::Column::OrganizationId.eq(key.0))
            .filter(provisioning_run::Column::TargetId.eq(key.1))
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        Entity::delete_by_id(key).exec(&self.tx).await.map_err(store_error)?;
        Ok(())
    }

    pub(super) async fn find_target(&self, key: Key) -> Result<Option<ProvisioningTarget>, StoreError> {
        let row = Entity::find_by_id(key).one(&self.tx).await.map_err(store_error)?;
        row.map(|row| target_from(row, &*self.vault)).transpose()
    }

    pub(super) async fn all_targets(
        &self,
        organization: OrganizationId,
    ) -> Result<Vec<ProvisioningTarget>, StoreError> {
        let select = Entity::find().filter(Column::OrganizationId.eq(organization.uuid()));
        let rows = select.order_by_asc(Column::Id).all(&self.tx).await.map_err(store_error)?;
        rows.into_iter().map(|row| target_from(row, &*self.vault)).collect()
    }

    pub(super) async fn pause_target(&self, key: Key, until: DateTime<Utc>) -> Result<(), StoreError> {
        let row = ActiveModel {
            organization_id: Set(key.0),
            id: Set(key.1),
            paused_until: Set(Some(until)),
            ..Default::default()
        };
        // None, if it was removed meanwhile.
        Entity::update_many()
            .set(row)
            .filter(Column::OrganizationId.eq(key.0))
            .filter(Column::Id.eq(key.1))
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(())
    }

    /// The targets to which something may be sent now; there are few.
    pub(super) async fn open_targets(&self, now: DateTime<Utc>) -> Result<Vec<Uuid>, StoreError> {
        self.unpaused(now, Some("off")).await
    }

    /// The targets of which something may be asked now, those that are off too.
    pub(super) async fn readable_targets(&self, now: DateTime<Utc>) -> Result<Vec<Uuid>, StoreError> {
        self.unpaused(now, None).await
    }

    async fn unpaused(&self, now: DateTime<Utc>, but: Option<&str>) -> Result<Vec<Uuid>, StoreError> {
        let mut select =
            Entity::find().select_only().column(Column::Id).filter(free(Column::PausedUntil, now));
        if let Some(but) = but {
            select = select.filter(Column::State.ne(but));
        }
        select.into_tuple().all(&self.tx).await.map_err(store_error)
    }
}

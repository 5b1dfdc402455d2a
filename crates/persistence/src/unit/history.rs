use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kinlink_domain::{
    id::OrganizationId,
    link::Link,
    organization::Organization,
    policy::Policy,
    store::{History, StoreError},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, Set, TryIntoModel, sea_query::OnConflict};

use super::{SeaUnit, links};
use crate::{
    convert::{from_json, to_json},
    entity::{link, link_history, organization_policy},
    error::store_error,
};

const WHAT: &str = "link history";

impl SeaUnit {
    /// Keeps a link as it was just written. What is encrypted of it stays so, bound to the same link.
    pub(super) async fn keep_version(&self, row: link::ActiveModel) -> Result<(), StoreError> {
        let model = row.try_into_model().map_err(store_error)?;
        let version = link_history::ActiveModel {
            account_id: Set(model.account_id),
            link_id: Set(model.id),
            version: Set(model.version),
            at: Set(model.updated_at),
            facts_key_id: Set(model.facts_key_id),
            facts_sealed: Set(model.facts_sealed.clone()),
            contents: Set(to_json(&link::Model { facts_key_id: None, facts_sealed: None, ..model })),
        };
        let insert = link_history::Entity::insert(version);
        insert.exec_without_returning(&self.tx).await.map_err(store_error)?;
        Ok(())
    }

    /// Keeps a policy from now on, in the place of one that was set in the same moment.
    pub(super) async fn keep_policy(&self, organization: &Organization) -> Result<(), StoreError> {
        use organization_policy::Column;
        let row = organization_policy::ActiveModel {
            organization_id: Set(organization.id.uuid()),
            since: Set(self.begun_at),
            policy: Set(to_json(&organization.policy)),
        };
        let mut replace = OnConflict::columns([Column::OrganizationId, Column::Since]);
        replace.update_column(Column::Policy);
        let insert = organization_policy::Entity::insert(row).on_conflict(replace);
        insert.exec_without_returning(&self.tx).await.map_err(store_error)?;
        Ok(())
    }
}

#[async_trait]
impl History for SeaUnit {
    /// By the primary key `(account_id, link_id, version)`: versions go up with time.
    async fn link_at(&mut self, link: &Link, at: DateTime<Utc>) -> Result<Option<Link>, StoreError> {
        if link.updated_at <= at {
            return Ok(Some(link.clone()));
        }
        let row = link_history::Entity::find()
            .filter(link_history::Column::AccountId.eq(link.account.uuid()))
            .filter(link_history::Column::LinkId.eq(link.id.uuid()))
            .filter(link_history::Column::At.lte(at))
            .order_by_desc(link_history::Column::Version)
            .one(&self.tx)
            .await
            .map_err(store_error)?;
        let Some(row) = row else { return Ok(None) };
        let model: link::Model = from_json(WHAT, &row.contents)?;
        let model = link::Model { facts_key_id: row.facts_key_id, facts_sealed: row.facts_sealed, ..model };
        links::link_from(model, &*self.vault).map(Some)
    }

    async fn policy_at(
        &mut self,
        organization: OrganizationId,
        at: DateTime<Utc>,
    ) -> Result<Option<Policy>, StoreError> {
        use organization_policy::Column;
        let all = organization_policy::Entity::find().filter(Column::OrganizationId.eq(organization.uuid()));
        let then = all.clone().filter(Column::Since.lte(at)).order_by_desc(Column::Since);
        let row = match then.one(&self.tx).await.map_err(store_error)? {
            Some(row) => Some(row),
            None => all.order_by_asc(Column::Since).one(&self.tx).await.map_err(store_error)?,
        };
        row.map(|row| from_json("policy", &row.policy)).transpose()
    }
}

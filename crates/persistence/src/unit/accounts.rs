use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kinlink_domain::{
    account::{Account, AccountKey, Iss, Sub},
    id::{AccountId, Id},
    store::{Accounts, StoreError},
};
use sea_orm::{EntityTrait, Set, sea_query::OnConflict};

use super::SeaUnit;
use crate::{convert::corrupt, entity::account, error::store_error};

impl TryFrom<account::Model> for Account {
    type Error = StoreError;
    fn try_from(row: account::Model) -> Result<Self, StoreError> {
        let key = AccountKey {
            iss: Iss::parse(row.iss).map_err(|error| corrupt("account", error))?,
            sub: Sub::parse(row.sub).map_err(|error| corrupt("account", error))?,
        };
        Ok(Self { id: Id::from_uuid(row.id), key, created_at: row.created_at })
    }
}

#[async_trait]
impl Accounts for SeaUnit {
    async fn ensure_account(&mut self, key: &AccountKey, now: DateTime<Utc>) -> Result<Account, StoreError> {
        let id = key.id();
        if let Some(known) = self.account(id).await? {
            return Ok(known);
        }
        let row = account::ActiveModel {
            id: Set(id.uuid()),
            iss: Set(key.iss.to_string()),
            sub: Set(key.sub.as_str().to_owned()),
            created_at: Set(now),
        };
        account::Entity::insert(row)
            .on_conflict(OnConflict::column(account::Column::Id).do_nothing().to_owned())
            .exec_without_returning(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(Account { id, key: key.clone(), created_at: now })
    }

    async fn account(&mut self, id: AccountId) -> Result<Option<Account>, StoreError> {
        let row = account::Entity::find_by_id(id.uuid()).one(&self.tx).await.map_err(store_error)?;
        row.map(TryInto::try_into).transpose()
    }
}

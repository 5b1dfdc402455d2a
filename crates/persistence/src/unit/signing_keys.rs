use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kinlink_domain::{
    port::{Sealed, Vault},
    signing_key::{KeyPurpose, SigningKey},
    store::{SigningKeys, StoreError},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, Set};
use uuid::Uuid;

use super::SeaUnit;
use crate::{
    convert::{corrupt, from_json, from_word, key_id, to_json, to_word},
    entity::signing_key::{ActiveModel, Column, Entity, Model},
    error::store_error,
};

const WHAT: &str = "signing key";

/// What the private half is bound to: it opens in its own row only. Keys named `ank_` and a UUID were made and bound
/// to that before those of every purpose had one table.
pub(crate) fn row_name(purpose: &str, kid: &str) -> Vec<u8> {
    let id = kid.strip_prefix("ank_").and_then(|id| Uuid::try_parse(id).ok());
    id.map_or_else(|| format!("{purpose}_key {kid}").into_bytes(), |id| id.as_bytes().to_vec())
}

fn number(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn key(row: Model, vault: &dyn Vault) -> Result<SigningKey, StoreError> {
    let purpose: KeyPurpose = from_word(WHAT, &row.purpose)?;
    let sealed = Sealed { key: key_id(WHAT, row.key_id)?, bytes: row.sealed };
    let private =
        vault.open(&row_name(purpose.as_str(), &row.kid), &sealed).map_err(|error| corrupt(WHAT, error))?;
    Ok(SigningKey {
        purpose,
        number: u32::try_from(row.number).map_err(|error| corrupt(WHAT, error))?,
        public: from_json(WHAT, &row.public)?,
        kid: row.kid,
        private,
        signs_from: row.signs_from,
        ends_at: row.ends_at,
    })
}

#[async_trait]
impl SigningKeys for SeaUnit {
    async fn signing_keys(&mut self, purpose: KeyPurpose) -> Result<Vec<SigningKey>, StoreError> {
        let select = Entity::find().filter(Column::Purpose.eq(purpose.as_str()));
        let rows = select.order_by_asc(Column::Number).all(&self.tx).await.map_err(store_error)?;
        rows.into_iter().map(|row| key(row, &*self.vault)).collect()
    }

    async fn add_signing_key(&mut self, key: &SigningKey) -> Result<(), StoreError> {
        let sealed = self.vault.seal(&row_name(key.purpose.as_str(), &key.kid), &key.private);
        let row = ActiveModel {
            purpose: Set(to_word(&key.purpose)),
            number: Set(number(key.number)),
            kid: Set(key.kid.clone()),
            public: Set(to_json(&key.public)),
            key_id: Set(sealed.key.0.into()),
            sealed: Set(sealed.bytes),
            signs_from: Set(key.signs_from),
            ends_at: Set(key.ends_at),
        };
        Entity::insert(row).exec_without_returning(&self.tx).await.map_err(store_error)?;
        Ok(())
    }

    async fn end_signing_key(
        &mut self,
        purpose: KeyPurpose,
        of: u32,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        Entity::update_many()
            .set(ActiveModel { ends_at: Set(Some(at)), ..Default::default() })
            .filter(Column::Purpose.eq(purpose.as_str()))
            .filter(Column::Number.eq(number(of)))
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(())
    }
}

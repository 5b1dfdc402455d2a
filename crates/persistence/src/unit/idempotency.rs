use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kinlink_domain::{
    port::Sealed,
    store::{Idempotency, IdempotencyClaim, IdempotencyKey, StoreError},
};
use sea_orm::{EntityTrait, Set, sea_query::OnConflict};

use super::SeaUnit;
use crate::{
    convert::{corrupt, key_id},
    entity::idempotency_answer::{ActiveModel, Column, Entity, Model},
    error::store_error,
};

const WHAT: &str = "idempotency answer";

impl SeaUnit {
    fn answered(&self, key: &IdempotencyKey, row: Model) -> Result<IdempotencyClaim, StoreError> {
        if row.body_hash != key.body {
            return Ok(IdempotencyClaim::OtherBody);
        }
        let (Some(status), Some(key_of_row), Some(bytes)) = (row.status, row.key_id, row.sealed) else {
            return Err(corrupt(WHAT, "it was saved without an answer"));
        };
        let sealed = Sealed { key: key_id(WHAT, key_of_row)?, bytes };
        let body = self.vault.open(&key.request, &sealed).map_err(|error| corrupt(WHAT, error))?;
        let status = u16::try_from(status).map_err(|error| corrupt(WHAT, error))?;
        Ok(IdempotencyClaim::Answered { status, body: body.to_vec() })
    }
}

#[async_trait]
impl Idempotency for SeaUnit {
    /// The insertion waits for another unit that holds the same key; what is found after it is what that
    /// unit saved.
    async fn claim(
        &mut self,
        key: &IdempotencyKey,
        now: DateTime<Utc>,
    ) -> Result<IdempotencyClaim, StoreError> {
        let row = ActiveModel {
            request: Set(key.request.to_vec()),
            body_hash: Set(key.body.to_vec()),
            status: Set(None),
            key_id: Set(None),
            sealed: Set(None),
            created_at: Set(now),
        };
        let inserted = Entity::insert(row)
            .on_conflict(OnConflict::column(Column::Request).do_nothing().to_owned())
            .exec_without_returning(&self.tx)
            .await
            .map_err(store_error)?;
        if inserted > 0 {
            return Ok(IdempotencyClaim::Fresh);
        }
        let row = Entity::find_by_id(key.request.to_vec()).one(&self.tx).await.map_err(store_error)?;
        row.map_or(Ok(IdempotencyClaim::Fresh), |row| self.answered(key, row))
    }

    async fn release(&mut self, key: &IdempotencyKey) -> Result<(), StoreError> {
        let delete = Entity::delete_by_id(key.request.to_vec());
        delete.exec(&self.tx).await.map_err(store_error)?;
        Ok(())
    }

    async fn keep_answer(
        &mut self,
        key: &IdempotencyKey,
        status: u16,
        body: &[u8],
    ) -> Result<(), StoreError> {
        let sealed = self.vault.seal(&key.request, body);
        let row = ActiveModel {
            request: Set(key.request.to_vec()),
            status: Set(Some(status.into())),
            key_id: Set(Some(sealed.key.0.into())),
            sealed: Set(Some(sealed.bytes)),
            ..Default::default()
        };
        Entity::update(row).exec(&self.tx).await.map_err(store_error)?;
        Ok(())
    }
}

use async_trait::async_trait;
use kinlink_domain::{
    answer_key::AnswerKey,
    id::Id,
    port::Sealed,
    store::{AnswerKeys, StoreError},
};
use sea_orm::{EntityTrait, QueryOrder, Set};

use super::SeaUnit;
use crate::{
    convert::{corrupt, from_json, key_id, to_json},
    entity::answer_key::{ActiveModel, Column, Entity, Model},
    error::store_error,
};

const WHAT: &str = "answer key";

impl SeaUnit {
    fn answer_key(&self, row: Model) -> Result<AnswerKey, StoreError> {
        let sealed = Sealed { key: key_id(WHAT, row.key_id)?, bytes: row.sealed };
        let private = self.vault.open(row.id.as_bytes(), &sealed).map_err(|error| corrupt(WHAT, error))?;
        let public = from_json(WHAT, &row.public)?;
        Ok(AnswerKey { id: Id::from_uuid(row.id), private, public, created_at: row.created_at })
    }
}

#[async_trait]
impl AnswerKeys for SeaUnit {
    async fn add_answer_key(&mut self, key: &AnswerKey) -> Result<(), StoreError> {
        let sealed = self.vault.seal(key.id.uuid().as_bytes(), &key.private);
        let row = ActiveModel {
            id: Set(key.id.uuid()),
            key_id: Set(sealed.key.0.into()),
            sealed: Set(sealed.bytes),
            public: Set(to_json(&key.public)),
            created_at: Set(key.created_at),
        };
        Entity::insert(row).exec_without_returning(&self.tx).await.map_err(store_error)?;
        Ok(())
    }

    async fn answer_keys(&mut self) -> Result<Vec<AnswerKey>, StoreError> {
        let rows = Entity::find().order_by_desc(Column::Id).all(&self.tx).await.map_err(store_error)?;
        rows.into_iter().map(|row| self.answer_key(row)).collect()
    }
}

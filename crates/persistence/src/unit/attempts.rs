use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kinlink_domain::{
    attempt::{AttemptCounter, AttemptScope},
    store::{Attempts, StoreError},
};
use sea_orm::{
    ConnectionTrait, EntityTrait, QueryResult, QuerySelect, Set, Statement,
    sea_query::{LockType, OnConflict},
};

use super::SeaUnit;
use crate::{
    convert::corrupt,
    entity::attempt_counter::{ActiveModel, Column, Entity, Model},
    error::store_error,
};

fn id(scope: AttemptScope, key: [u8; 16]) -> (String, Vec<u8>) {
    (scope.as_str().to_owned(), key.to_vec())
}

fn counter(row: &Model) -> Option<AttemptCounter> {
    let failures = u32::try_from(row.failures).unwrap_or_default();
    (failures > 0).then_some(AttemptCounter { since: row.since, failures })
}

fn counted(row: &QueryResult) -> Result<AttemptCounter, sea_orm::DbErr> {
    let failures: i32 = row.try_get("", "failures")?;
    Ok(AttemptCounter {
        since: row.try_get("", "since")?,
        failures: u32::try_from(failures).unwrap_or_default(),
    })
}

#[async_trait]
impl Attempts for SeaUnit {
    async fn attempts_for_update(
        &mut self,
        scope: AttemptScope,
        key: [u8; 16],
        now: DateTime<Utc>,
    ) -> Result<Option<AttemptCounter>, StoreError> {
        // A row that is not there cannot be locked, so one that counts nothing is put there first.
        let (scope, key) = id(scope, key);
        let row = ActiveModel {
            scope: Set(scope.clone()),
            key: Set(key.clone()),
            since: Set(now),
            failures: Set(0),
        };
        Entity::insert(row)
            .on_conflict(OnConflict::columns([Column::Scope, Column::Key]).do_nothing().to_owned())
            .exec_without_returning(&self.tx)
            .await
            .map_err(store_error)?;
        let row = Entity::find_by_id((scope, key))
            .lock(LockType::Update)
            .one(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(row.as_ref().and_then(counter))
    }

    async fn attempts(
        &mut self,
        scope: AttemptScope,
        key: [u8; 16],
    ) -> Result<Option<AttemptCounter>, StoreError> {
        let row = Entity::find_by_id(id(scope, key)).one(&self.tx).await.map_err(store_error)?;
        Ok(row.as_ref().and_then(counter))
    }

    /// [`AttemptCounter::after_failure`] as one statement, so that failures counted at once are all counted.
    async fn count_failure(
        &mut self,
        scope: AttemptScope,
        key: [u8; 16],
        now: DateTime<Utc>,
    ) -> Result<AttemptCounter, StoreError> {
        let sql = "insert into attempt_counter (scope, key, since, failures) values ($1, $2, $3, 1) \
             on conflict (scope, key) do update set \
             failures = case when attempt_counter.failures > 0 and attempt_counter.since > $4 \
               then attempt_counter.failures + 1 else 1 end, \
             since = case when attempt_counter.failures > 0 and attempt_counter.since > $4 \
               then attempt_counter.since else excluded.since end \
             returning since, failures";
        let window_began = now - scope.limit().window;
        let values = [scope.as_str().into(), key.to_vec().into(), now.into(), window_began.into()];
        let statement = Statement::from_sql_and_values(self.backend(), sql, values);
        let row = self.tx.query_one_raw(statement).await.map_err(store_error)?;
        let row = row.ok_or_else(|| corrupt("attempt counter", "an upsert returned nothing"))?;
        counted(&row).map_err(store_error)
    }
}

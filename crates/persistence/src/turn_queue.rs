use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kinlink_domain::{
    id::{GrantId, Id},
    store::{StoreError, TurnQueue},
};
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
    prelude::Expr,
    sea_query::{LockBehavior, LockType},
};
use uuid::Uuid;

use crate::{
    SeaStore,
    entity::proxy_grant::{Column, Entity},
    error::store_error,
};

#[async_trait]
impl TurnQueue for SeaStore {
    /// As for claims, a lease is nothing but a later `due_at`. By the index `proxy_grant_due`.
    async fn take_turns(
        &self,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<GrantId>, StoreError> {
        let options = TransactionOptions {
            isolation_level: None,
            access_mode: None,
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        };
        let tx = self.database.writer.begin_with_options(options).await.map_err(store_error)?;
        let taken: Vec<(Uuid, Uuid)> = Entity::find()
            .select_only()
            .columns([Column::OrganizationId, Column::Id])
            .filter(Column::Status.eq("accepted"))
            .filter(Column::DueAt.lte(now))
            .order_by_asc(Column::DueAt)
            .limit(u64::from(limit))
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .into_tuple()
            .all(&tx)
            .await
            .map_err(store_error)?;
        if taken.is_empty() {
            return Ok(Vec::new());
        }
        Entity::update_many()
            .col_expr(Column::DueAt, Expr::value(lease_until))
            // Ids are unique over all organizations; these are beside them to name the distribution key.
            .filter(Column::OrganizationId.is_in(taken.iter().map(|(organization, _)| *organization)))
            .filter(Column::Id.is_in(taken.iter().map(|(_, id)| *id)))
            .exec(&tx)
            .await
            .map_err(store_error)?;
        tx.commit().await.map_err(store_error)?;
        Ok(taken.into_iter().map(|(_, id)| Id::from_uuid(id)).collect())
    }
}

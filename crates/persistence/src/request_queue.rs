use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kinlink_domain::{
    id::{Id, OrganizationId, RequestId},
    store::{RequestQueue, StoreError},
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
    entity::access_request::{Column, Entity},
    error::store_error,
};

#[async_trait]
impl RequestQueue for SeaStore {
    /// As for the outbox, a lease is nothing but a later `due_at`. By the index `access_request_due`.
    async fn take_requests(
        &self,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<(OrganizationId, RequestId)>, StoreError> {
        let options = TransactionOptions {
            isolation_level: None,
            access_mode: None,
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        };
        let tx = self.database.writer.begin_with_options(options).await.map_err(store_error)?;
        let taken: Vec<(Uuid, Uuid)> = Entity::find()
            .select_only()
            .columns([Column::OrganizationId, Column::Id])
            .filter(Column::Status.eq("submitted"))
            .filter(Column::DueAt.lte(now))
            .filter(Column::ExpiresAt.gt(now))
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
        let ids = taken.into_iter();
        Ok(ids.map(|(organization, id)| (Id::from_uuid(organization), Id::from_uuid(id))).collect())
    }
}

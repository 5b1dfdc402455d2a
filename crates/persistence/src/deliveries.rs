use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kinlink_domain::{
    id::{Id, MessageId},
    outbox::{Delivery, Message, MessageKind},
    store::{Deliveries, StoreError},
};
use sea_orm::{
    ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, Set, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
    prelude::Expr,
    sea_query::{LockBehavior, LockType},
};

use crate::{
    SeaStore,
    convert::{corrupt, unseal},
    entity::outbox_message::{ActiveModel, Column, Entity, Model},
    error::store_error,
};

const WHAT: &str = "outbox message";

impl SeaStore {
    fn message(&self, row: Model) -> Result<Message, StoreError> {
        let (Some(key), Some(bytes)) = (row.key_id, row.sealed) else {
            return Err(corrupt(WHAT, "it is pending without contents"));
        };
        Ok(Message {
            id: Id::from_uuid(row.id),
            organization: Id::from_uuid(row.organization_id),
            body: unseal(&*self.ports.vault, WHAT, row.id.as_bytes(), key, bytes)?,
            due_at: row.due_at,
            expires_at: row.expires_at,
            attempts: u16::try_from(row.attempts).map_err(|error| corrupt(WHAT, error))?,
        })
    }
}

#[async_trait]
impl Deliveries for SeaStore {
    /// A lease is nothing but a later `due_at`: should the worker die, the message is due again by itself.
    async fn take_due(
        &self,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
        limit: u16,
        kind: MessageKind,
    ) -> Result<Vec<Message>, StoreError> {
        let options = TransactionOptions {
            isolation_level: None,
            access_mode: None,
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        };
        let tx = self.database.writer.begin_with_options(options).await.map_err(store_error)?;
        let rows = Entity::find()
            .filter(Column::Status.eq("pending"))
            .filter(Column::Kind.eq(kind.as_str()))
            .filter(Column::DueAt.lte(now))
            .order_by_asc(Column::DueAt)
            .limit(u64::from(limit))
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .all(&tx)
            .await
            .map_err(store_error)?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        Entity::update_many()
            .col_expr(Column::DueAt, Expr::value(lease_until))
            .filter(Column::Id.is_in(rows.iter().map(|row| row.id)))
            .exec(&tx)
            .await
            .map_err(store_error)?;
        tx.commit().await.map_err(store_error)?;
        let mut messages = Vec::with_capacity(rows.len());
        for row in rows {
            let id = Id::from_uuid(row.id);
            match self.message(row) {
                Ok(message) => messages.push(message),
                // Kept, since its key may come back, and held back, since the others can be sent.
                Err(unreadable) => {
                    let retry = Delivery::retry(unreadable.to_string());
                    self.settle(id, &retry, lease_until, now).await?;
                }
            }
        }
        Ok(messages)
    }

    async fn settle(
        &self,
        id: MessageId,
        delivery: &Delivery,
        retry_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let over = |status: &str, error: Option<String>| ActiveModel {
            status: Set(status.to_owned()),
            error: Set(error),
            settled_at: Set(Some(now)),
            // What was sent or given up is kept no longer than it is needed.
            key_id: Set(None),
            sealed: Set(None),
            ..Default::default()
        };
        let row = match delivery {
            Delivery::Sent => over("sent", None),
            Delivery::Dead { error } => over("dead", Some(error.clone())),
            Delivery::Retry { error, .. } => {
                ActiveModel { due_at: Set(retry_at), error: Set(Some(error.clone())), ..Default::default() }
            }
        };
        Entity::update_many()
            .set(row)
            .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
            .filter(Column::Id.eq(id.uuid()))
            .filter(Column::Status.eq("pending"))
            .exec(&self.database.writer)
            .await
            .map_err(store_error)?;
        Ok(())
    }
}

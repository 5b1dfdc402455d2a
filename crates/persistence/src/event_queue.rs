//! The outbox of events, for those who send: who takes which, and what became of it.

mod settle;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kinlink_domain::{
    account::AccountKey,
    id::{Id, OrganizationId},
    store::{DueEvent, EventQueue, SettledEvent, StoreError},
    stream::{EventStream, Room},
};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, DbBackend, EntityTrait, QueryFilter, Statement, prelude::Expr,
};

use crate::{
    SeaStore,
    convert::corrupt,
    entity::{account, client_organization, event_delivery, event_stream},
    error::store_error,
    unit::stream_row,
};

/// Whether the delivery `d` is the first that waits of those about the same subject for the same stream. One
/// that is under way, or waits for another try, still stands before the rest. By `event_delivery_order`.
pub(crate) const FIRST_OF_ITS_SUBJECT: &str = "not exists (select 1 from event_delivery e \
    where e.stream_id = d.stream_id and e.subject_id = d.subject_id and e.status = 'pending' \
    and (e.seq, e.place) < (d.seq, d.place))";

/// Streams looked at in one go.
const STREAMS: u8 = 64;

impl SeaStore {
    /// Streams for which something is due, by two probes of the index `event_delivery_due` each, those that have
    /// waited longest first. Read before the
    /// transaction, so that an idle worker never takes SQLite's one writer.
    async fn busy_streams(&self, now: DateTime<Utc>) -> Result<Vec<event_stream::Model>, StoreError> {
        let sql = format!(
            "select s.* from event_stream s join client c on c.id = s.client_id \
             where s.status = 'enabled' and s.kind <> 'poll' and c.disabled_at is null \
             and (s.retry_at is null or s.retry_at <= $1) and exists (select 1 from event_delivery d \
               where d.stream_id = s.id and d.status = 'pending' and d.due_at <= $1) \
             order by (select min(d.due_at) from event_delivery d \
               where d.stream_id = s.id and d.status = 'pending') limit {STREAMS}"
        );
        let statement = Statement::from_sql_and_values(self.database.backend(), sql, [now.into()]);
        let rows = event_stream::Entity::find().from_raw_sql(statement).all(&self.database.reader);
        rows.await.map_err(store_error)
    }

    async fn take_for(
        &self,
        tx: &DatabaseTransaction,
        stream: &event_stream::Model,
        limit: u16,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
    ) -> Result<Vec<event_delivery::Model>, StoreError> {
        let backend = self.database.backend();
        let lock = if backend == DbBackend::Postgres { "for update of d skip locked" } else { "" };
        let sql = format!(
            "select d.* from event_delivery d where d.stream_id = $1 and d.status = 'pending' \
             and d.due_at <= $2 and {FIRST_OF_ITS_SUBJECT} order by d.due_at limit $3 {lock}"
        );
        let values = [stream.id.into(), now.into(), i64::from(limit).into()];
        let statement = Statement::from_sql_and_values(backend, sql, values);
        let rows = event_delivery::Entity::find().from_raw_sql(statement).all(tx).await;
        let rows = rows.map_err(store_error)?;
        if !rows.is_empty() {
            // A lease is nothing but a later `due_at`: should the worker die, the event is due again by itself.
            event_delivery::Entity::update_many()
                .col_expr(event_delivery::Column::DueAt, Expr::value(lease_until))
                .filter(event_delivery::Column::SubjectId.is_in(rows.iter().map(|row| row.subject_id)))
                .filter(event_delivery::Column::Id.is_in(rows.iter().map(|row| row.id)))
                .exec(tx)
                .await
                .map_err(store_error)?;
        }
        Ok(rows)
    }

    async fn serves(&self, stream: &EventStream) -> Result<Vec<OrganizationId>, StoreError> {
        let rows = client_organization::Entity::find()
            .filter(client_organization::Column::ClientId.eq(stream.client.uuid()))
            .all(&self.database.reader)
            .await
            .map_err(store_error)?;
        Ok(rows.into_iter().map(|row| Id::from_uuid(row.organization_id)).collect())
    }

    async fn due(
        &self,
        stream: event_stream::Model,
        rows: Vec<event_delivery::Model>,
    ) -> Result<Vec<DueEvent>, StoreError> {
        let stream = stream_row::stream(stream, &*self.ports.vault)?;
        let organizations = self.serves(&stream).await?;
        let accounts = account::Entity::find()
            .filter(account::Column::Id.is_in(rows.iter().map(|row| row.subject_id)))
            .all(&self.database.reader)
            .await
            .map_err(store_error)?;
        let mut due = Vec::with_capacity(rows.len());
        for row in rows {
            let account = accounts.iter().find(|account| account.id == row.subject_id);
            due.push(DueEvent {
                subject: account.map(subject).transpose()?,
                delivery: row.try_into()?,
                stream: stream.clone(),
                organizations: organizations.clone(),
            });
        }
        Ok(due)
    }
}

fn subject(account: &account::Model) -> Result<AccountKey, StoreError> {
    Ok(AccountKey {
        iss: account.iss.clone().try_into().map_err(|error| corrupt("account", error))?,
        sub: account.sub.clone().try_into().map_err(|error| corrupt("account", error))?,
    })
}

#[async_trait]
impl EventQueue for SeaStore {
    async fn take_events(
        &self,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
        room: &Room,
    ) -> Result<Vec<DueEvent>, StoreError> {
        let streams = self.busy_streams(now).await?;
        let streams: Vec<_> =
            streams.into_iter().filter(|stream| room.left(Id::from_uuid(stream.id)) > 0).collect();
        if streams.is_empty() {
            return Ok(Vec::new());
        }
        let tx = self.begin_immediate().await?;
        let mut taken = Vec::new();
        for stream in streams {
            let left = room.left(Id::from_uuid(stream.id));
            let limit = if stream.retry_at.is_some() { 1 } else { left };
            let rows = self.take_for(&tx, &stream, limit, now, lease_until).await?;
            taken.push((stream, rows));
        }
        tx.commit().await.map_err(store_error)?;
        let mut due = Vec::new();
        for (stream, rows) in taken.into_iter().filter(|(_, rows)| !rows.is_empty()) {
            match self.due(stream, rows).await {
                Ok(events) => due.extend(events),
                // Its key may come back; the other streams must not wait for it. The lease ends by itself.
                Err(error @ StoreError::Corrupt { .. }) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "a stream cannot be read");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(due)
    }

    async fn settle_events(&self, settled: &[SettledEvent], now: DateTime<Utc>) -> Result<(), StoreError> {
        let tx = self.begin_immediate().await?;
        settle::settle(&tx, self.database.backend(), settled, now).await?;
        tx.commit().await.map_err(store_error)
    }

    async fn failing_streams(&self, since: DateTime<Utc>) -> Result<u64, StoreError> {
        use sea_orm::PaginatorTrait;
        event_stream::Entity::find()
            .filter(event_stream::Column::FailingSince.lte(since))
            .filter(event_stream::Column::Status.eq("enabled"))
            .count(&self.database.reader)
            .await
            .map_err(store_error)
    }
}

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kinlink_domain::{
    id::Id,
    store::{Change, ChangeFeed, FeedEntry, FeedHead, StoreError},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
    Statement,
};
use uuid::Uuid;

use crate::{SeaStore, convert::corrupt, entity::change_entry, error::store_error};

const WHAT: &str = "change entry";

/// A head with the change that it counts.
#[derive(FromQueryResult)]
struct HeadRow {
    partition: i32,
    seq: i64,
    kind: Option<String>,
    subject: Option<Uuid>,
    at: Option<DateTime<Utc>>,
}

impl HeadRow {
    fn head(self) -> Result<FeedHead, StoreError> {
        let entry = match (&self.kind, self.subject, self.at) {
            (Some(kind), Some(subject), Some(at)) => Some(entry(self.seq, kind, subject, at)?),
            _ => None,
        };
        let partition = u16::try_from(self.partition).map_err(|error| corrupt("change head", error))?;
        Ok(FeedHead { partition, seq: self.seq, entry })
    }
}

fn entry(seq: i64, kind: &str, subject: Uuid, at: DateTime<Utc>) -> Result<FeedEntry, StoreError> {
    let change = match kind {
        "account" => Change::Account(Id::from_uuid(subject)),
        "client" => Change::Client(Id::from_uuid(subject)),
        "organization" => Change::Organization(Id::from_uuid(subject)),
        _ => return Err(corrupt(WHAT, "no such kind of change")),
    };
    Ok(FeedEntry { seq, change, at })
}

#[async_trait]
impl ChangeFeed for SeaStore {
    /// One statement, so that head and change are of one moment; each change by its primary key.
    async fn heads(&self) -> Result<Vec<FeedHead>, StoreError> {
        let sql = "select head.partition, head.seq, entry.kind, entry.subject, entry.at from change_head head \
             left join change_entry entry on entry.partition = head.partition and entry.seq = head.seq";
        let statement = Statement::from_string(self.database.backend(), sql);
        let rows =
            HeadRow::find_by_statement(statement).all(&self.database.feed).await.map_err(store_error)?;
        rows.into_iter().map(HeadRow::head).collect()
    }

    async fn changes(&self, partition: u16, after: i64, limit: u32) -> Result<Vec<FeedEntry>, StoreError> {
        let rows = change_entry::Entity::find()
            .filter(change_entry::Column::Partition.eq(i32::from(partition)))
            .filter(change_entry::Column::Seq.gt(after))
            .order_by_asc(change_entry::Column::Seq)
            .limit(u64::from(limit))
            .all(&self.database.feed)
            .await
            .map_err(store_error)?;
        rows.iter().map(|row| entry(row.seq, &row.kind, row.subject, row.at)).collect()
    }

    /// By the index `change_entry_by_age`.
    async fn prune(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let sql = "delete from change_entry where at < $1 and seq < \
             (select head.seq from change_head head where head.partition = change_entry.partition)";
        let statement = Statement::from_sql_and_values(self.database.backend(), sql, [before.into()]);
        Ok(self.database.writer.execute_raw(statement).await.map_err(store_error)?.rows_affected())
    }
}

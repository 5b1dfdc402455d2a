use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kinlink_domain::{
    id::Id,
    store::{Change, ChangeFeed, FeedEntry, FeedHead, StoreError},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::{
    SeaStore,
    convert::corrupt,
    entity::{change_entry, change_head},
    error::store_error,
};

fn change(row: &change_entry::Model) -> Result<Change, StoreError> {
    match row.kind.as_str() {
        "account" => Ok(Change::Account(Id::from_uuid(row.subject))),
        "client" => Ok(Change::Client(Id::from_uuid(row.subject))),
        "organization" => Ok(Change::Organization(Id::from_uuid(row.subject))),
        _ => Err(corrupt("change entry", "no such kind of change")),
    }
}

#[async_trait]
impl ChangeFeed for SeaStore {
    async fn heads(&self) -> Result<Vec<FeedHead>, StoreError> {
        let rows = change_head::Entity::find().all(&self.database.reader).await.map_err(store_error)?;
        let head = |row: change_head::Model| FeedHead {
            partition: u16::try_from(row.partition).unwrap_or_default(),
            seq: row.seq,
        };
        Ok(rows.into_iter().map(head).collect())
    }

    async fn changes(&self, partition: u16, after: i64, limit: u32) -> Result<Vec<FeedEntry>, StoreError> {
        let rows = change_entry::Entity::find()
            .filter(change_entry::Column::Partition.eq(i32::from(partition)))
            .filter(change_entry::Column::Seq.gt(after))
            .order_by_asc(change_entry::Column::Seq)
            .limit(u64::from(limit))
            .all(&self.database.reader)
            .await
            .map_err(store_error)?;
        rows.iter().map(|row| Ok(FeedEntry { seq: row.seq, change: change(row)? })).collect()
    }

    async fn prune(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let delete = change_entry::Entity::delete_many().filter(change_entry::Column::At.lt(before));
        Ok(delete.exec(&self.database.writer).await.map_err(store_error)?.rows_affected)
    }
}

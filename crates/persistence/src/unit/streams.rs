pub(crate) mod row;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kinlink_domain::{
    id::{AccountId, ClientId, DeliveryId, StreamId},
    page::{Listed, Page},
    store::{StoreError, Streams},
    stream::{EventDelivery, EventStream},
};
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set, Statement,
    sea_query::{LockType, OnConflict},
};

use super::SeaUnit;
use crate::{
    entity::{event_delivery, event_stream, event_stream_muted},
    error::store_error,
    event_queue,
};

#[async_trait]
impl Streams for SeaUnit {
    async fn add_stream(&mut self, stream: &EventStream) -> Result<(), StoreError> {
        let row = row::stream_row(stream, &*self.vault);
        let row = event_stream::ActiveModel { failures: Set(0), ..row };
        event_stream::Entity::insert(row).exec_without_returning(&self.tx).await.map_err(store_error)?;
        Ok(())
    }

    async fn update_stream(&mut self, stream: &EventStream) -> Result<(), StoreError> {
        let row = row::stream_row(stream, &*self.vault);
        event_stream::Entity::update(row).exec(&self.tx).await.map_err(store_error)?;
        Ok(())
    }

    async fn remove_stream(&mut self, client: ClientId, id: StreamId) -> Result<(), StoreError> {
        event_delivery::Entity::delete_many()
            .filter(event_delivery::Column::StreamId.eq(id.uuid()))
            .filter(event_delivery::Column::ClientId.eq(client.uuid()))
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        event_stream_muted::Entity::delete_many()
            .filter(event_stream_muted::Column::StreamId.eq(id.uuid()))
            .filter(event_stream_muted::Column::ClientId.eq(client.uuid()))
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        event_stream::Entity::delete_by_id((client.uuid(), id.uuid()))
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(())
    }

    async fn stream(&mut self, client: ClientId, id: StreamId) -> Result<Option<EventStream>, StoreError> {
        let mut select = event_stream::Entity::find_by_id((client.uuid(), id.uuid()));
        if self.listener.is_some() {
            // Before any row of what waits for it, as those who send do.
            select = select.lock(LockType::Update);
        }
        select.one(&self.tx).await.map_err(store_error)?.map(|row| row::stream(row, &*self.vault)).transpose()
    }

    async fn streams(&mut self, client: Option<ClientId>) -> Result<Vec<EventStream>, StoreError> {
        let mut select = event_stream::Entity::find().order_by_asc(event_stream::Column::Id);
        if let Some(client) = client {
            select = select.filter(event_stream::Column::ClientId.eq(client.uuid()));
        }
        let rows = select.all(&self.tx).await.map_err(store_error)?;
        rows.into_iter().map(|row| row::stream(row, &*self.vault)).collect()
    }

    async fn hear_of(
        &mut self,
        client: ClientId,
        stream: StreamId,
        account: AccountId,
        wanted: bool,
    ) -> Result<(), StoreError> {
        use event_stream_muted::{ActiveModel, Column, Entity};
        if wanted {
            let key = (account.uuid(), stream.uuid());
            Entity::delete_by_id(key).exec(&self.tx).await.map_err(store_error)?;
            return Ok(());
        }
        let row = ActiveModel {
            account_id: Set(account.uuid()),
            stream_id: Set(stream.uuid()),
            client_id: Set(client.uuid()),
        };
        let known = OnConflict::columns([Column::AccountId, Column::StreamId]).do_nothing().to_owned();
        Entity::insert(row).on_conflict(known).exec_without_returning(&self.tx).await.map_err(store_error)?;
        Ok(())
    }

    async fn forget_waiting(&mut self, stream: StreamId) -> Result<(), StoreError> {
        event_delivery::Entity::delete_many()
            .filter(event_delivery::Column::StreamId.eq(stream.uuid()))
            .filter(event_delivery::Column::Status.eq("pending"))
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(())
    }

    async fn add_event(&mut self, event: &EventDelivery) -> Result<(), StoreError> {
        let row = row::delivery_row(event, 0, 0);
        event_delivery::Entity::insert(row).exec_without_returning(&self.tx).await.map_err(store_error)?;
        Ok(())
    }

    async fn waiting_events(
        &mut self,
        stream: StreamId,
        limit: u16,
    ) -> Result<Vec<EventDelivery>, StoreError> {
        let sql = format!(
            "select d.* from event_delivery d where d.stream_id = $1 and d.status = 'pending' \
             and {} order by d.happened_at, d.seq, d.place limit $2",
            event_queue::FIRST_OF_ITS_SUBJECT
        );
        let values = [stream.uuid().into(), i64::from(limit).into()];
        let statement = Statement::from_sql_and_values(self.backend(), sql, values);
        let rows = event_delivery::Entity::find().from_raw_sql(statement).all(&self.tx);
        rows.await.map_err(store_error)?.into_iter().map(TryInto::try_into).collect()
    }

    async fn settle_polled(
        &mut self,
        stream: StreamId,
        taken: &[DeliveryId],
        refused: &[(DeliveryId, String)],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let settle = |ids: Vec<uuid::Uuid>, status: &str, error: Option<String>| {
            event_delivery::Entity::update_many()
                .set(event_delivery::ActiveModel {
                    status: Set(status.to_owned()),
                    error: Set(error),
                    settled_at: Set(Some(now)),
                    ..Default::default()
                })
                .filter(event_delivery::Column::StreamId.eq(stream.uuid()))
                .filter(event_delivery::Column::Status.eq("pending"))
                .filter(event_delivery::Column::Id.is_in(ids))
        };
        if !taken.is_empty() {
            let ids = taken.iter().map(|id| id.uuid()).collect();
            settle(ids, "sent", None).exec(&self.tx).await.map_err(store_error)?;
        }
        for (id, error) in refused {
            let refused = settle(vec![id.uuid()], "dead", Some(error.clone()));
            refused.exec(&self.tx).await.map_err(store_error)?;
        }
        Ok(())
    }

    async fn dead_events(
        &mut self,
        client: Option<ClientId>,
        page: Page,
    ) -> Result<Listed<EventDelivery>, StoreError> {
        use event_delivery::{Column, Entity};
        // By the index `event_delivery_dead`.
        let mut select = Entity::find().filter(Column::Status.eq("dead"));
        if let Some(client) = client {
            select = select.filter(Column::ClientId.eq(client.uuid()));
        }
        self.newest_first(select, Column::Id, page, |row| row.id, TryInto::try_into).await
    }

    async fn replay_events(
        &mut self,
        client: Option<ClientId>,
        only: Option<&[DeliveryId]>,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        use event_delivery::{ActiveModel, Column, Entity};
        let mut update = Entity::update_many()
            .set(ActiveModel {
                status: Set("pending".to_owned()),
                due_at: Set(now),
                attempts: Set(0),
                settled_at: Set(None),
                ..Default::default()
            })
            .filter(Column::Status.eq("dead"));
        if let Some(client) = client {
            update = update.filter(Column::ClientId.eq(client.uuid()));
        }
        if let Some(only) = only {
            update = update.filter(Column::Id.is_in(only.iter().map(|id| id.uuid())));
        }
        Ok(update.exec(&self.tx).await.map_err(store_error)?.rows_affected)
    }
}

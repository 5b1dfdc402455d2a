use std::collections::{BTreeSet, HashMap, HashSet};

use kinlink_domain::{
    event::LinkEvent,
    id::{AccountId, DeliveryId, Id, OrganizationId},
    store::StoreError,
    stream::{About, EventDelivery, EventType},
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, Statement};
use uuid::Uuid;

use super::{SeaUnit, save::ROWS, streams::row::delivery_row};
use crate::{
    convert::from_json,
    entity::{event_delivery, event_stream_muted},
    error::store_error,
};

/// Who wants to hear what happened.
#[derive(Debug, Default)]
pub(super) struct Listeners {
    streams: HashMap<OrganizationId, Vec<Listener>>,
    /// Accounts that a stream does not want to hear of.
    muted: HashSet<(AccountId, Uuid)>,
}

#[derive(Debug)]
struct Listener {
    client: Uuid,
    stream: Uuid,
    events: Vec<EventType>,
}

impl SeaUnit {
    /// The streams of clients that serve the events' organizations.
    pub(super) async fn listeners(&self, events: &[LinkEvent]) -> Result<Listeners, StoreError> {
        let mut listeners = Listeners::default();
        let organizations: BTreeSet<_> = events.iter().map(|event| event.organization).collect();
        for organization in organizations {
            listeners.streams.insert(organization, self.streams_about(organization).await?);
        }
        if listeners.streams.values().all(Vec::is_empty) {
            return Ok(listeners);
        }
        let accounts: BTreeSet<_> = events.iter().map(|event| event.account.uuid()).collect();
        for accounts in accounts.into_iter().collect::<Vec<_>>().chunks(ROWS) {
            let muted = event_stream_muted::Entity::find()
                .filter(event_stream_muted::Column::AccountId.is_in(accounts.iter().copied()));
            let muted = muted.all(&self.tx).await.map_err(store_error)?;
            listeners.muted.extend(muted.iter().map(|row| (Id::from_uuid(row.account_id), row.stream_id)));
        }
        Ok(listeners)
    }

    async fn streams_about(&self, organization: OrganizationId) -> Result<Vec<Listener>, StoreError> {
        let sql = "select s.client_id, s.id, s.events from client_organization o \
             join event_stream s on s.client_id = o.client_id join client c on c.id = o.client_id \
             where o.organization_id = $1 and s.status <> 'disabled' and c.disabled_at is null order by s.id";
        let statement = Statement::from_sql_and_values(self.backend(), sql, [organization.uuid().into()]);
        let rows = self.tx.query_all_raw(statement).await.map_err(store_error)?;
        let listener = |row: &sea_orm::QueryResult| {
            let events: String = row.try_get("", "events").map_err(store_error)?;
            Ok(Listener {
                client: row.try_get("", "client_id").map_err(store_error)?,
                stream: row.try_get("", "id").map_err(store_error)?,
                events: from_json("event stream", &events)?,
            })
        };
        rows.iter().map(listener).collect()
    }

    /// A delivery for each stream that wants to hear. What changed of one account at one organization in one unit
    /// is one piece of news, since it is worded when it is sent.
    pub(super) async fn enqueue_events(
        &self,
        events: &[LinkEvent],
        listeners: &Listeners,
        order: &HashMap<AccountId, i64>,
    ) -> Result<(), StoreError> {
        let mut told = HashSet::new();
        let mut rows = Vec::new();
        for event in events {
            let seq = order.get(&event.account).copied().unwrap_or_default();
            for kind in EventType::of(event.kind) {
                if !told.insert((event.account, event.organization, *kind)) {
                    continue;
                }
                let place = i32::try_from(told.len()).unwrap_or(i32::MAX);
                for listener in listeners.of(event, *kind) {
                    rows.push(delivery_row(&self.delivery(event, *kind, listener), seq, place));
                }
            }
        }
        for rows in rows.chunks(ROWS) {
            let insert = event_delivery::Entity::insert_many(rows.to_vec());
            insert.exec_without_returning(&self.tx).await.map_err(store_error)?;
        }
        Ok(())
    }

    fn delivery(&self, event: &LinkEvent, kind: EventType, listener: &Listener) -> EventDelivery {
        EventDelivery {
            id: DeliveryId::new(event.at, &*self.random),
            client: Id::from_uuid(listener.client),
            stream: Id::from_uuid(listener.stream),
            event: kind,
            about: About::Account { account: event.account, organization: event.organization },
            cause: event.id,
            happened_at: event.at,
            attempts: 0,
            error: None,
        }
    }
}

impl Listeners {
    fn of<'a>(&'a self, event: &'a LinkEvent, kind: EventType) -> impl Iterator<Item = &'a Listener> {
        let streams = self.streams.get(&event.organization).into_iter().flatten();
        streams.filter(move |listener| {
            listener.events.contains(&kind) && !self.muted.contains(&(event.account, listener.stream))
        })
    }
}

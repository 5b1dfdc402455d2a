//! Connections of authorization servers, kept in memory while the change feed is fresh. What is kept may be
//! used: a connection of a client that was disabled, or that sees the organization no longer, is none.

use std::sync::Arc;

use kinlink_cache::{Forget, Freshness, GuardedCache};
use kinlink_domain::{
    client::ClientStatus,
    connection::Connection,
    id::{ClientId, ConnectionId},
    store::{Change, Store, StoreError, UnitOfWork},
};

const CONNECTIONS: u64 = 10_000;

type Known = Option<Arc<Connection>>;

#[derive(Debug)]
pub(crate) struct ConnectionsCache {
    store: Arc<dyn Store>,
    by_id: GuardedCache<ConnectionId, Known>,
    by_client: GuardedCache<ClientId, Arc<[Arc<Connection>]>>,
}

impl ConnectionsCache {
    pub(crate) fn new(store: Arc<dyn Store>, freshness: Freshness) -> Self {
        let by_client = GuardedCache::new(CONNECTIONS, freshness.clone());
        Self { store, by_id: GuardedCache::new(CONNECTIONS, freshness), by_client }
    }

    /// The connection of this id, if it may be used.
    pub(crate) async fn of(&self, id: ConnectionId) -> Result<Known, StoreError> {
        if let Some(known) = self.by_id.get(&id) {
            return Ok(known);
        }
        let ticket = self.by_id.ticket(&id);
        let mut unit = self.store.begin_read().await?;
        let found = match unit.connection(id).await? {
            Some(connection) if may_be_used(&mut *unit, &connection).await? => Some(Arc::new(connection)),
            Some(_) | None => None,
        };
        self.by_id.keep(ticket, id, found.clone());
        Ok(found)
    }

    /// The client's connections that may be used.
    pub(crate) async fn of_client(&self, client: ClientId) -> Result<Arc<[Arc<Connection>]>, StoreError> {
        if let Some(known) = self.by_client.get(&client) {
            return Ok(known);
        }
        let ticket = self.by_client.ticket(&client);
        let mut unit = self.store.begin_read().await?;
        let mut usable = Vec::new();
        for connection in unit.connections_of(client).await? {
            if may_be_used(&mut *unit, &connection).await? {
                usable.push(Arc::new(connection));
            }
        }
        let usable: Arc<[_]> = usable.into();
        self.by_client.keep(ticket, client, usable.clone());
        Ok(usable)
    }
}

async fn may_be_used(unit: &mut dyn UnitOfWork, connection: &Connection) -> Result<bool, StoreError> {
    let client = unit.client(connection.client).await?;
    Ok(client.is_some_and(|client| {
        client.status == ClientStatus::Active && client.organizations.contains(&connection.organization)
    }))
}

impl Forget for ConnectionsCache {
    /// Connections change seldom.
    fn forget(&self, change: &Change) {
        if matches!(change, Change::Client(_) | Change::Organization(_)) {
            self.forget_everything();
        }
    }

    fn forget_everything(&self) {
        self.by_id.forget_everything();
        self.by_client.forget_everything();
    }
}

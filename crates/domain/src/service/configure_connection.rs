//! An operator adds, changes or removes a client's connection. Every cache hears of it, and the organization's
//! audit keeps what was chosen.

use super::Ports;
use crate::{
    actor::Authorized,
    audit::{Action, Subject},
    client::Client,
    connection::{Connection, ConnectionSettings},
    id::ConnectionId,
    store::{Change, StoreError, UnitOfWork},
};

/// Why a connection is not made.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The client sees nothing of that organization.
    #[error("the client does not see this organization's links")]
    NotTheClients,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Adds a connection of this client to the operator's organization.
pub async fn add(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    by: Authorized,
    client: &Client,
    settings: ConnectionSettings,
) -> Result<Connection, ConnectError> {
    if !client.organizations.contains(&by.organization()) {
        return Err(ConnectError::NotTheClients);
    }
    let now = ports.clock.now();
    let id = ConnectionId::new(now, &*ports.random);
    let organization = by.organization();
    let connection = Connection { id, client: client.id, organization, settings, created_at: now };
    unit.add_connection(&connection).await?;
    journal(
        unit,
        ports,
        by,
        &connection,
        serde_json::json!({"added": true, "settings": connection.settings}),
    );
    Ok(connection)
}

/// Replaces a connection's settings. What they were stays known with them.
pub async fn update(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    by: Authorized,
    connection: Connection,
    settings: ConnectionSettings,
) -> Result<Connection, StoreError> {
    let settings = settings.instead_of(&connection.settings);
    let changed = Connection { settings, ..connection };
    unit.update_connection(&changed).await?;
    journal(unit, ports, by, &changed, serde_json::json!({"settings": changed.settings}));
    Ok(changed)
}

/// Removes a connection.
pub async fn remove(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    by: Authorized,
    connection: &Connection,
) -> Result<(), StoreError> {
    unit.remove_connection(connection.id).await?;
    journal(unit, ports, by, connection, serde_json::json!({"removed": true}));
    Ok(())
}

fn journal(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    by: Authorized,
    connection: &Connection,
    mut detail: serde_json::Value,
) {
    let subject = Subject { client: Some(connection.client), ..Subject::default() };
    detail["connection"] = serde_json::json!(connection.id);
    unit.record(ports.audit(connection.organization, by.actor(), Action::ClientConfigure, subject, detail));
    unit.changed(Change::Client(connection.client));
}

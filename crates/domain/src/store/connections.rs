use async_trait::async_trait;

use super::StoreError;
use crate::{
    connection::Connection,
    id::{ClientId, ConnectionId},
    picker::{Picker, PickerToken},
};

/// Connections of clients, and the pickers that were begun by them.
#[async_trait]
pub trait Connections {
    /// Adds a connection.
    async fn add_connection(&mut self, connection: &Connection) -> Result<(), StoreError>;
    /// Replaces its settings.
    async fn update_connection(&mut self, connection: &Connection) -> Result<(), StoreError>;
    /// Removes a connection; its pickers end with it.
    async fn remove_connection(&mut self, id: ConnectionId) -> Result<(), StoreError>;
    /// One connection.
    async fn connection(&mut self, id: ConnectionId) -> Result<Option<Connection>, StoreError>;
    /// A client's connections, oldest first.
    async fn connections_of(&mut self, client: ClientId) -> Result<Vec<Connection>, StoreError>;
    /// All connections, oldest first.
    async fn connections(&mut self) -> Result<Vec<Connection>, StoreError>;

    /// Adds a picker.
    async fn add_picker(&mut self, picker: &Picker) -> Result<(), StoreError>;
    /// Replaces where a picker stands. It must be locked.
    async fn update_picker(&mut self, picker: &Picker) -> Result<(), StoreError>;
    /// The picker that a token names, locked.
    async fn picker_for_update(&mut self, token: PickerToken) -> Result<Option<Picker>, StoreError>;
}

use async_trait::async_trait;
use kinlink_domain::{
    connection::Connection,
    id::{ClientId, ConnectionId, Id},
    picker::{Picker, PickerToken},
    store::{Connections, StoreError},
};
use sea_orm::{
    ActiveValue::NotSet, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set,
    sea_query::LockType,
};

use super::{SeaUnit, pickers};
use crate::{
    convert::{from_json, to_json},
    entity::{
        connection::{ActiveModel, Column, Entity, Model},
        picker,
    },
    error::store_error,
};

fn row(connection: &Connection) -> ActiveModel {
    ActiveModel {
        id: Set(connection.id.uuid()),
        client_id: Set(connection.client.uuid()),
        organization_id: Set(connection.organization.uuid()),
        settings: Set(to_json(&connection.settings)),
        created_at: Set(connection.created_at),
    }
}

impl TryFrom<Model> for Connection {
    type Error = StoreError;
    fn try_from(row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: Id::from_uuid(row.id),
            client: Id::from_uuid(row.client_id),
            organization: Id::from_uuid(row.organization_id),
            settings: from_json("connection", &row.settings)?,
            created_at: row.created_at,
        })
    }
}

#[async_trait]
impl Connections for SeaUnit {
    async fn add_connection(&mut self, connection: &Connection) -> Result<(), StoreError> {
        Entity::insert(row(connection)).exec_without_returning(&self.tx).await.map_err(store_error)?;
        Ok(())
    }

    async fn update_connection(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let settings = row(connection);
        let columns =
            ActiveModel { client_id: NotSet, organization_id: NotSet, created_at: NotSet, ..settings };
        Entity::update(columns).exec(&self.tx).await.map_err(store_error)?;
        Ok(())
    }

    async fn remove_connection(&mut self, id: ConnectionId) -> Result<(), StoreError> {
        picker::Entity::delete_many()
            .filter(picker::Column::ConnectionId.eq(id.uuid()))
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        Entity::delete_by_id(id.uuid()).exec(&self.tx).await.map_err(store_error)?;
        Ok(())
    }

    async fn connection(&mut self, id: ConnectionId) -> Result<Option<Connection>, StoreError> {
        let row = Entity::find_by_id(id.uuid()).one(&self.tx).await.map_err(store_error)?;
        row.map(TryInto::try_into).transpose()
    }

    async fn connections_of(&mut self, client: ClientId) -> Result<Vec<Connection>, StoreError> {
        let select = Entity::find().filter(Column::ClientId.eq(client.uuid())).order_by_asc(Column::Id);
        let rows = select.all(&self.tx).await.map_err(store_error)?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    async fn connections(&mut self) -> Result<Vec<Connection>, StoreError> {
        let rows = Entity::find().order_by_asc(Column::Id).all(&self.tx).await.map_err(store_error)?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    async fn add_picker(&mut self, picker: &Picker) -> Result<(), StoreError> {
        let row = pickers::row(picker, &*self.vault);
        picker::Entity::insert(row).exec_without_returning(&self.tx).await.map_err(store_error)?;
        Ok(())
    }

    async fn update_picker(&mut self, picker: &Picker) -> Result<(), StoreError> {
        let row = pickers::state_row(picker);
        picker::Entity::update(row).exec(&self.tx).await.map_err(store_error)?;
        Ok(())
    }

    async fn picker_for_update(&mut self, token: PickerToken) -> Result<Option<Picker>, StoreError> {
        let key = (token.account.uuid(), token.picker.uuid());
        let locked = picker::Entity::find_by_id(key).lock(LockType::Update);
        let row = locked.one(&self.tx).await.map_err(store_error)?;
        row.map(|row| pickers::picker(row, &*self.vault)).transpose()
    }
}

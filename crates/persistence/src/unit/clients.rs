use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kinlink_domain::{
    client::{ApiKey, Client, ClientStatus},
    id::{ApiKeyId, ClientId, Id},
    port::Purpose,
    store::{Clients, StoreError},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, Set, sea_query::OnConflict};

use super::SeaUnit;
use crate::{
    convert::{from_json, keyed_hash, to_json},
    entity::{api_key, client, client_assertion, client_organization},
    error::store_error,
};

fn client_row(client: &Client) -> client::ActiveModel {
    client::ActiveModel {
        id: Set(client.id.uuid()),
        name: Set(client.name.clone()),
        keys: Set(client.keys.as_ref().map(to_json)),
        disabled_at: Set(match client.status {
            ClientStatus::Active => None,
            ClientStatus::Disabled { at } => Some(at),
        }),
        created_at: Set(client.created_at),
    }
}

fn key_from(row: &api_key::Model) -> Result<ApiKey, StoreError> {
    Ok(ApiKey {
        id: Id::from_uuid(row.id),
        client: Id::from_uuid(row.client_id),
        hash: keyed_hash("API key", row.key_id, &row.hash)?,
        created_at: row.created_at,
        expires_at: row.expires_at,
    })
}

impl SeaUnit {
    async fn set_organizations(&self, client: &Client) -> Result<(), StoreError> {
        client_organization::Entity::delete_many()
            .filter(client_organization::Column::ClientId.eq(client.id.uuid()))
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        let rows = client.organizations.iter().map(|organization| client_organization::ActiveModel {
            client_id: Set(client.id.uuid()),
            organization_id: Set(organization.uuid()),
        });
        client_organization::Entity::insert_many(rows)
            .exec_without_returning(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(())
    }

    async fn with_organizations(&self, row: client::Model) -> Result<Client, StoreError> {
        let organizations = client_organization::Entity::find()
            .filter(client_organization::Column::ClientId.eq(row.id))
            .order_by_asc(client_organization::Column::OrganizationId)
            .all(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(Client {
            id: Id::from_uuid(row.id),
            name: row.name,
            organizations: organizations.iter().map(|row| Id::from_uuid(row.organization_id)).collect(),
            keys: row.keys.map(|keys| from_json("client", &keys)).transpose()?,
            status: row.disabled_at.map_or(ClientStatus::Active, |at| ClientStatus::Disabled { at }),
            created_at: row.created_at,
        })
    }
}

#[async_trait]
impl Clients for SeaUnit {
    async fn add_client(&mut self, client: &Client) -> Result<(), StoreError> {
        let insert = client::Entity::insert(client_row(client));
        insert.exec_without_returning(&self.tx).await.map_err(store_error)?;
        self.set_organizations(client).await
    }

    async fn update_client(&mut self, client: &Client) -> Result<(), StoreError> {
        client::Entity::update(client_row(client)).exec(&self.tx).await.map_err(store_error)?;
        self.set_organizations(client).await
    }

    async fn client(&mut self, id: ClientId) -> Result<Option<Client>, StoreError> {
        match client::Entity::find_by_id(id.uuid()).one(&self.tx).await.map_err(store_error)? {
            Some(row) => self.with_organizations(row).await.map(Some),
            None => Ok(None),
        }
    }

    async fn clients(&mut self) -> Result<Vec<Client>, StoreError> {
        let select = client::Entity::find().order_by_asc(client::Column::Id);
        let mut clients = Vec::new();
        for row in select.all(&self.tx).await.map_err(store_error)? {
            clients.push(self.with_organizations(row).await?);
        }
        Ok(clients)
    }

    async fn add_api_key(&mut self, key: &ApiKey) -> Result<(), StoreError> {
        let row = api_key::ActiveModel {
            id: Set(key.id.uuid()),
            client_id: Set(key.client.uuid()),
            key_id: Set(key.hash.key.0.into()),
            hash: Set(key.hash.bytes.to_vec()),
            created_at: Set(key.created_at),
            expires_at: Set(key.expires_at),
        };
        api_key::Entity::insert(row).exec_without_returning(&self.tx).await.map_err(store_error)?;
        Ok(())
    }

    async fn expire_api_key(&mut self, id: ApiKeyId, at: DateTime<Utc>) -> Result<(), StoreError> {
        let row =
            api_key::ActiveModel { id: Set(id.uuid()), expires_at: Set(Some(at)), ..Default::default() };
        api_key::Entity::update(row).exec(&self.tx).await.map_err(store_error)?;
        Ok(())
    }

    async fn api_key(&mut self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        let row = api_key::Entity::find_by_id(id.uuid()).one(&self.tx).await.map_err(store_error)?;
        row.as_ref().map(key_from).transpose()
    }

    async fn api_keys(&mut self, client: ClientId) -> Result<Vec<ApiKey>, StoreError> {
        let rows = api_key::Entity::find()
            .filter(api_key::Column::ClientId.eq(client.uuid()))
            .order_by_desc(api_key::Column::Id)
            .all(&self.tx)
            .await
            .map_err(store_error)?;
        rows.iter().map(key_from).collect()
    }

    async fn use_jti(
        &mut self,
        client: ClientId,
        jti: &str,
        expires_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        use client_assertion::Column;
        let hash = self.vault.index_hash(Purpose::AccessToken, jti.as_bytes()).to_vec();
        client_assertion::Entity::delete_many()
            .filter(Column::ClientId.eq(client.uuid()))
            .filter(Column::JtiHash.eq(hash.clone()))
            .filter(Column::ExpiresAt.lte(now))
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        let row = client_assertion::ActiveModel {
            client_id: Set(client.uuid()),
            jti_hash: Set(hash),
            expires_at: Set(expires_at),
        };
        let inserted = client_assertion::Entity::insert(row)
            .on_conflict(OnConflict::columns([Column::ClientId, Column::JtiHash]).do_nothing().to_owned())
            .exec_without_returning(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(inserted > 0)
    }
}

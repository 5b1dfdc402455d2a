use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::StoreError;
use crate::{
    account::Iss,
    client::{ApiKey, Client},
    id::{ApiKeyId, ClientId, OrganizationId},
    issuer::{Issuer, TrustedIssuer},
    organization::{Organization, Slug},
};

/// Organizations and the identity providers that they trust.
#[async_trait]
pub trait Directory {
    /// Adds an organization, with the beginning of its audit chain.
    async fn add_organization(&mut self, organization: &Organization) -> Result<(), StoreError>;
    /// Replaces name, FHIR base and policy.
    async fn update_organization(&mut self, organization: &Organization) -> Result<(), StoreError>;
    /// One organization.
    async fn organization(&mut self, id: OrganizationId) -> Result<Option<Organization>, StoreError>;
    /// One organization, locked against another change of it.
    async fn organization_for_update(
        &mut self,
        id: OrganizationId,
    ) -> Result<Option<Organization>, StoreError>;
    /// One organization, by its short name.
    async fn organization_by_slug(&mut self, slug: &Slug) -> Result<Option<Organization>, StoreError>;
    /// All organizations, by short name.
    async fn organizations(&mut self) -> Result<Vec<Organization>, StoreError>;

    /// An identity provider, whoever trusts it.
    async fn issuer(&mut self, iss: &Iss) -> Result<Option<Issuer>, StoreError>;
    /// Adds trust in an identity provider, or replaces that of the same organization in the same provider.
    /// The provider itself is added if it is new; its subject claim is never changed by this.
    async fn put_trusted_issuer(&mut self, trusted: &TrustedIssuer) -> Result<(), StoreError>;
    /// Withdraws trust; false if there was none.
    async fn remove_trusted_issuer(
        &mut self,
        organization: OrganizationId,
        iss: &Iss,
    ) -> Result<bool, StoreError>;
    /// Who trusts this identity provider.
    async fn trust_in(&mut self, iss: &Iss) -> Result<Vec<TrustedIssuer>, StoreError>;
    /// Whom this organization trusts.
    async fn trusted_issuers(
        &mut self,
        organization: OrganizationId,
    ) -> Result<Vec<TrustedIssuer>, StoreError>;
}

/// Clients and their API keys.
#[async_trait]
pub trait Clients {
    /// Registers a client.
    async fn add_client(&mut self, client: &Client) -> Result<(), StoreError>;
    /// Replaces name, organizations, keys and status.
    async fn update_client(&mut self, client: &Client) -> Result<(), StoreError>;
    /// One client.
    async fn client(&mut self, id: ClientId) -> Result<Option<Client>, StoreError>;
    /// All clients, oldest first.
    async fn clients(&mut self) -> Result<Vec<Client>, StoreError>;

    /// Adds an API key.
    async fn add_api_key(&mut self, key: &ApiKey) -> Result<(), StoreError>;
    /// Sets when an API key ends.
    async fn expire_api_key(&mut self, id: ApiKeyId, at: DateTime<Utc>) -> Result<(), StoreError>;
    /// One API key.
    async fn api_key(&mut self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError>;
    /// A client's API keys, newest first, ended ones included.
    async fn api_keys(&mut self, client: ClientId) -> Result<Vec<ApiKey>, StoreError>;

    /// Remembers the `jti` of a client assertion until it expires; false if it was seen before
    /// (RFC 7523, section 3, item 7).
    async fn use_jti(
        &mut self,
        client: ClientId,
        jti: &str,
        expires_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError>;
}

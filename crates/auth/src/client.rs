//! Authorization servers: their tokens and keys, checked on every lookup.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use kinlink_cache::{Forget, Freshness, GuardedCache};
use kinlink_domain::{
    client::ClientStatus,
    id::{ClientId, OrganizationId},
    service::Ports,
    store::{Change, Store, StoreError},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{access_token, api_key, assertion, keys::KeyFetcher};

/// Credentials that are kept in memory.
const CREDENTIALS: u64 = 10_000;
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How clients authenticate here.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    /// What an assertion's `aud` may be: the token endpoint, and Kinlink's own identifier.
    pub audiences: Vec<String>,
    /// How long an access token lasts.
    pub access_token_lifetime: TimeDelta,
}

/// A client whose credential was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthenticatedClient {
    /// Which client.
    pub id: ClientId,
    /// The organizations whose links it sees.
    pub organizations: Vec<OrganizationId>,
}

/// A request at the token endpoint (RFC 6749, 4.4.2 with RFC 7523, 2.2).
#[derive(Deserialize)]
pub struct TokenRequest {
    /// `client_credentials`.
    pub grant_type: String,
    /// The URN of RFC 7523.
    pub client_assertion_type: Option<String>,
    /// The assertion.
    pub client_assertion: Option<String>,
}

/// Shows no assertion.
impl std::fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenRequest").field("grant_type", &self.grant_type).finish_non_exhaustive()
    }
}

/// What the token endpoint gives (RFC 6749, 5.1).
#[derive(Serialize)]
pub struct AccessToken {
    /// The token.
    pub access_token: String,
    /// `Bearer`.
    pub token_type: &'static str,
    /// Seconds until it ends.
    pub expires_in: i64,
}

/// Shows no token.
impl std::fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessToken").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

/// Why there is no token (RFC 6749, 5.2).
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// `unsupported_grant_type`.
    #[error("only grant_type=client_credentials is supported")]
    UnsupportedGrantType,
    /// `invalid_request`.
    #[error("client_assertion and client_assertion_type={ASSERTION_TYPE} are required")]
    InvalidRequest,
    /// `invalid_client`; the word may be shown.
    #[error("the client assertion is not accepted: {0}")]
    InvalidClient(&'static str),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a credential is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum ClientAuthError {
    /// It is of no client, has ended, or its client is disabled.
    #[error("the credential is not accepted")]
    NotAccepted,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[derive(Clone)]
struct Known {
    client: Arc<AuthenticatedClient>,
    expires_at: Option<DateTime<Utc>>,
}

/// Authenticates clients.
pub struct ClientAuthenticator {
    store: Arc<dyn Store>,
    ports: Ports,
    keys: Arc<KeyFetcher>,
    settings: ClientSettings,
    known: GuardedCache<[u8; 32], Known>,
}

impl std::fmt::Debug for ClientAuthenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientAuthenticator").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl ClientAuthenticator {
    /// An authenticator on this store.
    pub fn new(
        store: Arc<dyn Store>,
        ports: Ports,
        keys: Arc<KeyFetcher>,
        settings: ClientSettings,
        freshness: Freshness,
    ) -> Self {
        Self { store, ports, keys, settings, known: GuardedCache::new(CREDENTIALS, freshness) }
    }

    /// Whether this text is meant to be a credential of a client.
    pub fn is_client_credential(credential: &str) -> bool {
        credential.starts_with(api_key::PREFIX) || credential.starts_with(access_token::PREFIX)
    }

    /// The token endpoint.
    pub async fn token(&self, request: &TokenRequest) -> Result<AccessToken, TokenError> {
        if request.grant_type != "client_credentials" {
            return Err(TokenError::UnsupportedGrantType);
        }
        let typed = request.client_assertion_type.as_deref() == Some(ASSERTION_TYPE);
        let assertion =
            request.client_assertion.as_deref().filter(|_| typed).ok_or(TokenError::InvalidRequest)?;
        let now = self.ports.clock.now();
        let store = &*self.store;
        let client = assertion::verify(assertion, &self.settings.audiences, store, &self.keys, now).await?;
        let lifetime = self.settings.access_token_lifetime;
        let access_token = access_token::issue(client, now + lifetime, &*self.ports.vault);
        Ok(AccessToken { access_token, token_type: "Bearer", expires_in: lifetime.num_seconds() })
    }

    /// Whose credential this is, at `now`. With a warm cache, one hash and one look into memory.
    pub async fn authenticate(
        &self,
        credential: &str,
        now: DateTime<Utc>,
    ) -> Result<Arc<AuthenticatedClient>, ClientAuthError> {
        let key: [u8; 32] = Sha256::digest(credential).into();
        let known = match self.known.get(&key) {
            Some(known) => known,
            None => self.look_up(key, credential, now).await?,
        };
        if known.expires_at.is_some_and(|end| now >= end) {
            return Err(ClientAuthError::NotAccepted);
        }
        Ok(known.client)
    }

    async fn look_up(
        &self,
        key: [u8; 32],
        credential: &str,
        now: DateTime<Utc>,
    ) -> Result<Known, ClientAuthError> {
        let ticket = self.known.ticket(&key);
        let mut unit = self.store.begin_read().await?;
        let (id, expires_at) = if let Some((id, end)) = access_token::verify(credential, &*self.ports.vault) {
            (id, Some(end))
        } else {
            let id = api_key::id_of(credential).ok_or(ClientAuthError::NotAccepted)?;
            let found = unit.api_key(id).await?;
            let found = found.filter(|found| api_key::accepts(found, credential, &self.ports, now));
            let found = found.ok_or(ClientAuthError::NotAccepted)?;
            (found.client, found.expires_at)
        };
        let client = unit.client(id).await?.filter(|client| client.status == ClientStatus::Active);
        let client = client.ok_or(ClientAuthError::NotAccepted)?;
        let client = Arc::new(AuthenticatedClient { id, organizations: client.organizations });
        let known = Known { client, expires_at };
        self.known.keep(ticket, key, known.clone());
        Ok(known)
    }
}

impl Forget for ClientAuthenticator {
    /// Which credentials are of which client is not kept; clients change seldom.
    fn forget(&self, change: &Change) {
        if matches!(change, Change::Client(_) | Change::Organization(_)) {
            self.known.forget_everything();
        }
    }

    fn forget_everything(&self) {
        self.known.forget_everything();
    }
}

//! Clients: authorization servers and resource servers that ask which records an account has.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    id::{ApiKeyId, ClientId, OrganizationId},
    port::KeyedHash,
};

/// How many API keys of one client may be valid at once: the old and the new, while a rotation lasts.
pub const LIVE_API_KEYS: usize = 2;

/// A registered authorization server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Its id, also its `client_id` at the token endpoint.
    pub id: ClientId,
    /// Its name for people to read.
    pub name: String,
    /// The organizations whose links it sees; never empty.
    pub organizations: Vec<OrganizationId>,
    /// Where its public keys are, for `private_key_jwt` (RFC 7523).
    pub keys: Option<ClientKeys>,
    /// Whether it may ask at all.
    pub status: ClientStatus,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
}

/// A client's public keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientKeys {
    /// A JWK Set (RFC 7517) given at registration.
    Jwks(serde_json::Value),
    /// Where to fetch it.
    JwksUri(url::Url),
}

/// Whether a client may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientStatus {
    /// It may.
    Active,
    /// It may not, from that moment on.
    Disabled {
        /// Since when.
        at: DateTime<Utc>,
    },
}

/// An API key: 256 random bits, of which only a keyed hash is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id; the first part of the key's text, so that the key is found without its secret.
    pub id: ApiKeyId,
    /// Whose it is.
    pub client: ClientId,
    /// The hash of the secret part.
    pub hash: KeyedHash,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends or ended; it has no end while it is the newest.
    pub expires_at: Option<DateTime<Utc>>,
}

impl ApiKey {
    /// Whether the key may be used at `now`.
    pub fn is_live(&self, now: DateTime<Utc>) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}

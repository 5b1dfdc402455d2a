//! A small OpenID provider: discovery, keys, login in a browser as whomever one chooses, and a token endpoint
//! that also gives a token to whoever names one of its users. It exists for the demo and for tests, which need a provider whose every answer they know.

mod key;
mod login;
mod routes;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use kinlink_domain::port::Clock;
use serde_json::{Value, json};

pub use key::SigningKey;
pub use login::LoginClient;
pub use routes::routes;

/// What an access token of this provider is for, unless a test says otherwise.
pub const AUDIENCE: &str = "kinlink";

/// A login at the provider.
#[derive(Debug, Clone)]
pub struct User {
    /// What is typed to log in.
    pub username: String,
    /// The `sub` of its tokens.
    pub sub: String,
    /// Further claims, an object; they stand over the provider's own, so that a test can forge.
    pub claims: Value,
    /// Who this is, for whoever chooses.
    pub about: String,
}

/// The provider.
#[derive(Debug)]
pub struct Idp {
    issuer: String,
    key: SigningKey,
    clock: Arc<dyn Clock>,
    users: Vec<User>,
    client: Option<LoginClient>,
    codes: login::Codes,
}

impl Idp {
    /// A provider that calls itself `issuer`, with a key of its own.
    pub fn new(issuer: impl Into<String>, clock: Arc<dyn Clock>, users: Vec<User>) -> anyhow::Result<Self> {
        let key = SigningKey::generate("demo-1")?;
        Ok(Self { issuer: issuer.into(), key, clock, users, client: None, codes: login::Codes::default() })
    }

    /// Lets browsers be sent here by this client.
    #[must_use]
    pub fn with_client(self, client: LoginClient) -> Self {
        Self { client: Some(client), ..self }
    }

    /// Its issuer identifier.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Its signing key, for tests that forge.
    pub const fn key(&self) -> &SigningKey {
        &self.key
    }

    /// The user of this name.
    pub fn user(&self, username: &str) -> Option<&User> {
        self.users.iter().find(|user| user.username == username)
    }

    /// The claims of a token for `sub`, issued now and good for an hour, with `extra` over them.
    pub fn claims(&self, sub: &str, extra: &Value) -> Value {
        let now: DateTime<Utc> = self.clock.now();
        let mut claims = json!({
            "iss": self.issuer,
            "sub": sub,
            "aud": AUDIENCE,
            "iat": now.timestamp(),
            "auth_time": now.timestamp(),
            "exp": (now + TimeDelta::hours(1)).timestamp(),
        });
        if let (Some(claims), Some(extra)) = (claims.as_object_mut(), extra.as_object()) {
            claims.extend(extra.clone());
        }
        claims
    }

    /// A token for `sub` with `extra` claims.
    pub fn token(&self, sub: &str, extra: &Value) -> anyhow::Result<String> {
        self.key.sign(&self.claims(sub, extra))
    }

    /// OpenID Connect Discovery 1.0, section 3.
    pub(crate) fn discovery(&self) -> Value {
        let issuer = &self.issuer;
        json!({
            "issuer": issuer,
            "jwks_uri": format!("{issuer}/jwks"),
            "token_endpoint": format!("{issuer}/token"),
            "authorization_endpoint": format!("{issuer}/authorize"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "grant_types_supported": ["authorization_code", "password"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        })
    }
}

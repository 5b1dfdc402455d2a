//! People log in to the pages: authorization code with PKCE (RFC 6749, 4.1; RFC 7636, S256 only; OpenID
//! Connect Core 1.0, 3.1; RFC 9207 against mix-up; RFC 9700, best current practice).
//!
//! Nothing is kept here between the two halves: what the second needs travels in a sealed cookie, so that
//! any replica can finish what another began.

mod exchange;
mod provider;
mod scope;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use kinlink_domain::{
    account::{AccountKey, Iss, Sub},
    actor::Role,
    id::OrganizationId,
    issuer::TrustedIssuer,
    service::Ports,
    step_up::Authentication,
    store::{Store, StoreError},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use url::Url;

use crate::{
    BearerVerifier, bearer,
    id_token::{self, Expected},
    keys::{Discovery, KeyFetcher},
};

pub use provider::{ClientSecret, LoginProvider};
pub use scope::LoginScope;

/// How long somebody may take to log in at the provider.
const PATIENCE: TimeDelta = TimeDelta::minutes(15);
/// What a provider says of itself is asked for again after this.
const FRESH: TimeDelta = TimeDelta::hours(1);

/// Why nobody was logged in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// No such provider is configured.
    #[error("no such provider is configured")]
    UnknownProvider,
    /// The provider does not answer, or not as a provider does.
    #[error("the provider does not answer")]
    ProviderUnavailable,
    /// The answer does not belong to a login that this browser began, or to one of long ago.
    #[error("the answer belongs to no login that was begun here")]
    NotBegunHere,
    /// The person or the provider broke off.
    #[error("the provider did not log anybody in")]
    Denied,
    /// The provider did not take the code.
    #[error("the provider did not take the code")]
    CodeRefused,
    /// Something is wrong with the ID token; the word may be shown.
    #[error("the ID token is not valid: {0}")]
    InvalidToken(&'static str),
    /// No organization trusts the provider for these logins.
    #[error("no organization here trusts the provider for these logins")]
    UntrustedIssuer,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A login that was begun: to be kept by the browser, sealed.
#[derive(Serialize, Deserialize)]
pub struct PendingLogin {
    provider: usize,
    iss: Iss,
    state: String,
    nonce: String,
    verifier: String,
    expires_at: DateTime<Utc>,
    /// Where to go afterwards.
    pub return_to: String,
}

/// Shows no secret of the login.
impl std::fmt::Debug for PendingLogin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PendingLogin").field("iss", &self.iss).finish_non_exhaustive()
    }
}

/// What the provider sends the browser back with (RFC 6749, 4.1.2; RFC 9207).
#[derive(Deserialize)]
pub struct AuthorizationAnswer {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

/// Shows no code.
impl std::fmt::Debug for AuthorizationAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthorizationAnswer").finish_non_exhaustive()
    }
}

/// Somebody who has logged in.
#[derive(Debug, Clone)]
pub struct LoggedIn {
    /// The login.
    pub key: AccountKey,
    /// Their staff roles.
    pub roles: Vec<(OrganizationId, Role)>,
    /// Where the login counts.
    pub scope: LoginScope,
    /// How they logged in.
    pub authentication: Authentication,
}

/// Logs people in at the configured providers.
#[derive(Debug)]
pub struct Logins {
    providers: Vec<LoginProvider>,
    redirect_uri: String,
    store: Arc<dyn Store>,
    bearers: Arc<BearerVerifier>,
    keys: Arc<KeyFetcher>,
    ports: Ports,
    known: Mutex<HashMap<Iss, (DateTime<Utc>, Discovery)>>,
}

impl Logins {
    /// Logins at these providers, which send the browser back to `redirect_uri`.
    pub fn new(
        providers: Vec<LoginProvider>,
        redirect_uri: String,
        store: Arc<dyn Store>,
        bearers: Arc<BearerVerifier>,
        keys: Arc<KeyFetcher>,
        ports: Ports,
    ) -> Self {
        Self { providers, redirect_uri, store, bearers, keys, ports, known: Mutex::default() }
    }

    /// Where people can log in, in the order of the configuration.
    pub fn providers(&self) -> &[LoginProvider] {
        &self.providers
    }

    /// Begins a login: where to send the browser, and what it must bring back.
    ///
    /// With `anew`, the provider is asked to have the person prove who they are once more (Core 1.0, 3.1.2.1).
    pub async fn begin(
        &self,
        provider: usize,
        return_to: String,
        anew: bool,
    ) -> Result<(Url, PendingLogin), LoginError> {
        let configured = self.providers.get(provider).ok_or(LoginError::UnknownProvider)?;
        let mut url = self.discovery(&configured.iss).await?.authorization_endpoint.ok_or_else(|| {
            tracing::warn!(iss = %configured.iss, "the provider names no authorization endpoint");
            LoginError::ProviderUnavailable
        })?;
        let [state, nonce, verifier] = [self.secret(), self.secret(), self.secret()];
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &configured.client_id)
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair("scope", &configured.scopes)
            .append_pair("state", &state)
            .append_pair("nonce", &nonce)
            .append_pair("code_challenge", &URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier)))
            .append_pair("code_challenge_method", "S256");
        if anew {
            url.query_pairs_mut().append_pair("prompt", "login").append_pair("max_age", "0");
        }
        let expires_at = self.ports.clock.now() + PATIENCE;
        let iss = configured.iss.clone();
        Ok((url, PendingLogin { provider, iss, state, nonce, verifier, expires_at, return_to }))
    }

    /// Finishes a login with what the browser brought back.
    pub async fn finish(
        &self,
        pending: &PendingLogin,
        answer: &AuthorizationAnswer,
    ) -> Result<LoggedIn, LoginError> {
        let now = self.ports.clock.now();
        let configured = self.providers.get(pending.provider).filter(|p| p.iss == pending.iss);
        let configured = configured.ok_or(LoginError::UnknownProvider)?;
        let state = answer.state.as_deref().unwrap_or_default();
        if now >= pending.expires_at || !bool::from(state.as_bytes().ct_eq(pending.state.as_bytes())) {
            return Err(LoginError::NotBegunHere);
        }
        let discovery = self.discovery(&configured.iss).await?;
        match &answer.iss {
            Some(iss) if iss != configured.iss.as_str() => return Err(LoginError::InvalidToken("iss")),
            None if discovery.authorization_response_iss_parameter_supported => {
                return Err(LoginError::InvalidToken("iss"));
            }
            _ => {}
        }
        let code = answer.code.as_deref().filter(|_| answer.error.is_none()).ok_or(LoginError::Denied)?;
        let exchange =
            exchange::Exchange { code, verifier: &pending.verifier, redirect_uri: &self.redirect_uri };
        let token = exchange.send(self.keys.http(), configured, &discovery).await?;
        let expected =
            Expected { iss: &configured.iss, client_id: &configured.client_id, nonce: &pending.nonce };
        let claims = id_token::verify(&token, &expected, &self.keys, now).await?;
        self.logged_in(configured, &claims).await
    }

    async fn logged_in(&self, provider: &LoginProvider, claims: &Value) -> Result<LoggedIn, LoginError> {
        let scope = provider.scope(&mut *self.store.begin_read().await?).await?;
        let scope = scope.ok_or(LoginError::UntrustedIssuer)?;
        let trusted = self.bearers.trust_in(&provider.iss).await?;
        let trusted: Vec<&TrustedIssuer> = trusted.iter().filter(|trust| scope.counts(trust)).collect();
        let first = trusted.first().ok_or_else(|| {
            let (iss, client_id) = (&provider.iss, &provider.client_id);
            tracing::warn!(%iss, client_id, "no organization trusts the provider for logins to this client_id");
            LoginError::UntrustedIssuer
        })?;
        let sub = first.issuer.subject_claim.find(claims).and_then(Value::as_str);
        let sub = sub.and_then(|sub| Sub::parse(sub).ok()).ok_or(LoginError::InvalidToken("subject"))?;
        let roles = trusted.iter().flat_map(|trust| {
            let roles = trust.staff.as_ref().map(|staff| staff.roles(claims)).unwrap_or_default();
            roles.into_iter().map(|role| (trust.organization, role))
        });
        Ok(LoggedIn {
            key: AccountKey { iss: provider.iss.clone(), sub },
            roles: roles.collect(),
            scope,
            authentication: bearer::authentication(claims),
        })
    }

    async fn discovery(&self, iss: &Iss) -> Result<Discovery, LoginError> {
        let now = self.ports.clock.now();
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(iss).cloned();
        if let Some((at, discovery)) = known
            && now < at + FRESH
        {
            return Ok(discovery);
        }
        let discovery = self.keys.discover(iss).await.ok_or(LoginError::ProviderUnavailable)?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(iss.clone(), (now, discovery.clone()));
        Ok(discovery)
    }

    /// 256 random bits; as a PKCE verifier, the 43 characters that RFC 7636, 4.1, recommends.
    fn secret(&self) -> String {
        let mut bytes = [0; 32];
        self.ports.random.fill(&mut bytes);
        URL_SAFE_NO_PAD.encode(bytes)
    }
}

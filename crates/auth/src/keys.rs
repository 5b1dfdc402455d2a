//! Public keys of identity providers and clients: discovered, fetched, kept, and fetched anew when an
//! unknown one is named, but not more often than every 30 seconds.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::jwk::Jwk;
use kinlink_domain::{account::Iss, port::Clock};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::OwnedMutexGuard;
use url::Url;

use crate::jwt::Unverified;

/// Keys older than this are fetched again.
const FRESH: TimeDelta = TimeDelta::hours(1);
/// Keys older than this are not used, even if the provider does not answer.
const USABLE: TimeDelta = TimeDelta::hours(24);
/// The least time between two fetches that tokens with unknown keys cause.
const PAUSE: TimeDelta = TimeDelta::seconds(30);
/// The least time between two fetches while the provider does not answer.
const PAUSE_AFTER_FAILURE: TimeDelta = TimeDelta::seconds(2);
/// A longer answer is refused.
const MAX_ANSWER: usize = 512 * 1024;

/// Why there is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The provider does not answer, or not with keys.
    #[error("the provider's keys cannot be had")]
    Unavailable,
    /// The provider has no such key.
    #[error("none of the provider's keys made this signature")]
    Unknown,
}

/// Where keys are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum KeySource {
    /// Found by OpenID Connect Discovery.
    Issuer(Iss),
    /// At this address.
    Uri(Url),
}

/// Fetches and keeps keys.
#[derive(Debug)]
pub struct KeyFetcher {
    http: reqwest::Client,
    clock: Arc<dyn Clock>,
    providers: Mutex<HashMap<KeySource, Arc<tokio::sync::Mutex<Kept>>>>,
}

#[derive(Debug, Default)]
struct Kept {
    keys: Vec<Jwk>,
    fetched_at: Option<DateTime<Utc>>,
    tried_at: Option<DateTime<Utc>>,
}

/// What a provider says of itself (OpenID Connect Discovery 1.0, section 3), as far as it is used here.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Discovery {
    issuer: String,
    jwks_uri: Url,
    pub(crate) authorization_endpoint: Option<Url>,
    pub(crate) token_endpoint: Option<Url>,
    #[serde(default)]
    pub(crate) token_endpoint_auth_methods_supported: Vec<String>,
    #[serde(default)]
    pub(crate) authorization_response_iss_parameter_supported: bool,
}

impl KeyFetcher {
    /// A fetcher that follows no redirect and waits no longer than five seconds.
    pub fn new(clock: Arc<dyn Clock>) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(5))
            .user_agent("kinlink")
            .build()?;
        Ok(Self { http, clock, providers: Mutex::default() })
    }

    /// Fetches what a provider says of itself; none if it does not answer, or speaks for another.
    pub(crate) async fn discover(&self, iss: &Iss) -> Option<Discovery> {
        discover(&self.http, iss).await
    }

    /// The client that providers are asked with.
    pub(crate) const fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// Whether one of the keys at `source` signed this token. Calls at once share one fetch.
    pub(crate) async fn verify(&self, source: &KeySource, token: &Unverified<'_>) -> Result<(), KeyError> {
        let provider = {
            let mut providers = self.providers.lock().unwrap_or_else(PoisonError::into_inner);
            providers.entry(source.clone()).or_default().clone()
        };
        let mut kept = provider.lock_owned().await;
        let now = self.clock.now();
        let outdated = kept.fetched_at.is_none_or(|at| now >= at + FRESH);
        if (outdated || !kept.knows(token)) && kept.may_try(now) {
            // A task of its own, since the request that asks may be given up in the middle: the answer is
            // for all that wait.
            let refreshing = tokio::spawn(refresh(self.http.clone(), source.clone(), kept, now));
            kept = refreshing.await.map_err(|_| KeyError::Unavailable)?;
        }
        if kept.fetched_at.is_none_or(|at| now >= at + USABLE) {
            return Err(KeyError::Unavailable);
        }
        let candidates: Vec<Jwk> = kept.keys.iter().filter(|jwk| token.fits(jwk)).cloned().collect();
        drop(kept);
        signed_by_any(token, &candidates)
    }
}

async fn refresh(
    http: reqwest::Client,
    source: KeySource,
    mut kept: OwnedMutexGuard<Kept>,
    now: DateTime<Utc>,
) -> OwnedMutexGuard<Kept> {
    kept.tried_at = Some(now);
    if let Some(keys) = fetch(&http, &source).await {
        kept.keys = keys;
        kept.fetched_at = Some(now);
    } else {
        tracing::warn!(?source, "keys cannot be fetched");
    }
    kept
}

async fn fetch(http: &reqwest::Client, source: &KeySource) -> Option<Vec<Jwk>> {
    let uri = match source {
        KeySource::Uri(uri) => uri.clone(),
        KeySource::Issuer(iss) => discover(http, iss).await?.jwks_uri,
    };
    Some(public_keys(&get(http, &uri).await?))
}

async fn discover(http: &reqwest::Client, iss: &Iss) -> Option<Discovery> {
    let document = format!("{}/.well-known/openid-configuration", iss.as_str().trim_end_matches('/'));
    let discovery: Discovery = serde_json::from_value(get(http, &document.parse().ok()?).await?).ok()?;
    // OpenID Connect Discovery 1.0, 4.3: the same text, or somebody speaks for another.
    if discovery.issuer != iss.as_str() {
        tracing::warn!(%iss, "the discovery document names another issuer");
        return None;
    }
    Some(discovery)
}

/// What comes over plain http comes from whoever sits in between.
pub(crate) fn is_protected(url: &Url) -> bool {
    Iss::parse(format!("{}://{}", url.scheme(), url.authority())).is_ok()
}

async fn get(http: &reqwest::Client, url: &Url) -> Option<Value> {
    if !is_protected(url) {
        return None;
    }
    read_json(http.get(url.clone()).send().await.ok()?.error_for_status().ok()?).await
}

/// An answer's JSON, unless it is longer than any that is honest.
pub(crate) async fn read_json(mut answer: reqwest::Response) -> Option<Value> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.ok()? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&body).ok()
}

impl Kept {
    /// A provider that gave keys is left alone for a while; one that did not answer is asked again sooner.
    fn may_try(&self, now: DateTime<Utc>) -> bool {
        let pause = if self.fetched_at == self.tried_at { PAUSE } else { PAUSE_AFTER_FAILURE };
        self.tried_at.is_none_or(|at| now >= at + pause)
    }

    fn knows(&self, token: &Unverified<'_>) -> bool {
        self.keys.iter().any(|jwk| token.fits(jwk))
    }
}

/// The keys of a JWK Set (RFC 7517, section 5); those of a kind that is not known are passed over.
pub(crate) fn public_keys(set: &Value) -> Vec<Jwk> {
    let keys = set.get("keys").and_then(Value::as_array);
    keys.into_iter().flatten().filter_map(|key| Jwk::deserialize(key).ok()).collect()
}

/// A token without a `kid` may be of any of the fitting keys.
pub(crate) fn signed_by_any(token: &Unverified<'_>, keys: &[Jwk]) -> Result<(), KeyError> {
    let signed = keys.iter().any(|jwk| token.fits(jwk) && token.is_signed_by(jwk));
    if signed { Ok(()) } else { Err(KeyError::Unknown) }
}

//! Public keys of identity providers and clients: discovered, fetched, kept, and fetched anew when an
//! unknown one is named, but not more often than every 30 seconds. A provider that is slow or away stops nobody
//! whose key is known and not a day old.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::jwk::Jwk;
use kinlink_domain::{account::Iss, port::Clock};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::watch;
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
/// How long a fetch may take, discovery included.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a token whose key is known waits for keys that are fetched again, so that a key that was withdrawn while
/// nobody asked is not believed once more.
const MOMENT: Duration = Duration::from_secs(1);
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
    providers: Mutex<HashMap<KeySource, Arc<Mutex<Kept>>>>,
}

/// What is known of a provider's keys. Its lock is never held while the provider is waited for.
#[derive(Debug, Default)]
struct Kept {
    keys: Vec<Jwk>,
    /// When the fetch began that brought them.
    fetched_at: Option<DateTime<Utc>>,
    /// When the last fetch ended without keys; absent if it brought some.
    failed_at: Option<DateTime<Utc>>,
    /// The last fetch that was begun, which lasts as long as this is open.
    fetch: Option<watch::Receiver<()>>,
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
            .timeout(PATIENCE)
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
        let now = self.clock.now();
        if let Some((mut fetch, at_most)) = self.fetch_for(token, source, &provider, now) {
            // It ends by closing; whether it brought keys is seen below.
            let _ = tokio::time::timeout(at_most, fetch.changed()).await;
        }
        let candidates: Vec<Jwk> = {
            let kept = lock(&provider);
            if !kept.is_usable(now) {
                return Err(KeyError::Unavailable);
            }
            kept.keys.iter().filter(|jwk| token.fits(jwk)).cloned().collect()
        };
        signed_by_any(token, &candidates)
    }

    /// The fetch that a token is to wait for, and for how long; none if it need not wait, or it would be in vain.
    fn fetch_for(
        &self,
        token: &Unverified<'_>,
        source: &KeySource,
        provider: &Arc<Mutex<Kept>>,
        now: DateTime<Utc>,
    ) -> Option<(watch::Receiver<()>, Duration)> {
        let mut kept = lock(provider);
        let knows = kept.is_usable(now) && kept.knows(token);
        if knows && kept.is_fresh(now) {
            return None;
        }
        let under_way = kept.fetch.clone().filter(|fetch| fetch.has_changed().is_ok());
        let fetch = match under_way {
            Some(fetch) => fetch,
            None if kept.may_try(now) => {
                let (ends, fetch) = watch::channel(());
                kept.fetch = Some(fetch.clone());
                // A task of its own, since the request that asks may be given up in the middle: the answer is
                // for all that wait.
                let (http, clock) = (self.http.clone(), self.clock.clone());
                tokio::spawn(refresh(http, clock, source.clone(), provider.clone(), ends));
                fetch
            }
            None => return None,
        };
        match (knows, kept.failed_at) {
            (false, _) => Some((fetch, PATIENCE)),
            (true, None) => Some((fetch, MOMENT)),
            // It did not answer before, so nobody waits for it again whose key is known.
            (true, Some(_)) => None,
        }
    }
}

fn lock(provider: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    provider.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Fetches keys; `ends` is closed afterwards, however that goes.
async fn refresh(
    http: reqwest::Client,
    clock: Arc<dyn Clock>,
    source: KeySource,
    provider: Arc<Mutex<Kept>>,
    ends: watch::Sender<()>,
) {
    let began_at = clock.now();
    let fetched = tokio::time::timeout(PATIENCE, fetch(&http, &source)).await.ok().flatten();
    let mut kept = lock(&provider);
    if let Some(keys) = fetched {
        kept.keys = keys;
        kept.fetched_at = Some(began_at);
        kept.failed_at = None;
    } else {
        tracing::warn!(?source, "keys cannot be fetched");
        // The pause begins only now: the provider may have taken longer than it lasts.
        kept.failed_at = Some(clock.now());
    }
    drop(kept);
    drop(ends);
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
    fn is_fresh(&self, now: DateTime<Utc>) -> bool {
        self.fetched_at.is_some_and(|at| now < at + FRESH)
    }

    fn is_usable(&self, now: DateTime<Utc>) -> bool {
        self.fetched_at.is_some_and(|at| now < at + USABLE)
    }

    /// A provider that gave keys is left alone for a while; one that did not answer is asked again sooner.
    fn may_try(&self, now: DateTime<Utc>) -> bool {
        self.fetched_at.is_none_or(|at| now >= at + PAUSE)
            && self.failed_at.is_none_or(|at| now >= at + PAUSE_AFTER_FAILURE)
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

//! Tokens by which an authorization server says that it is itself who calls, as Microsoft Entra does when it
//! calls a custom claims provider.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use kinlink_cache::{Forget, Freshness, GuardedCache};
use kinlink_domain::{account::Iss, port::Clock, store::Change};
use sha2::{Digest, Sha256};

use crate::{
    bearer::BearerError,
    jwt::{LEEWAY, Unverified},
    keys::{KeyError, KeyFetcher, KeySource},
};

/// Tokens that are kept in memory; a server uses one for an hour.
const TOKENS: u64 = 1_000;

/// What such a token must be.
#[derive(Debug, Clone, Copy)]
pub struct ServerTokenRule<'a> {
    /// Who issues it.
    pub issuer: &'a Iss,
    /// For whom.
    pub audience: &'a str,
    /// Which program may use it: its `azp` in tokens of version 2, `appid` in those of version 1.
    pub caller: &'a str,
}

/// Verifies such tokens.
#[derive(Debug)]
pub struct ServerTokens {
    keys: Arc<KeyFetcher>,
    clock: Arc<dyn Clock>,
    /// Until when a token that was verified is accepted, by its hash and the rule's. A key that its issuer withdraws
    /// is believed no longer than the fetcher keeps keys, or the token lasts.
    known: GuardedCache<[u8; 32], DateTime<Utc>>,
}

impl ServerTokens {
    /// A verifier that gets issuers' keys from this fetcher.
    pub fn new(keys: Arc<KeyFetcher>, clock: Arc<dyn Clock>, freshness: Freshness) -> Self {
        Self { keys, clock, known: GuardedCache::new(TOKENS, freshness) }
    }

    /// Verifies a token.
    pub async fn verify(&self, token: &str, rule: ServerTokenRule<'_>) -> Result<(), BearerError> {
        let now = self.clock.now();
        let key = fingerprint(token, rule);
        if let Some(good_until) = self.known.get(&key) {
            return if now < good_until { Ok(()) } else { Err(BearerError::Invalid("expired")) };
        }
        let ticket = self.known.ticket(&key);
        let good_until = self.verify_anew(token, rule, now).await?;
        self.known.keep(ticket, key, good_until);
        Ok(())
    }

    async fn verify_anew(
        &self,
        token: &str,
        rule: ServerTokenRule<'_>,
        now: DateTime<Utc>,
    ) -> Result<DateTime<Utc>, BearerError> {
        let token = Unverified::parse(token).map_err(BearerError::Invalid)?;
        if token.text("iss") != Some(rule.issuer.as_str()) {
            return Err(BearerError::Invalid("iss"));
        }
        self.keys.verify(&KeySource::Issuer(rule.issuer.clone()), &token).await.map_err(
            |error| match error {
                KeyError::Unavailable => BearerError::ProviderUnavailable,
                KeyError::Unknown => BearerError::Invalid("signature"),
            },
        )?;
        let good_until = token.check_time(now).map_err(BearerError::Invalid)? + LEEWAY;
        if !token.is_for([rule.audience]) {
            return Err(BearerError::Invalid("audience"));
        }
        let caller = token.text("azp").or_else(|| token.text("appid"));
        if caller == Some(rule.caller) { Ok(good_until) } else { Err(BearerError::Invalid("caller")) }
    }
}

fn fingerprint(token: &str, rule: ServerTokenRule<'_>) -> [u8; 32] {
    let parts = [token, rule.issuer.as_str(), rule.audience, rule.caller];
    let hasher = parts.iter().fold(Sha256::new(), |hasher, part| hasher.chain_update(part).chain_update([0]));
    hasher.finalize().into()
}

impl Forget for ServerTokens {
    /// No token depends on what is stored here.
    fn forget(&self, _: &Change) {}

    fn forget_everything(&self) {
        self.known.forget_everything();
    }
}

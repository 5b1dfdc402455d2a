//! OIDC bearer tokens of patients and staff.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use kinlink_cache::{Forget, Freshness, GuardedCache};
use kinlink_domain::{
    account::{AccountKey, Iss, Sub},
    actor::StaffUser,
    federated::Asserted,
    id::{AccountId, OrganizationId},
    issuer::TrustedIssuer,
    port::Clock,
    step_up::Authentication,
    store::{Change, Store, StoreError},
};
use serde_json::Value;

use crate::{
    jwt::Unverified,
    keys::{KeyError, KeyFetcher, KeySource},
};

/// Issuers whose trust is kept in memory.
const ISSUERS: u64 = 1_000;

/// Somebody whose token was verified.
#[derive(Debug, Clone)]
pub struct Bearer {
    /// The login.
    pub key: AccountKey,
    /// The organizations that trust the issuer for an audience of this token.
    pub trusted: Vec<TrustedIssuer>,
    /// When the token ends.
    pub expires_at: DateTime<Utc>,
    claims: Claims,
}

/// Claims may hold anything, so `Debug` shows none.
#[derive(Clone)]
struct Claims(Value);

impl std::fmt::Debug for Claims {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Claims(…)")
    }
}

impl Bearer {
    /// The account of this login.
    pub fn account(&self) -> AccountId {
        self.key.id()
    }

    /// How this person logged in.
    pub fn authentication(&self) -> Authentication {
        authentication(&self.claims.0)
    }

    /// What the person calls this login, to be shown to nobody else.
    pub fn login_name(&self) -> Option<&str> {
        ["preferred_username", "email"].iter().find_map(|claim| self.claims.0.get(claim)?.as_str())
    }

    /// The organizations at which this login may be a patient's.
    pub fn account_organizations(&self) -> impl Iterator<Item = OrganizationId> {
        self.trusted.iter().filter(|trust| trust.accounts).map(|trust| trust.organization)
    }

    /// What the provider says of how it identified its user.
    pub fn asserted(&self) -> Asserted {
        Asserted::read(self.key.iss.clone(), &self.claims.0)
    }

    /// The staff user that this login is, with no role at all if it is none.
    pub fn staff(&self) -> StaffUser {
        let roles = self.trusted.iter().flat_map(|trust| {
            let roles = trust.staff.as_ref().map(|staff| staff.roles(&self.claims.0)).unwrap_or_default();
            roles.into_iter().map(|role| (trust.organization, role))
        });
        StaffUser { account: self.account(), roles: roles.collect() }
    }
}

/// How somebody logged in, as these claims say.
pub(crate) fn authentication(claims: &Value) -> Authentication {
    let amr = claims.get("amr").and_then(Value::as_array).into_iter().flatten();
    Authentication {
        time: claims.get("auth_time").and_then(Value::as_i64).and_then(|at| DateTime::from_timestamp(at, 0)),
        acr: claims.get("acr").and_then(Value::as_str).map(ToOwned::to_owned),
        amr: amr.filter_map(Value::as_str).map(ToOwned::to_owned).collect(),
    }
}

/// Why a token is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum BearerError {
    /// Something is wrong with it; the word may be shown.
    #[error("the token is not valid: {0}")]
    Invalid(&'static str),
    /// No organization trusts its issuer.
    #[error("no organization here trusts the token's issuer")]
    UntrustedIssuer,
    /// Its issuer's keys cannot be had just now.
    #[error("the issuer's keys cannot be had")]
    ProviderUnavailable,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Verifies bearer tokens against the organizations' trusted issuers.
#[derive(Debug)]
pub struct BearerVerifier {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    keys: Arc<KeyFetcher>,
    trust: GuardedCache<Iss, Arc<[TrustedIssuer]>>,
}

impl BearerVerifier {
    /// A verifier that asks this store whom organizations trust.
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        keys: Arc<KeyFetcher>,
        freshness: Freshness,
    ) -> Self {
        Self { store, clock, keys, trust: GuardedCache::new(ISSUERS, freshness) }
    }

    /// Verifies a token.
    pub async fn verify(&self, token: &str) -> Result<Bearer, BearerError> {
        let token = Unverified::parse(token).map_err(BearerError::Invalid)?;
        // Believed only as far as to ask whether anybody trusts it.
        let iss =
            token.text("iss").and_then(|iss| Iss::parse(iss).ok()).ok_or(BearerError::Invalid("iss"))?;
        let trust = self.trust_in(&iss).await?;
        let Some(first) = trust.first() else { return Err(BearerError::UntrustedIssuer) };
        let subject_claim = first.issuer.subject_claim.clone();
        self.keys.verify(&KeySource::Issuer(iss.clone()), &token).await.map_err(|error| match error {
            KeyError::Unavailable => BearerError::ProviderUnavailable,
            KeyError::Unknown => BearerError::Invalid("signature"),
        })?;
        let expires_at = token.check_time(self.clock.now()).map_err(BearerError::Invalid)?;
        let for_audience = |trust: &&TrustedIssuer| token.is_for(trust.audiences.iter().map(String::as_str));
        let trusted: Vec<_> = trust.iter().filter(for_audience).cloned().collect();
        if trusted.is_empty() {
            return Err(BearerError::Invalid("audience"));
        }
        let sub = subject_claim.find(&token.claims).and_then(Value::as_str);
        let sub = sub.and_then(|sub| Sub::parse(sub).ok()).ok_or(BearerError::Invalid("subject"))?;
        Ok(Bearer { key: AccountKey { iss, sub }, trusted, expires_at, claims: Claims(token.claims) })
    }

    /// Who trusts this issuer.
    pub async fn trust_in(&self, iss: &Iss) -> Result<Arc<[TrustedIssuer]>, StoreError> {
        if let Some(known) = self.trust.get(iss) {
            return Ok(known);
        }
        let ticket = self.trust.ticket(iss);
        let trust: Arc<[TrustedIssuer]> = self.store.begin_read().await?.trust_in(iss).await?.into();
        self.trust.keep(ticket, iss.clone(), trust.clone());
        Ok(trust)
    }
}

impl Forget for BearerVerifier {
    fn forget(&self, change: &Change) {
        if matches!(change, Change::Organization(_)) {
            self.trust.forget_everything();
        }
    }

    fn forget_everything(&self) {
        self.trust.forget_everything();
    }
}

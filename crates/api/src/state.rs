use std::{sync::Arc, time::Duration};

use kinlink_auth::{BearerVerifier, ClientAuthenticator, LoginProvider, Logins, ServerTokens};
use kinlink_delivery::{EventWake, Pages, ReceiverRules};
use kinlink_domain::{
    comparison::Matcher,
    service::Ports,
    store::{LinkReader, Store},
};
use kinlink_matching::Model;
use kinlink_signing::Signer;

use crate::{
    connections_cache::ConnectionsCache, links_cache::LinksCache, lookup_audit::LookupCounter,
    trusted_proxy::TrustedProxy,
};

/// How the API behaves.
#[derive(Debug, Clone)]
pub struct ApiSettings {
    /// Where clients reach Kinlink, without a trailing slash; the token endpoint's audience.
    pub public_url: String,
    /// Where a code can be redeemed in a browser, if anywhere; printed letters name it.
    pub redeem_url: Option<String>,
    /// The longest body, in bytes.
    pub body_limit: usize,
    /// How long a request may take.
    pub request_timeout: Duration,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<TrustedProxy>,
    /// Worker threads; one for each core if absent.
    pub workers: Option<usize>,
    /// How long a stop waits for what was taken.
    pub shutdown_grace: Duration,
    /// Accounts whose links are kept in memory.
    pub cache_capacity: u64,
    /// How often the change feed is read.
    pub feed_interval: Duration,
    /// How long after a reading of the change feed the caches may answer.
    pub freshness_bound: Duration,
    /// How often counts of lookups are written to the audit.
    pub lookup_audit_interval: Duration,
    /// How long a client's access token lasts.
    pub access_token_lifetime: Duration,
    /// What claims and `Patient/$match` compare by.
    pub matcher: Arc<dyn Matcher>,
    /// Where people log in to the pages.
    pub logins: Vec<LoginProvider>,
    /// Where clients may have events sent.
    pub receivers: ReceiverRules,
}

impl ApiSettings {
    /// The defaults, for this public URL.
    pub fn new(public_url: impl Into<String>) -> Self {
        Self {
            public_url: public_url.into().trim_end_matches('/').to_owned(),
            redeem_url: None,
            body_limit: 64 * 1024,
            request_timeout: Duration::from_secs(10),
            trusted_proxies: Vec::new(),
            workers: None,
            shutdown_grace: Duration::from_secs(20),
            cache_capacity: 500_000,
            feed_interval: Duration::from_millis(200),
            freshness_bound: Duration::from_millis(800),
            lookup_audit_interval: Duration::from_secs(5),
            access_token_lifetime: Duration::from_mins(10),
            matcher: Arc::new(Model::shipped()),
            logins: Vec::new(),
            receivers: ReceiverRules::default(),
        }
    }
}

impl ApiSettings {
    /// Where letters point to.
    pub(crate) fn pages(&self) -> Pages {
        Pages { public_url: self.public_url.clone(), redeem_url: self.redeem_url.clone() }
    }

    /// Where people who log in to these pages redeem a code.
    pub(crate) fn redeem_at(&self) -> String {
        self.redeem_url.clone().unwrap_or_else(|| Pages::own_redeem_url(&self.public_url))
    }
}

/// What every handler may need.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) settings: ApiSettings,
    pub(crate) ports: Ports,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) bearers: Arc<BearerVerifier>,
    pub(crate) logins: Arc<Logins>,
    pub(crate) clients: Arc<ClientAuthenticator>,
    pub(crate) connections: Arc<ConnectionsCache>,
    pub(crate) server_tokens: Arc<ServerTokens>,
    pub(crate) answers: Signer,
    pub(crate) links: Arc<LinksCache>,
    pub(crate) lookups: Arc<LookupCounter>,
    pub(crate) events: Events,
}

/// What polled streams need.
#[derive(Debug)]
pub(crate) struct Events {
    pub(crate) signer: Signer,
    pub(crate) wake: EventWake,
    /// Past the cache: what an event tells must be as new as the event.
    pub(crate) links: Arc<dyn LinkReader>,
}

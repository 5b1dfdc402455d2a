//! Puts the API together and runs it.

use std::{
    net::TcpListener,
    sync::{Arc, OnceLock},
};

use actix_web::{
    App, HttpServer,
    dev::ServerHandle,
    middleware::from_fn,
    web::{self, Data, ServiceConfig},
};
use kinlink_auth::{BearerVerifier, ClientAuthenticator, ClientSettings, KeyFetcher, Logins, ServerTokens};
use kinlink_cache::{Caches, Follower, Forget, Freshness};
use kinlink_delivery::EventWake;
use kinlink_domain::{
    service::Ports,
    signing_key::KeyPurpose,
    store::{ChangeFeed, ChangeListener, EventQueue, LinkReader, LookupAudit, Store},
};
use kinlink_signing::Signer;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    connections_cache::ConnectionsCache,
    links_cache::LinksCache,
    lookup_audit::{self, LookupCounter},
    observe::observe,
    pages,
    state::{ApiSettings, Events, State},
    v1,
};

/// Routes that somebody else adds: the demo, a measurement.
pub type ExtraRoutes = Arc<dyn Fn(&mut ServiceConfig) + Send + Sync>;

/// Why the API did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The socket cannot be used.
    #[error("the listening socket cannot be used: {0}")]
    Socket(#[from] std::io::Error),
    /// The HTTP client for identity providers' keys cannot be made.
    #[error("no HTTP client can be made: {0}")]
    HttpClient(#[from] reqwest::Error),
}

/// A running API.
#[derive(Debug)]
pub struct Application {
    handle: ServerHandle,
    serving: tokio::task::JoinHandle<std::io::Result<()>>,
    followers: Vec<tokio::task::JoinHandle<()>>,
    stop_followers: CancellationToken,
    wake: EventWake,
}

impl Application {
    /// Starts on this socket. `store` is called with the listener that all commits must reach, and returns
    /// the storage.
    pub fn start<S>(
        listener: TcpListener,
        settings: ApiSettings,
        ports: Ports,
        store: impl FnOnce(Arc<dyn ChangeListener>) -> Arc<S>,
        extra: Option<ExtraRoutes>,
    ) -> Result<Self, StartError>
    where
        S: Store + LinkReader + ChangeFeed + LookupAudit + EventQueue + 'static,
    {
        let freshness = Freshness::new(settings.freshness_bound);
        let late = Arc::new(Listeners::default());
        let store = store(late.clone());
        let signer = Signer::new(KeyPurpose::Event, store.clone(), ports.clock.clone());
        let events = Events { signer, wake: late.events.clone(), links: store.clone() };
        let wake = late.events.clone();
        let state = state(settings, ports, store.clone(), events, &freshness)?;
        let caches = Caches::new(vec![
            state.links.clone() as Arc<dyn Forget>,
            state.clients.clone(),
            state.connections.clone(),
            state.server_tokens.clone(),
            state.bearers.clone(),
        ]);
        late.set(caches.clone());
        let settings = state.settings.clone();
        let follower = Follower::new(store.clone(), caches, freshness, settings.feed_interval);
        let stop_followers = CancellationToken::new();
        let counting = lookup_audit::run(
            state.lookups.clone(),
            store,
            state.ports.clone(),
            settings.lookup_audit_interval,
            stop_followers.clone(),
        );
        let followers = vec![tokio::spawn(follower.run(stop_followers.clone())), tokio::spawn(counting)];
        let (handle, serving) = serve(listener, &settings, state, extra)?;
        Ok(Self { handle, serving, followers, stop_followers, wake })
    }

    /// Who sends events hears of commits here.
    pub fn event_wake(&self) -> EventWake {
        self.wake.clone()
    }

    /// Waits until the server ends by itself.
    pub async fn ended(&mut self) -> std::io::Result<()> {
        (&mut self.serving).await.unwrap_or_else(|error| Err(std::io::Error::other(error)))
    }

    /// Takes no more requests, finishes those that it took, and writes what it counted.
    pub async fn stop(self) {
        self.handle.stop(true).await;
        let _ = self.serving.await;
        self.stop_followers.cancel();
        for follower in self.followers {
            let _ = follower.await;
        }
    }
}

/// Who hears of commits. The caches exist only after the store that they listen to.
#[derive(Debug, Default)]
struct Listeners {
    caches: OnceLock<Caches>,
    events: EventWake,
}

impl Listeners {
    fn set(&self, caches: Caches) {
        // It is set once, right after it is made.
        let _ = self.caches.set(caches);
    }
}

impl ChangeListener for Listeners {
    fn committed(&self, changes: &[kinlink_domain::store::Change]) {
        if let Some(caches) = self.caches.get() {
            caches.committed(changes);
        }
        self.events.committed(changes);
    }
}

fn state<S>(
    settings: ApiSettings,
    ports: Ports,
    store: Arc<S>,
    events: Events,
    freshness: &Freshness,
) -> Result<Data<State>, StartError>
where
    S: Store + LinkReader + EventQueue + 'static,
{
    let keys = Arc::new(KeyFetcher::new(ports.clock.clone())?);
    let client_settings = ClientSettings {
        audiences: vec![format!("{}/oauth2/token", settings.public_url), settings.public_url.clone()],
        access_token_lifetime: chrono::TimeDelta::from_std(settings.access_token_lifetime)
            .unwrap_or(chrono::TimeDelta::minutes(10)),
    };
    let bearers = BearerVerifier::new(store.clone(), ports.clock.clone(), keys.clone(), freshness.clone());
    let bearers = Arc::new(bearers);
    let logins = Logins::new(
        settings.logins.clone(),
        format!("{}/login/callback", settings.public_url),
        store.clone(),
        bearers.clone(),
        keys.clone(),
        ports.clone(),
    );
    let server_tokens = ServerTokens::new(keys.clone(), ports.clock.clone(), freshness.clone());
    let connections = ConnectionsCache::new(store.clone(), freshness.clone());
    let answers = Signer::new(KeyPurpose::Answer, store.clone(), ports.clock.clone());
    let clients =
        ClientAuthenticator::new(store.clone(), ports.clone(), keys, client_settings, freshness.clone());
    let links = LinksCache::new(store.clone(), settings.cache_capacity, freshness.clone());
    Ok(Data::new(State {
        settings,
        ports,
        store,
        bearers,
        logins: Arc::new(logins),
        clients: Arc::new(clients),
        connections: Arc::new(connections),
        server_tokens: Arc::new(server_tokens),
        answers,
        links: Arc::new(links),
        lookups: Arc::new(LookupCounter::new()),
        events,
    }))
}

type Serving = tokio::task::JoinHandle<std::io::Result<()>>;

fn serve(
    listener: TcpListener,
    settings: &ApiSettings,
    state: Data<State>,
    extra: Option<ExtraRoutes>,
) -> Result<(ServerHandle, Serving), StartError> {
    let metrics = Data::new(metrics_handle());
    let body_limit = settings.body_limit;
    let server = HttpServer::new(move || {
        let extra = extra.clone();
        App::new()
            .app_data(state.clone())
            .app_data(metrics.clone())
            .app_data(web::PayloadConfig::new(body_limit))
            .wrap(from_fn(observe))
            .configure(v1::routes)
            .configure(pages::routes)
            .configure(move |config| {
                if let Some(extra) = extra {
                    extra(config);
                }
            })
            .default_service(web::to(pages::not_found))
    })
    .disable_signals()
    .client_request_timeout(settings.request_timeout)
    .shutdown_timeout(settings.shutdown_grace.as_secs());
    let server = match settings.workers {
        Some(workers) => server.workers(workers),
        None => server,
    };
    let server = server.listen(listener)?.run();
    Ok((server.handle(), tokio::spawn(server)))
}

/// The process has one recorder, however many applications run in it.
fn metrics_handle() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    let install = || {
        let builder = PrometheusBuilder::new();
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        // Somebody who embeds Kinlink may have a recorder of their own; ours then stays empty.
        let _ = metrics::set_global_recorder(recorder);
        handle
    };
    HANDLE.get_or_init(install).clone()
}

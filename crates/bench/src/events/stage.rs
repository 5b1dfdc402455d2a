use std::{net::TcpListener, sync::Arc};

use anyhow::Context;
use kinlink_api::{ApiSettings, Application, ExtraRoutes};
use kinlink_delivery::{EventWorker, ReceiverRules};
use kinlink_demo::idp::{self, Idp};
use kinlink_domain::{
    account::{AccountKey, Iss, Sub},
    actor::Actor,
    id::{LinkId, OrganizationId},
    issuer::{ClaimPath, Issuer, StaffClaims, TrustedIssuer},
    service::{
        Outlets, Ports,
        streams::{self, WantedStream},
    },
    signing_key::KeyPurpose,
    store::{ChangeListener, Store},
    stream::{EventType, Outlet},
};
use kinlink_persistence::{Database, DatabaseSettings, SeaStore};
use kinlink_signing::published_keys;
use kinlink_vault::{KeyRing, OsRandom, SystemClock};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::receiver::Receiver;
use crate::lookup::stage::{fhir_id, link, organize, record};

/// Links made in one transaction.
const BATCH: usize = 2_000;

/// A running server with many links, and a receiver that listens.
pub(super) struct Stage {
    pub(super) receiver: Receiver,
    application: Application,
    worker: tokio::task::JoinHandle<()>,
    stop: CancellationToken,
    links: Vec<(String, LinkId)>,
    url: String,
    staff: String,
    http: reqwest::Client,
}

/// The end of one link.
pub(super) struct Revocation {
    pub(super) sub: String,
    pub(super) request: reqwest::RequestBuilder,
}

impl Stage {
    pub(super) async fn build(database: &str, links: u32) -> anyhow::Result<Self> {
        let ports = Ports {
            clock: Arc::new(SystemClock),
            random: Arc::new(OsRandom),
            vault: Arc::new(KeyRing::generate(&OsRandom)),
            outlets: Outlets::default(),
        };
        let database = Database::connect(&DatabaseSettings::new(database)).await?;
        database.migrate_up(None).await?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", listener.local_addr()?);
        let idp = Arc::new(Idp::new(format!("{url}/idp"), ports.clock.clone(), Vec::new())?);
        let routes = idp.clone();
        let extra: ExtraRoutes = Arc::new(move |config| {
            config.service(idp::routes("/idp", routes.clone()));
        });
        let rules = ReceiverRules { private_networks: true };
        let mut kept = None;
        let make = |listener: Arc<dyn ChangeListener>| {
            let store = Arc::new(SeaStore::new(database, ports.clone()).with_listener(listener));
            kept = Some(store.clone());
            store
        };
        let settings = ApiSettings { receivers: rules, ..ApiSettings::new(&url) };
        let application = Application::start(listener, settings, ports.clone(), make, Some(extra))?;
        let store = kept.context("the application took no store")?;
        let receiver = Receiver::start()?;
        let organization = populate(&store, &ports, &idp, &receiver).await?;
        let links = make_links(&store, &ports, organization, idp.issuer(), links).await?;
        let stop = CancellationToken::new();
        let worker = EventWorker::new(store, ports, &url, rules, application.event_wake())?;
        let worker = tokio::spawn(worker.run(stop.clone()));
        let staff = idp.token("registrar", &json!({"roles": ["registrar"]}))?;
        Ok(Self { receiver, application, worker, stop, links, url, staff, http: reqwest::Client::new() })
    }

    pub(super) fn revocations(&self) -> impl Iterator<Item = Revocation> {
        self.links.iter().map(|(sub, link)| Revocation {
            sub: sub.clone(),
            request: self
                .http
                .post(format!("{}/v1/links/{link}/revoke", self.url))
                .bearer_auth(&self.staff)
                .json(&json!({"reason": "fraud"})),
        })
    }

    pub(super) async fn stop(self) {
        self.application.stop().await;
        self.stop.cancel();
        let _ = self.worker.await;
    }
}

/// An organization, whom it trusts, and a client with a stream.
async fn populate(
    store: &SeaStore,
    ports: &Ports,
    idp: &Idp,
    receiver: &Receiver,
) -> anyhow::Result<OrganizationId> {
    let (client, _) = organize(store, ports).await?;
    let (organization, client) = (client.organizations[0], client.id);
    published_keys(store, KeyPurpose::Event, ports.clock.now()).await?;
    let mut unit = store.begin().await?;
    unit.put_trusted_issuer(&TrustedIssuer {
        issuer: Issuer { iss: Iss::parse(idp.issuer())?, subject_claim: ClaimPath::parse("sub")? },
        organization,
        audiences: vec![idp::AUDIENCE.to_owned()],
        accounts: true,
        staff: Some(StaffClaims {
            roles: ClaimPath::parse("roles")?,
            names: std::collections::BTreeMap::new(),
        }),
    })
    .await?;
    let wanted = WantedStream {
        outlet: Outlet::Push { url: receiver.url.parse()?, authorization: None },
        events: EventType::SUPPORTED.to_vec(),
        description: None,
    };
    streams::create(&mut *unit, ports, Actor::Operator, client, wanted).await?;
    unit.save().await?;
    Ok(organization)
}

async fn make_links(
    store: &SeaStore,
    ports: &Ports,
    organization: OrganizationId,
    iss: &str,
    count: u32,
) -> anyhow::Result<Vec<(String, LinkId)>> {
    let numbers: Vec<u32> = (0..count).collect();
    let mut links = Vec::new();
    for numbers in numbers.chunks(BATCH) {
        let mut unit = store.begin().await?;
        let records = numbers.iter().map(|n| record(*n)).collect::<anyhow::Result<_>>()?;
        unit.upsert_patients(organization, records, ports.clock.now()).await?;
        for n in numbers {
            let sub = format!("account-{n}");
            let key = AccountKey { iss: Iss::parse(iss)?, sub: Sub::parse(sub.clone())? };
            let account = unit.ensure_account(&key, ports.clock.now()).await?;
            let record = unit.patient(organization, &fhir_id(*n)?).await?;
            let record = record.context("a record that was just imported is not there")?;
            let link = link(ports, &record, account.id);
            unit.add_link(&link, link.patient).await?;
            links.push((sub, link.id));
        }
        unit.save().await?;
    }
    Ok(links)
}

use std::{net::TcpListener, sync::Arc};

use anyhow::Context;
use chrono::TimeDelta;
use kinlink_api::{ApiSettings, Application, ExtraRoutes};
use kinlink_auth::rotate_api_key;
use kinlink_domain::{
    access::PatientFacts,
    account::{AccountKey, Iss, Sub},
    client::{Client, ClientStatus},
    demographics::Demographics,
    id::{AccountId, ClientId, LinkId, OrganizationId},
    link::{Link, LinkRole, LinkState, Period},
    organization::{FhirBase, Organization, Slug},
    patient::{FhirId, ImportedPatient, PatientRecord, RecordVersion},
    policy::Policy,
    proofing::{Assurance, AssuranceLevel, Ial},
    service::{Outlets, Ports},
    store::{ChangeListener, Store},
};
use kinlink_persistence::{Database, DatabaseSettings, SeaStore};
use kinlink_vault::{KeyRing, OsRandom, SystemClock};

/// The issuer of all accounts.
pub(crate) const ISS: &str = "https://login.example";
/// Links made in one transaction.
const BATCH: u32 = 2_000;

/// A database of many accounts, and a client that may ask about them.
pub(crate) struct Stage {
    database: Database,
    ports: Ports,
    api_key: String,
    accounts: u32,
    /// Who asks.
    pub(crate) client: Client,
}

/// A server on a stage.
pub(crate) struct Server {
    pub(crate) address: std::net::SocketAddr,
    application: Application,
}

impl Server {
    pub(crate) async fn stop(self) {
        self.application.stop().await;
    }
}

impl Stage {
    pub(crate) async fn build(url: &str, accounts: u32) -> anyhow::Result<Self> {
        let vault = Arc::new(KeyRing::generate(&OsRandom));
        let ports = Ports {
            clock: Arc::new(SystemClock),
            random: Arc::new(OsRandom),
            vault,
            outlets: Outlets::default(),
        };
        let database = Database::connect(&DatabaseSettings::new(url)).await?;
        database.migrate_up(None).await?;
        let store = SeaStore::new(database.clone(), ports.clone());
        let (client, api_key) = organize(&store, &ports).await?;
        let organization = client.organizations[0];
        let mut made = 0;
        while made < accounts {
            let mut unit = store.begin().await?;
            let numbers = made..(made + BATCH).min(accounts);
            let records = numbers.clone().map(record).collect::<anyhow::Result<_>>()?;
            unit.upsert_patients(organization, records, ports.clock.now()).await?;
            for n in numbers {
                let account = unit.ensure_account(&key(n)?, ports.clock.now()).await?;
                let record = unit.patient(organization, &fhir_id(n)?).await?;
                let record = record.context("a record that was just imported is not there")?;
                unit.add_link(&link(&ports, &record, account.id), record.id).await?;
            }
            unit.save().await?;
            made += BATCH;
        }
        Ok(Self { database, ports, api_key, accounts, client })
    }

    /// A server whose cache holds so many accounts.
    pub(crate) fn serve(&self, cache_capacity: u64) -> anyhow::Result<Server> {
        self.serve_on(TcpListener::bind("127.0.0.1:0")?, cache_capacity, static_route())
    }

    /// The same on this socket, with these routes beside its own.
    pub(crate) fn serve_on(
        &self,
        listener: TcpListener,
        cache_capacity: u64,
        extra: ExtraRoutes,
    ) -> anyhow::Result<Server> {
        let address = listener.local_addr()?;
        let settings = ApiSettings { cache_capacity, ..ApiSettings::new(format!("http://{address}")) };
        let make = |listener: Arc<dyn ChangeListener>| {
            Arc::new(SeaStore::new(self.database.clone(), self.ports.clone()).with_listener(listener))
        };
        let application = Application::start(listener, settings, self.ports.clone(), make, Some(extra))?;
        Ok(Server { address, application })
    }

    /// A lookup for each account, in an order that is not that of the rows.
    pub(crate) fn lookups(&self) -> Vec<Vec<u8>> {
        self.requests("/v1/links/lookup", &self.api_key, |sub| {
            format!("{{\"iss\":\"{ISS}\",\"sub\":\"{sub}\"}}")
        })
    }

    /// A request about each account, in the same order.
    pub(crate) fn requests(&self, path: &str, bearer: &str, body: impl Fn(&str) -> String) -> Vec<Vec<u8>> {
        let spread = |n: u32| u64::from(n) * 7_919 % u64::from(self.accounts);
        let about = |n| request(path, bearer, &body(&format!("account-{}", spread(n))));
        (0..self.accounts).map(about).collect()
    }

    pub(crate) fn static_request(&self) -> Vec<u8> {
        request("/bench/static", &self.api_key, &format!("{{\"iss\":\"{ISS}\",\"sub\":\"account-12345\"}}"))
    }

    /// The client's credential.
    pub(crate) fn api_key(&self) -> &str {
        &self.api_key
    }

    /// The ports.
    pub(crate) const fn ports(&self) -> &Ports {
        &self.ports
    }

    /// Storage on the database.
    pub(crate) fn store(&self) -> SeaStore {
        SeaStore::new(self.database.clone(), self.ports.clone())
    }
}

fn request(path: &str, bearer: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {bearer}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The same bytes as a lookup's answer, from memory, without authentication, parsing or database.
fn static_route() -> ExtraRoutes {
    const ANSWER: &str = include_str!("answer.json");
    async fn answer() -> actix_web::HttpResponse {
        actix_web::HttpResponse::Ok().content_type("application/json").body(ANSWER.trim_end())
    }
    Arc::new(|config| {
        config.route("/bench/static", actix_web::web::post().to(answer));
    })
}

fn key(n: u32) -> anyhow::Result<AccountKey> {
    Ok(AccountKey { iss: Iss::parse(ISS)?, sub: Sub::parse(format!("account-{n}"))? })
}

/// An organization, and a client of it with an API key.
pub(crate) async fn organize(store: &SeaStore, ports: &Ports) -> anyhow::Result<(Client, String)> {
    let now = ports.clock.now();
    let organization = Organization {
        id: OrganizationId::new(now, &*ports.random),
        slug: Slug::parse("northside")?,
        name: "Northside".to_owned(),
        fhir_base: FhirBase::parse("https://fhir.northside.example/r4")?,
        policy: Policy::default(),
        created_at: now,
    };
    let client = Client {
        id: ClientId::new(now, &*ports.random),
        name: "bench".to_owned(),
        organizations: vec![organization.id],
        keys: None,
        status: ClientStatus::Active,
        created_at: now,
    };
    let mut unit = store.begin().await?;
    unit.add_organization(&organization).await?;
    unit.add_client(&client).await?;
    let api_key = rotate_api_key(&mut *unit, ports, client.id, TimeDelta::zero()).await?;
    unit.save().await?;
    Ok((client, api_key.text))
}

pub(crate) fn fhir_id(n: u32) -> anyhow::Result<FhirId> {
    Ok(FhirId::parse(format!("patient-{n}"))?)
}

pub(crate) fn record(n: u32) -> anyhow::Result<ImportedPatient> {
    Ok(ImportedPatient {
        fhir_id: fhir_id(n)?,
        version: RecordVersion::default(),
        active: true,
        deleted: false,
        deceased: false,
        deceased_at: None,
        contacts: Vec::new(),
        links: Vec::new(),
        demographics: Demographics { birth_date: "1984-02-29".parse().ok(), ..Demographics::default() },
    })
}

pub(crate) fn link(ports: &Ports, record: &PatientRecord, account: AccountId) -> Link {
    let now = ports.clock.now();
    Link {
        id: LinkId::new(now, &*ports.random),
        version: 1,
        account,
        organization: record.organization,
        patient: record.id,
        fhir_id: record.record.fhir_id.clone(),
        role: LinkRole::SelfRole,
        permissions: Policy::default().self_permissions,
        period: Period { start: now, end: None },
        assurance: Assurance { ial: Ial::Ial2, level: AssuranceLevel::Level3 }.into(),
        record_usable: true,
        facts: PatientFacts { birth_date: "1984-02-29".parse().ok(), ..PatientFacts::default() },
        invitation: None,
        created_at: now,
        updated_at: now,
        state: LinkState::Active,
    }
}

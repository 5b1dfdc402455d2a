//! The real application on a port of its own, with a fresh database and an OpenID provider.

use std::{net::TcpListener, sync::Arc, time::Duration};

use chrono::TimeDelta;
use kinlink_api::{ApiSettings, Application, ClaimWorker, ExtraRoutes, TurnWorker};
use kinlink_auth::{ClientSecret, LoginProvider, rotate_api_key};
use kinlink_delivery::{EventWorker, ReceiverRules};
use kinlink_demo::idp::{self, Idp, LoginClient, SigningKey, User};
use kinlink_domain::{
    account::{AccountKey, Iss, Sub},
    client::{Client, ClientKeys, ClientStatus},
    id::{ClientId, LinkId, OrganizationId},
    issuer::{ClaimPath, Issuer, StaffClaims, TrustedIssuer},
    link::{Link, LinkRole, LinkState, Period},
    outbox::{Mail, MessageBody, MessageKind},
    patient::{FhirId, ImportedPatient},
    permission::Permissions,
    policy::Policy,
    proofing::Assurance,
    relationship::{ProxyBasis, Relationship},
    store::{ChangeListener, Deliveries, Store, UnitOfWork},
};
use kinlink_persistence::{Database, DatabaseSettings, SeaStore};
use kinlink_testkit::{ExactMatcher, Fixture, Kind};
use reqwest::Method;
use serde_json::{Value, json};

/// The receivers of tests are on this machine.
const RECEIVERS: ReceiverRules = ReceiverRules { private_networks: true };
/// What the pages are called at the test's own provider.
const PAGES: &str = "pages";

pub(crate) struct App {
    pub(crate) fixture: Fixture,
    pub(crate) idp: Arc<Idp>,
    pub(crate) url: String,
    http: reqwest::Client,
    logins: Vec<LoginProvider>,
    application: Application,
    /// The application's own, which tells its caches of what it commits.
    store: Arc<SeaStore>,
}

/// An application that does not answer.
pub(crate) struct Away {
    fixture: Fixture,
    idp: Arc<Idp>,
    url: String,
    http: reqwest::Client,
    logins: Vec<LoginProvider>,
}

pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

impl Reply {
    pub(crate) fn text(&self, pointer: &str) -> &str {
        let found = self.body.pointer(pointer).and_then(Value::as_str);
        found.unwrap_or_else(|| panic!("no text at {pointer} in {} {}", self.status, self.body))
    }

    /// The last part of the problem's type.
    pub(crate) fn problem(&self) -> &str {
        assert_eq!(self.headers["content-type"], "application/problem+json", "{} {}", self.status, self.body);
        assert_eq!(self.body["status"], self.status);
        self.text("/type").rsplit('/').next().unwrap()
    }

    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }
}

/// Somebody with a credential.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) token: String,
    url: String,
    http: reqwest::Client,
}

impl Caller {
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Reply {
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.unwrap();
        Reply { status, headers, body: serde_json::from_slice(&body).unwrap_or(Value::Null) }
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, Some(body), &[]).await
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None, &[]).await
    }

    /// Issues an invitation to hand over, and returns its answer.
    pub(crate) async fn invites(&self, patient: &str) -> Reply {
        let body = json!({"patient": {"id": patient}, "channel": "in_person"});
        self.post("/v1/invitations", body).await.expect(201)
    }

    pub(crate) async fn redeems(&self, code: &str) -> Reply {
        self.post("/v1/invitations/redeem", json!({"code": code})).await
    }
}

impl Away {
    /// Answers again, at the same address.
    pub(crate) fn comes_back(self) -> App {
        let Self { fixture, idp, url, http, logins } = self;
        let listener = TcpListener::bind(url.trim_start_matches("http://")).unwrap();
        let extra = Some(routes(&idp));
        let (application, store) = start(&fixture, &fixture.store, listener, logins.clone(), extra, |_| ());
        App { fixture, idp, url, http, logins, application, store }
    }
}

impl App {
    pub(crate) async fn start(kind: Kind) -> Self {
        Self::start_with(kind, Vec::new()).await
    }

    /// With more providers to log in by than the test's own. People of theirs have accounts at `here`.
    pub(crate) async fn start_with(kind: Kind, others: Vec<LoginProvider>) -> Self {
        let fixture = Fixture::new(kind).await;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let idp = Idp::new(format!("{url}/idp"), fixture.ports.clock.clone(), users()).unwrap();
        let redirect_uri = format!("{url}/login/callback");
        let client = LoginClient { id: PAGES.into(), secret: "s3cret+/".into(), redirect_uri };
        let idp = Arc::new(idp.with_client(client));
        let mut unit = fixture.begin().await;
        for organization in [&fixture.here, &fixture.there] {
            unit.put_trusted_issuer(&trust(organization.id, organization.slug.as_str(), idp.issuer()))
                .await
                .unwrap();
        }
        for other in &others {
            let trusted = trust(fixture.here.id, "here", other.iss.as_str());
            let audiences = [trusted.audiences, vec![other.client_id.clone()]].concat();
            unit.put_trusted_issuer(&TrustedIssuer { staff: None, audiences, ..trusted }).await.unwrap();
        }
        unit.save().await.unwrap();
        let logins = [vec![login(idp.issuer())], others].concat();
        let extra = Some(routes(&idp));
        let (application, store) = start(&fixture, &fixture.store, listener, logins.clone(), extra, |_| ());
        let http = reqwest::Client::builder().timeout(Duration::from_secs(20)).build().unwrap();
        Self { fixture, idp, url, http, logins, application, store }
    }

    /// Stops answering; what it knew stays in the database.
    pub(crate) async fn goes_away(self) -> Away {
        self.application.stop().await;
        let Self { fixture, idp, url, http, logins, .. } = self;
        Away { fixture, idp, url, http, logins }
    }

    /// Another replica on the same database; returns its URL and its handle.
    pub(crate) fn replica(&self) -> (String, Application) {
        self.replica_with(|_| ())
    }

    /// One with other settings.
    pub(crate) fn replica_with(&self, change: impl FnOnce(&mut ApiSettings)) -> (String, Application) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        (url, start(&self.fixture, &self.fixture.store, listener, self.logins.clone(), None, change).0)
    }

    /// Another replica with connections of its own, which the database knows by the name `replica`.
    pub(crate) async fn replica_apart(&self) -> (String, Application) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let named = format!("{}?application_name=replica", self.fixture.database.url());
        let database = Database::connect(&DatabaseSettings::new(named)).await.unwrap();
        let store = SeaStore::new(database, self.fixture.ports.clone());
        (url, start(&self.fixture, &store, listener, self.logins.clone(), None, |_| ()).0)
    }

    pub(crate) fn with_token(&self, token: impl Into<String>) -> Caller {
        Caller { token: token.into(), url: self.url.clone(), http: self.http.clone() }
    }

    pub(crate) fn at(&self, url: &str, caller: &Caller) -> Caller {
        Caller { token: caller.token.clone(), url: url.to_owned(), http: self.http.clone() }
    }

    /// A login without any role.
    pub(crate) fn person(&self, name: &str) -> Caller {
        self.with_token(self.idp.token(name, &json!({})).unwrap())
    }

    /// A staff user with one role at one organization.
    pub(crate) fn staff(&self, role: &str, slug: &str) -> Caller {
        let claims = json!({"roles": {slug: [role]}});
        self.with_token(self.idp.token(&format!("{role}-{slug}"), &claims).unwrap())
    }

    pub(crate) fn registrar(&self) -> Caller {
        self.staff("registrar", "here")
    }

    /// Registers an authorization server for these organizations and returns it with an API key.
    pub(crate) async fn client(&self, organizations: &[OrganizationId]) -> (ClientId, Caller, SigningKey) {
        let key = SigningKey::generate("client-1").unwrap();
        let ports = &self.fixture.ports;
        let client = Client {
            id: ClientId::new(ports.clock.now(), &*ports.random),
            name: "test".into(),
            organizations: organizations.to_vec(),
            keys: Some(ClientKeys::Jwks(key.jwks())),
            status: ClientStatus::Active,
            created_at: ports.clock.now(),
        };
        let mut unit = self.fixture.begin().await;
        unit.add_client(&client).await.unwrap();
        let api_key = rotate_api_key(&mut *unit, ports, client.id, TimeDelta::zero()).await.unwrap();
        unit.save().await.unwrap();
        (client.id, self.with_token(api_key.text), key)
    }

    /// What a lookup for this login asks.
    pub(crate) fn account(&self, name: &str) -> Value {
        json!({"iss": self.idp.issuer(), "sub": name})
    }

    /// Matches what was submitted; returns how many claims.
    pub(crate) async fn match_claims(&self) -> usize {
        let mut all = 0;
        loop {
            let taken = self.claim_worker().process_due().await.unwrap();
            all += taken;
            if taken == 0 {
                return all;
            }
        }
    }

    pub(crate) fn turn_worker(&self) -> TurnWorker {
        TurnWorker::new(self.store.clone(), self.fixture.ports.clone())
    }

    pub(crate) fn claim_worker(&self) -> ClaimWorker {
        ClaimWorker::new(self.store.clone(), Arc::new(ExactMatcher), self.fixture.ports.clone())
    }

    /// Sends the events that are due, as a worker of this replica would; returns how many tries it made.
    pub(crate) async fn send_events(&self) -> usize {
        self.event_worker().step().await.unwrap()
    }

    pub(crate) fn event_worker(&self) -> EventWorker {
        let (ports, wake) = (self.fixture.ports.clone(), self.application.event_wake());
        EventWorker::new(self.store.clone(), ports, &self.url, RECEIVERS, wake).unwrap()
    }

    /// The messages in the outbox that nobody has sent, as if they were sent now.
    pub(crate) async fn mails(&self) -> Vec<(String, Mail)> {
        let now = self.fixture.ports.clock.now();
        let taken =
            self.store.take_due(now, now + TimeDelta::days(1000), 200, MessageKind::Mail).await.unwrap();
        taken
            .into_iter()
            .filter_map(|message| match message.body {
                MessageBody::Mail { to, mail } => Some((to, mail)),
                MessageBody::Text { .. } | MessageBody::Letter { .. } => None,
            })
            .collect()
    }

    /// The codes of claims that are in the outbox, with where each goes.
    pub(crate) async fn claim_codes(&self) -> Vec<(String, String)> {
        let codes = self.mails().await.into_iter().filter_map(|(to, mail)| match mail {
            Mail::ClaimCode { code, .. } => Some((to, code)),
            _ => None,
        });
        codes.collect()
    }

    /// Changes the policy of `here`, as an operator would; caches do not keep it.
    pub(crate) async fn set_policy(&self, change: impl FnOnce(&mut Policy)) {
        let mut unit = self.fixture.begin().await;
        let mut here = unit.organization(self.fixture.here.id).await.unwrap().unwrap();
        change(&mut here.policy);
        unit.update_organization(&here).await.unwrap();
        unit.save().await.unwrap();
    }

    /// Gives this login a link as a proxy whom the patient chose, as if the patient had.
    pub(crate) async fn proxy(&self, name: &str, patient: &str) -> LinkId {
        let key = AccountKey { iss: Iss::parse(self.idp.issuer()).unwrap(), sub: Sub::parse(name).unwrap() };
        let (here, now) = (self.fixture.here.id, self.fixture.ports.clock.now());
        let mut unit = self.fixture.begin().await;
        let account = unit.ensure_account(&key, now).await.unwrap();
        let fhir_id = FhirId::parse(patient).unwrap();
        let record = unit.patient(here, &fhir_id).await.unwrap().unwrap();
        let relationship = Relationship::parse("SPS").unwrap();
        let link = Link {
            id: LinkId::new(now, &*self.fixture.ports.random),
            version: 1,
            account: account.id,
            organization: here,
            patient: record.id,
            fhir_id,
            role: LinkRole::Proxy { relationship, basis: ProxyBasis::PatientGrant },
            permissions: Permissions::everything(),
            period: Period { start: now, end: None },
            assurance: Assurance::LEAST.into(),
            record_usable: true,
            facts: record.facts(),
            invitation: None,
            created_at: now,
            updated_at: now,
            state: LinkState::Active,
        };
        unit.add_link(&link, link.patient).await.unwrap();
        unit.save().await.unwrap();
        link.id
    }

    /// Imports a record of `here`.
    pub(crate) async fn import(&self, patient: ImportedPatient) {
        let mut unit = self.fixture.begin().await;
        let now = self.fixture.ports.clock.now();
        unit.upsert_patients(self.fixture.here.id, vec![patient], now).await.unwrap();
        unit.save().await.unwrap();
    }

    /// A unit of work of this very application, whose caches hear of it at once.
    pub(crate) async fn begin(&self) -> Box<dyn UnitOfWork> {
        self.store.begin().await.unwrap()
    }

    /// Moves the clock.
    pub(crate) fn pass(&self, time: TimeDelta) {
        self.fixture.clock.advance(time);
    }

    pub(crate) async fn close(self) {
        self.application.stop().await;
        self.fixture.close().await;
    }
}

/// Who can log in to the pages: people, each role at both organizations, and those whose ID tokens are wrong.
fn users() -> Vec<User> {
    let user = |name: &str, claims: Value| User {
        username: name.to_owned(),
        sub: name.to_owned(),
        claims,
        about: String::new(),
    };
    let people = ["anna", "ben"].map(|name| user(name, json!({})));
    let staff = ["here", "there"].into_iter().flat_map(|slug| {
        ["registrar", "reviewer", "auditor", "admin"]
            .map(|role| user(&format!("{role}-{slug}"), json!({"roles": {slug: [role]}})))
    });
    let forged = [
        user("wrong-nonce", json!({"nonce": "of another login"})),
        user("wrong-audience", json!({"aud": "other"})),
        user("wrong-party", json!({"aud": ["pages", "other"], "azp": "other"})),
        user("several-audiences", json!({"aud": ["pages", "other"]})),
        user("wrong-issuer", json!({"iss": "https://evil.example"})),
        user("expired", json!({"exp": 1_000_000_000})),
        user("no-subject", json!({"sub": ""})),
    ];
    people.into_iter().chain(staff).chain(forged).collect()
}

fn start(
    fixture: &Fixture,
    store: &SeaStore,
    listener: TcpListener,
    logins: Vec<LoginProvider>,
    extra: Option<ExtraRoutes>,
    change: impl FnOnce(&mut ApiSettings),
) -> (Application, Arc<SeaStore>) {
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut settings = ApiSettings {
        logins,
        workers: Some(2),
        receivers: RECEIVERS,
        lookup_audit_interval: Duration::from_millis(100),
        ..ApiSettings::new(url)
    };
    change(&mut settings);
    let mut kept = None;
    let make = |listener: Arc<dyn ChangeListener>| {
        let store = Arc::new(store.clone().with_listener(listener));
        kept = Some(store.clone());
        store
    };
    let application = Application::start(listener, settings, fixture.ports.clone(), make, extra).unwrap();
    (application, kept.unwrap())
}

/// The test's own provider, as the pages know it.
fn login(issuer: &str) -> LoginProvider {
    LoginProvider {
        iss: Iss::parse(issuer).unwrap(),
        client_id: PAGES.into(),
        client_secret: Some(ClientSecret::new("s3cret+/")),
        scopes: "openid".into(),
        label: "the test’s login service".into(),
        organization: None,
    }
}

/// The provider is served by the application itself.
fn routes(idp: &Arc<Idp>) -> ExtraRoutes {
    let idp = idp.clone();
    Arc::new(move |config| {
        config.service(idp::routes("/idp", idp.clone()));
    })
}

/// Trusts the provider for accounts, and for staff by a claim of the organization's own.
pub(crate) fn trust(organization: OrganizationId, slug: &str, issuer: &str) -> TrustedIssuer {
    TrustedIssuer {
        issuer: Issuer { iss: Iss::parse(issuer).unwrap(), subject_claim: ClaimPath::parse("sub").unwrap() },
        organization,
        audiences: vec![idp::AUDIENCE.to_owned(), PAGES.to_owned()],
        accounts: true,
        staff: Some(StaffClaims {
            roles: ClaimPath::parse(format!("roles.{slug}")).unwrap(),
            names: std::collections::BTreeMap::new(),
        }),
    }
}

/// Makes two tests of one body, `name::sqlite` and `name::postgres`.
macro_rules! journey {
    (async fn $name:ident($app:ident: App) $body:block) => {
        async fn $name($app: &crate::app::App) $body

        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                let app = crate::app::App::start(kinlink_testkit::Kind::Sqlite).await;
                super::$name(&app).await;
                app.close().await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                let app = crate::app::App::start(kinlink_testkit::Kind::Postgres).await;
                super::$name(&app).await;
                app.close().await;
            }
        }
    };
}

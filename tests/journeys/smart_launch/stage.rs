//! Kinlink with the authorization server connected to it, and a person before a browser.

use chrono::Utc;
use kinlink_domain::{
    access::PatientFacts,
    account::{AccountKey, Iss, Sub},
    connection::{Connection, ConnectionSettings, ReturnUrl, Server, Several},
    id::{ConnectionId, LinkId},
    link::{Link, LinkRole, LinkState, Period},
    organization::FhirBase,
    patient::FhirId,
    proofing::{Assurance, AssuranceLevel, Ial},
    relationship::{ProxyBasis, Relationship},
    store::Change,
};
use kinlink_testkit::Kind;
use serde_json::json;

use super::{outside::Outside, person::Person};
use crate::app::App;

pub(crate) struct Stage {
    pub(crate) kinlink: App,
    pub(crate) outside: Outside,
    pub(crate) person: Person,
}

/// Makes a test of a body that is given a [`Stage`].
macro_rules! launch {
    (async fn $name:ident($stage:ident: Stage) $body:block) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            async fn play($stage: &crate::smart_launch::stage::Stage) $body
            let stage = crate::smart_launch::stage::Stage::set().await;
            play(&stage).await;
            stage.clear().await;
        }
    };
}

impl Stage {
    pub(crate) async fn set() -> Self {
        let (kinlink, mut outside) = (App::start(Kind::Sqlite).await, Outside::start().await);
        // Those outside have clocks of their own.
        kinlink.pass(Utc::now() - kinlink.fixture.ports.clock.now());
        let config = connect(&kinlink, &outside).await;
        outside.configure(&config).await;
        let person = Person::new(&outside).await;
        Self { kinlink, outside, person }
    }

    pub(crate) async fn clear(self) {
        self.person.leaves().await;
        self.kinlink.close().await;
    }

    /// The person opens the app and logs in, for the first time in this browser.
    pub(crate) async fn launches(&self, name: &str) {
        self.person.opens_the_app().await;
        self.person.logs_in(name).await;
    }

    /// A record of their own.
    pub(crate) async fn own(&self, name: &str, patient: &str) -> LinkId {
        self.link(name, patient, LinkRole::SelfRole, "patient/*.cruds").await
    }

    /// Somebody else's record.
    pub(crate) async fn proxy(&self, name: &str, patient: &str, relationship: &str, permissions: &str) -> LinkId {
        let relationship = Relationship::parse(relationship).unwrap();
        let role = LinkRole::Proxy { relationship, basis: ProxyBasis::ParentalResponsibility };
        self.link(name, patient, role, permissions).await
    }

    async fn link(&self, name: &str, patient: &str, role: LinkRole, permissions: &str) -> LinkId {
        let ports = &self.kinlink.fixture.ports;
        let now = ports.clock.now();
        let key = AccountKey { iss: Iss::parse(&self.outside.login).unwrap(), sub: Sub::parse(name).unwrap() };
        let fhir_id = FhirId::parse(patient).unwrap();
        let mut unit = self.kinlink.begin().await;
        let account = unit.ensure_account(&key, now).await.unwrap();
        let record = unit.patient(self.kinlink.fixture.here.id, &fhir_id).await.unwrap().unwrap();
        let link = Link {
            id: LinkId::new(now, &*ports.random),
            version: 1,
            account: account.id,
            organization: self.kinlink.fixture.here.id,
            patient: record.id,
            fhir_id,
            role,
            permissions: permissions.parse().unwrap(),
            period: Period { start: now, end: None },
            assurance: Assurance { ial: Ial::Ial1, level: AssuranceLevel::Level2 }.into(),
            record_usable: true,
            facts: PatientFacts::default(),
            invitation: None,
            created_at: now,
            updated_at: now,
            state: LinkState::Active,
        };
        unit.add_link(&link).await.unwrap();
        unit.changed(Change::Account(account.id));
        unit.save().await.unwrap();
        link.id
    }

    pub(crate) async fn revokes(&self, link: LinkId) {
        let path = format!("/v1/links/{link}/revoke");
        self.kinlink.registrar().post(&path, json!({"reason": "wrong_person"})).await.expect(200);
    }
}

/// Registers the authorization server, and returns what it has to know.
async fn connect(kinlink: &App, outside: &Outside) -> serde_json::Value {
    let (client, key, _) = kinlink.client(&[kinlink.fixture.here.id]).await;
    let ports = &kinlink.fixture.ports;
    let settings = ConnectionSettings {
        several: Several::Picker,
        return_urls: vec![ReturnUrl::parse(&format!("{}/picked", outside.login)).unwrap()],
        ..ConnectionSettings::new(Server::OidcProvider, Iss::parse(&outside.login).unwrap())
    };
    let (now, organization) = (ports.clock.now(), kinlink.fixture.here.id);
    let id = ConnectionId::new(now, &*ports.random);
    let mut unit = kinlink.begin().await;
    unit.add_connection(&Connection { id, client, organization, settings, created_at: now }).await.unwrap();
    let mut here = unit.organization(organization).await.unwrap().unwrap();
    here.fhir_base = FhirBase::parse(&outside.fhir).unwrap();
    unit.update_organization(&here).await.unwrap();
    unit.save().await.unwrap();
    json!({"url": kinlink.url, "client": client, "key": key.token})
}

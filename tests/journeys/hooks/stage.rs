//! A client with a connection, and accounts with records.

use kinlink_domain::{
    account::Iss,
    actor::Authorized,
    connection::{Connection, ConnectionSettings, Server},
    id::{AccountId, ClientId, LinkId, OrganizationId, PatientId},
    link::{Link, LinkRole, LinkState, Period},
    patient::FhirId,
    permission::Permissions,
    proofing::{Assurance, AssuranceLevel, Ial},
    relationship::{ProxyBasis, Relationship},
    service::configure_connection,
    store::Change,
};
use serde_json::Value;

use crate::app::{App, Caller, Reply};

/// A server of this kind, connected to `here`.
pub(crate) struct Connected {
    pub(crate) connection: Connection,
    pub(crate) client: Caller,
    pub(crate) url: String,
}

/// The issuer of whom the tests' servers speak.
pub(crate) const ISS: &str = kinlink_testkit::Fixture::ISS;

pub(crate) fn settings(server: Server, iss: &str) -> ConnectionSettings {
    ConnectionSettings::new(server, Iss::parse(iss).unwrap())
}

pub(crate) async fn connect(app: &App, settings: ConnectionSettings) -> Connected {
    let (id, client, _) = app.client(&[app.fixture.here.id]).await;
    let connection = connect_client(app, id, settings).await;
    let url = format!("/hooks/{}/{}", connection.settings.server.as_str(), connection.id);
    Connected { connection, client, url }
}

pub(crate) async fn connect_client(app: &App, id: ClientId, settings: ConnectionSettings) -> Connection {
    let mut unit = app.begin().await;
    let client = unit.client(id).await.unwrap().unwrap();
    let by = Authorized::operator(app.fixture.here.id);
    let ports = &app.fixture.ports;
    let connection = configure_connection::add(&mut *unit, ports, by, &client, settings).await.unwrap();
    unit.save().await.unwrap();
    connection
}

pub(crate) async fn reconfigure(app: &App, it: &Connected, change: impl FnOnce(&mut ConnectionSettings)) {
    let mut settings = it.connection.settings.clone();
    change(&mut settings);
    let mut unit = app.begin().await;
    let (by, ports) = (Authorized::operator(app.fixture.here.id), &app.fixture.ports);
    configure_connection::update(&mut *unit, ports, by, it.connection.clone(), settings).await.unwrap();
    unit.save().await.unwrap();
}

/// The account of `sub` may open this record of `here`.
pub(crate) async fn link(app: &App, sub: &str, patient: &str, role: LinkRole, permissions: &str) -> LinkId {
    link_at(app, app.fixture.here.id, sub, patient, role, permissions).await
}

pub(crate) async fn link_at(
    app: &App,
    organization: OrganizationId,
    sub: &str,
    patient: &str,
    role: LinkRole,
    permissions: &str,
) -> LinkId {
    let account = app.fixture.account(sub).await;
    link_of(app, account.id, organization, patient, role, permissions).await
}

/// This account may open this record.
pub(crate) async fn link_of(
    app: &App,
    account: AccountId,
    organization: OrganizationId,
    patient: &str,
    role: LinkRole,
    permissions: &str,
) -> LinkId {
    let now = app.fixture.ports.clock.now();
    let mut unit = app.begin().await;
    let fhir_id = FhirId::parse(patient).unwrap();
    let record = unit.patient(organization, &fhir_id).await.unwrap().unwrap();
    let link = Link {
        id: LinkId::new(now, &*app.fixture.ports.random),
        version: 1,
        account,
        organization,
        patient: PatientId::from_uuid(record.id.uuid()),
        fhir_id,
        role,
        permissions: permissions.parse::<Permissions>().unwrap(),
        period: Period { start: now, end: None },
        assurance: Assurance { ial: Ial::Ial1, level: AssuranceLevel::Level2 }.into(),
        record_usable: true,
        invitation: None,
        created_at: now,
        updated_at: now,
        state: LinkState::Active,
        facts: kinlink_domain::access::PatientFacts::default(),
    };
    unit.add_link(&link, link.patient).await.unwrap();
    unit.changed(Change::Account(account));
    unit.save().await.unwrap();
    link.id
}

pub(crate) async fn own(app: &App, sub: &str, patient: &str) -> LinkId {
    link(app, sub, patient, LinkRole::SelfRole, "patient/*.cruds").await
}

pub(crate) fn proxy(relationship: &str) -> LinkRole {
    let relationship = Relationship::parse(relationship).unwrap();
    LinkRole::Proxy { relationship, basis: ProxyBasis::PatientGrant }
}

pub(crate) async fn revoke(app: &App, link: LinkId) {
    let path = format!("/v1/links/{link}/revoke");
    app.registrar().post(&path, serde_json::json!({"reason": "wrong_person"})).await.expect(200);
}

impl Connected {
    pub(crate) async fn asks(&self, body: &Value) -> Reply {
        self.client.post(&self.url, body.clone()).await
    }
}

/// Nobody but the connection's own client may ask: not nobody, a person, staff, or the neighbour's client; and
/// not by another server's door.
pub(crate) async fn only_its_client_may_ask(app: &App, it: &Connected, body: &Value) {
    let (_, stranger, _) = app.client(&[app.fixture.there.id]).await;
    let (_, sibling, _) = app.client(&[app.fixture.here.id]).await;
    for (who, status) in [
        (app.with_token(""), 401),
        (app.with_token("klk_nonsense"), 401),
        (app.person("anna"), 403),
        (app.staff("admin", "here"), 403),
        (stranger, 404),
        (sibling, 404),
    ] {
        assert_eq!(who.post(&it.url, body.clone()).await.status, status);
    }
    let other = format!("/hooks/other/{}", it.connection.id);
    it.client.post(&other, body.clone()).await.expect(404);
}

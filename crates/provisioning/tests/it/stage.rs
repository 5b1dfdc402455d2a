//! A target at a double, links that come and go, and provisioners on the same database.

use std::{sync::Arc, time::Duration};

use kinlink_domain::{
    account::{Account, Iss},
    actor::Actor,
    event::{LinkEvent, LinkEventKind},
    fhir_user::UrlForm,
    id::{LinkId, ProvisioningTargetId},
    link::{Link, LinkRole, LinkState, Period, Revocation},
    organization::Organization,
    patient::FhirId,
    permission::Permissions,
    proofing::{Assurance, AssuranceLevel, Ial},
    provisioning::{
        AttributeName, ClientSecret, PathPart, ProvisioningTarget, QueueCounts, Server, ServerUrl, Settings,
        TargetState,
    },
};
use kinlink_provisioning::Provisioner;
use kinlink_testkit::{Fixture, GraphDouble, KeycloakDouble};

/// Where p1's record is, as the attribute says it.
pub(crate) const P1: &str = "https://fhir.here.example/r4/Patient/p1";

pub(crate) fn provisioner(it: &Fixture) -> Provisioner {
    Provisioner::new(Arc::new(it.store.clone()), it.ports.clone()).with_pace(Duration::ZERO)
}

fn target(it: &Fixture, server: Server, fhir_user: &str) -> ProvisioningTarget {
    let now = it.ports.clock.now();
    ProvisioningTarget {
        id: ProvisioningTargetId::new(now, &*it.ports.random),
        organization: it.here.id,
        issuer: Iss::parse(Fixture::ISS).unwrap(),
        settings: Settings {
            server,
            fhir_user: AttributeName::parse(fhir_user).unwrap(),
            patient: None,
            form: UrlForm::Absolute,
        },
        client_id: "kinlink".into(),
        secret: ClientSecret::new("right"),
        state: TargetState::On,
        created_at: now,
        updated_at: now,
    }
}

pub(crate) fn keycloak(it: &Fixture, double: &KeycloakDouble) -> ProvisioningTarget {
    let base = ServerUrl::parse(double.url()).unwrap();
    target(it, Server::Keycloak { base, realm: PathPart::parse("patients").unwrap() }, "fhirUser")
}

pub(crate) fn graph(it: &Fixture, double: &GraphDouble) -> ProvisioningTarget {
    let url = || ServerUrl::parse(double.url()).unwrap();
    let tenant = PathPart::parse(GraphDouble::TENANT).unwrap();
    target(it, Server::Graph { base: url(), login: url(), tenant }, GraphDouble::EXTENSION)
}

pub(crate) async fn add(it: &Fixture, target: &ProvisioningTarget) {
    let mut unit = it.begin().await;
    unit.add_provisioning_target(target).await.unwrap();
    unit.add_provisioned_accounts(target, true, target.created_at).await.unwrap();
    unit.save().await.unwrap();
}

pub(crate) async fn change(it: &Fixture, target: &ProvisioningTarget) {
    let mut unit = it.begin().await;
    unit.update_provisioning_target(target).await.unwrap();
    unit.save().await.unwrap();
}

/// A double with the users `anna` and `ben`, and a target there.
pub(crate) async fn with_keycloak(it: &Fixture) -> (KeycloakDouble, ProvisioningTarget) {
    let double = KeycloakDouble::start(it.ports.clock.clone());
    for user in ["anna", "ben"] {
        double.add_user(user);
    }
    let target = keycloak(it, &double);
    add(it, &target).await;
    (double, target)
}

/// Links an account to a record of an organization, as a service would.
pub(crate) async fn link_at(it: &Fixture, at: &Organization, account: &Account, patient: &str) -> Link {
    let fhir_id = FhirId::parse(patient).unwrap();
    let mut unit = it.begin().await;
    let record = unit.patient(at.id, &fhir_id).await.unwrap().unwrap();
    let now = it.ports.clock.now();
    let link = Link {
        id: LinkId::new(now, &*it.ports.random),
        version: 1,
        account: account.id,
        organization: at.id,
        patient: record.id,
        fhir_id,
        role: LinkRole::SelfRole,
        permissions: Permissions::everything(),
        period: Period { start: now, end: None },
        assurance: Assurance { ial: Ial::Ial2, level: AssuranceLevel::Level3 }.into(),
        record_usable: true,
        facts: record.facts(),
        invitation: None,
        created_at: now,
        updated_at: now,
        state: LinkState::Active,
    };
    unit.add_link(&link).await.unwrap();
    unit.happened(LinkEvent::of(&link, LinkEventKind::Opened, &*it.ports.random));
    unit.save().await.unwrap();
    link
}

pub(crate) async fn link(it: &Fixture, account: &Account, patient: &str) -> Link {
    link_at(it, &it.here, account, patient).await
}

/// Ends a link, as a service would.
pub(crate) async fn end(it: &Fixture, link: &Link) {
    let now = it.ports.clock.now();
    let link = link.clone().revoke(Actor::Operator, Revocation::StaffError, now).unwrap();
    let mut unit = it.begin().await;
    unit.update_link(&link).await.unwrap();
    unit.happened(LinkEvent::of(&link, LinkEventKind::Closed, &*it.ports.random));
    unit.save().await.unwrap();
}

pub(crate) async fn counts(it: &Fixture, target: &ProvisioningTarget) -> QueueCounts {
    it.begin().await.provisioning_counts(target.organization, target.id).await.unwrap()
}

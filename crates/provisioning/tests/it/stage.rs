//! A target at a double, links that come and go, and provisioners on the same database.

use std::{sync::Arc, time::Duration};

use kinlink_domain::{
    account::{Account, Iss},
    actor::Actor,
    fhir_user::UrlForm,
    id::{LinkId, ProvisioningTargetId},
    link::{Link, LinkRole, LinkState, Period, Revocation},
    organization::Organization,
    patient::FhirId,
    permission::Permissions,
    proofing::{Assurance, AssuranceLevel, Ial},
    provisioning::{
        AttributeName, Cause, ClientSecret, PathPart, ProvisioningTarget, QueueCounts, Run, RunKind, Server,
        ServerUrl, Settings, TargetState,
    },
    relationship::{ProxyBasis, Relationship},
};
use kinlink_provisioning::Provisioner;
use kinlink_testkit::{Fixture, GraphDouble, KeycloakDouble};
use tokio_util::sync::CancellationToken;

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

/// Links an account to its own record at an organization, as a service would.
pub(crate) async fn link_at(it: &Fixture, at: &Organization, account: &Account, patient: &str) -> Link {
    link_as(it, at, account, patient, LinkRole::SelfRole).await
}

/// Links an account to somebody else's record.
pub(crate) async fn proxy(it: &Fixture, account: &Account, patient: &str) -> Link {
    let relationship = Relationship::parse("MTH").unwrap();
    let role = LinkRole::Proxy { relationship, basis: ProxyBasis::PatientGrant };
    link_as(it, &it.here, account, patient, role).await
}

async fn link_as(it: &Fixture, at: &Organization, account: &Account, patient: &str, role: LinkRole) -> Link {
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
        role,
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
    unit.add_link(&link, link.patient).await.unwrap();
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
    unit.save().await.unwrap();
}

pub(crate) async fn counts(it: &Fixture, target: &ProvisioningTarget) -> QueueCounts {
    it.begin().await.provisioning_counts(target.organization, target.id).await.unwrap()
}

pub(crate) async fn begin(it: &Fixture, target: &ProvisioningTarget, kind: RunKind) -> bool {
    let mut unit = it.begin().await;
    let now = it.ports.clock.now();
    let begun = unit.begin_provisioning_run(target, kind, Cause::Asked, None, now).await.unwrap();
    unit.save().await.unwrap();
    begun
}

pub(crate) async fn step(provisioner: &Provisioner) -> Option<Run> {
    provisioner.reconcile_step(None, &CancellationToken::new()).await.unwrap()
}

/// Goes on until nothing can be gone on with.
pub(crate) async fn finish(provisioner: &Provisioner) -> Run {
    let mut last = None;
    while let Some(run) = step(provisioner).await {
        last = Some(run);
    }
    last.expect("one was under way")
}

/// Accounts with a link to p1 and users at the double, all sent.
pub(crate) async fn linked(it: &Fixture, double: &KeycloakDouble, names: &[&str]) {
    for name in names {
        double.add_user(name);
        link(it, &it.account(name).await, "p1").await;
    }
    while provisioner(it).send_due().await.unwrap() > 0 {}
}

/// How often a single user was read.
pub(crate) fn reads(double: &KeycloakDouble) -> usize {
    let user = |path: &str| path.contains("/users/") && !path.ends_with("/profile");
    double.taken().iter().filter(|taken| taken.method == "GET" && user(&taken.path)).count()
}

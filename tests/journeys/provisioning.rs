use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use kinlink_domain::{
    account::Iss,
    fhir_user::UrlForm,
    id::ProvisioningTargetId,
    proofing::Ial,
    provisioning::{
        AttributeName, ClientSecret, PathPart, ProvisioningTarget, Server, ServerUrl, Settings, TargetState,
    },
};
use kinlink_provisioning::Provisioner;
use kinlink_testkit::KeycloakDouble;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::app::App;

/// Adds a Keycloak there as a target of `here`, whose users log in with the test's provider.
pub(crate) async fn target(app: &App, url: &str) -> ProvisioningTargetId {
    let (it, now) = (&app.fixture, app.fixture.ports.clock.now());
    let realm = PathPart::parse("patients").unwrap();
    let target = ProvisioningTarget {
        id: ProvisioningTargetId::new(now, &*it.ports.random),
        organization: it.here.id,
        issuer: Iss::parse(app.idp.issuer()).unwrap(),
        settings: Settings {
            server: Server::Keycloak { base: ServerUrl::parse(url).unwrap(), realm },
            fhir_user: AttributeName::parse("fhirUser").unwrap(),
            patient: None,
            form: UrlForm::Absolute,
        },
        client_id: "kinlink".into(),
        secret: ClientSecret::new("right"),
        state: TargetState::On,
        created_at: now,
        updated_at: now,
    };
    let mut unit = it.begin().await;
    unit.add_provisioning_target(&target).await.unwrap();
    unit.save().await.unwrap();
    target.id
}

fn provisioner(app: &App) -> Provisioner {
    let store = Arc::new(app.fixture.store.clone());
    Provisioner::new(store, app.fixture.ports.clone()).with_pace(Duration::ZERO)
}

journey! {
    async fn the_attribute_follows_every_decision_about_a_link(app: App) {
        let double = KeycloakDouble::start(app.fixture.ports.clock.clone());
        double.add_user("anna");
        target(app, double.url()).await;
        let provisioner = provisioner(app);
        let says = async || {
            while provisioner.send_due().await.unwrap() > 0 {}
            double.attribute("anna", "fhirUser").concat()
        };
        let (p1, nothing) = ("https://fhir.here.example/r4/Patient/p1", "");
        let code = app.registrar().invites("p1").await.text("/code").to_owned();
        let redeemed = app.person("anna").redeems(&code).await.expect(201);
        assert_eq!(says().await, p1);
        let link = format!("/v1/links/{}", redeemed.text("/link/id"));
        let reviewer = app.staff("reviewer", "here");
        reviewer.post(&format!("{link}/suspend"), json!({"reason": "review"})).await.expect(200);
        assert_eq!(says().await, nothing);
        reviewer.post(&format!("{link}/reinstate"), json!({"reason": "unfounded"})).await.expect(200);
        assert_eq!(says().await, p1);
        let mut merged = kinlink_testkit::imported("p1");
        merged.active = false;
        merged.demographics.names.clear();
        app.import(merged).await;
        assert_eq!(says().await, nothing, "the record is not in use any more");
        app.import(kinlink_testkit::imported("p1")).await;
        assert_eq!(says().await, p1);
        app.person("anna").post(&format!("{link}/revoke"), json!({"reason": "not_me"})).await.expect(200);
        assert_eq!(says().await, nothing);
        double.stop().await;
    }
}

journey! {
    async fn the_attribute_goes_when_the_clock_or_a_policy_ends_access(app: App) {
        let double = KeycloakDouble::start(app.fixture.ports.clock.clone());
        double.add_user("anna");
        target(app, double.url()).await;
        let provisioner = provisioner(app);
        let says = async || {
            let worker = app.turn_worker();
            while worker.process_due().await.unwrap() > 0 {}
            while provisioner.send_due().await.unwrap() > 0 {}
            double.attribute("anna", "fhirUser").concat()
        };
        let (p1, nothing) = ("https://fhir.here.example/r4/Patient/p1", "");
        let code = app.registrar().invites("p1").await.text("/code").to_owned();
        app.person("anna").redeems(&code).await.expect(201);
        assert_eq!(says().await, p1);
        app.set_policy(|policy| policy.minimum_assurance = Ial::Ial2).await;
        assert_eq!(says().await, nothing);
        app.set_policy(|policy| {
            policy.minimum_assurance = Ial::Ial1;
            policy.family.self_days_after_death = 30;
        })
        .await;
        assert_eq!(says().await, p1);
        let mut dead = kinlink_testkit::imported("p1");
        dead.deceased = true;
        app.import(dead).await;
        assert_eq!(says().await, p1, "it stays open for a while");
        app.pass(TimeDelta::days(30));
        assert_eq!(says().await, nothing);
        double.stop().await;
    }
}

journey! {
    async fn an_admin_asks_for_a_reconcile_and_reads_what_it_found(app: App) {
        let double = KeycloakDouble::start(app.fixture.ports.clock.clone());
        double.add_user("anna");
        let path = format!("/v1/provisioning/{}", target(app, double.url()).await);
        let code = app.registrar().invites("p1").await.text("/code").to_owned();
        app.person("anna").redeems(&code).await.expect(201);
        let provisioner = provisioner(app);
        provisioner.send_due().await.unwrap();
        double.set_attribute("anna", "fhirUser", &["https://fhir.here.example/r4/Patient/p2"]);

        let admin = app.staff("admin", "here");
        let asked = admin.post(&format!("{path}/reconcile"), json!({})).await.expect(202);
        assert_eq!((&asked.body["reconcile"]["total"], asked.text("/reconcile/cause")), (&json!(1), "asked"));
        admin.post(&format!("{path}/reconcile"), json!({})).await.expect(202);
        let stop = CancellationToken::new();
        while provisioner.reconcile_step(None, &stop).await.unwrap().is_some() {}

        let read = admin.get(&path).await.expect(200);
        assert!(read.body["reconcile"].is_null());
        assert_eq!(read.text("/last_report/outcome"), "completed");
        let counts = &read.body["last_report"]["counts"];
        assert_eq!((&counts["by_hand"], &counts["corrected"]), (&json!(1), &json!(1)));
        assert_eq!(read.body["accounts"], json!({"pending": 0, "done": 1, "gone": 0, "dead": 0}));
        let told = read.body.to_string();
        for secret in [":\"right\"", "anna", "Patient/"] {
            assert!(!told.contains(secret), "{secret} in {told}");
        }
        let listed = admin.get("/v1/provisioning").await.expect(200);
        assert_eq!(listed.body["targets"], json!([read.body]));
        let audit = app.staff("auditor", "here").get("/v1/audit?action=provisioning.reconcile").await.expect(200);
        assert_eq!(audit.body["entries"].as_array().unwrap().len(), 2, "asked for once, and ended");
        double.stop().await;
    }
}

//! An organization's FHIR server gets another address.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use kinlink_domain::{
    actor::Authorized,
    organization::FhirBase,
    service::{
        change_organization::{OrganizationChange, change},
        retell::{Told, tell_next},
    },
};
use kinlink_provisioning::Provisioner;
use kinlink_testkit::KeycloakDouble;
use serde_json::json;

use crate::{
    app::App,
    events::{poll, verified},
    provisioning::target,
};

/// As `kinlink organization update` does, in a process of its own.
async fn moves(app: &App, base: &str) {
    let it = &app.fixture;
    let asked = OrganizationChange { name: None, fhir_base: Some(FhirBase::parse(base).unwrap()) };
    let mut unit = it.begin().await;
    change(&mut *unit, &it.ports, Authorized::operator(it.here.id), asked).await.unwrap().unwrap();
    unit.save().await.unwrap();
}

/// As `kinlink events retell` does.
async fn retold(app: &App) -> u64 {
    let it = &app.fixture;
    let mut told = Told::default();
    loop {
        let mut unit = it.begin().await;
        let Some(next) = tell_next(&mut *unit, &it.ports, it.here.id, told).await.unwrap() else {
            return told.links;
        };
        unit.save().await.unwrap();
        told = next;
    }
}

journey! {
    async fn lookups_attributes_and_streams_name_the_new_base(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let (_, neighbour, _) = app.client(&[app.fixture.there.id]).await;
        let double = KeycloakDouble::start(app.fixture.ports.clock.clone());
        double.add_user("anna");
        target(app, double.url()).await;
        let provisioner =
            Provisioner::new(Arc::new(app.fixture.store.clone()), app.fixture.ports.clone()).with_pace(Duration::ZERO);
        let attribute = async || {
            while provisioner.send_due().await.unwrap() > 0 {}
            double.attribute("anna", "fhirUser").concat()
        };
        let code = app.registrar().invites("p1").await.text("/code").to_owned();
        app.person("anna").redeems(&code).await.expect(201);
        let code = app.registrar().invites("p2").await.text("/code").to_owned();
        let ended = app.person("ben").redeems(&code).await.expect(201).text("/link/id").to_owned();
        app.person("ben").post(&format!("/v1/links/{ended}/revoke"), json!({"reason": "not_me"})).await.expect(200);
        let looked_up = async || {
            let reply = client.post("/v1/links/lookup", app.account("anna")).await.expect(200);
            reply.text("/links/0/fhirUser").to_owned()
        };
        let (old, new) = ("https://fhir.here.example/r4/Patient/p1", "https://new.example/fhir/Patient/p1");
        assert_eq!((looked_up().await.as_str(), attribute().await.as_str()), (old, old));
        let stream = client.post("/ssf/streams", json!({})).await.expect(201).text("/stream_id").to_owned();
        let other = neighbour.post("/ssf/streams", json!({})).await.expect(201).text("/stream_id").to_owned();

        moves(app, "https://new.example/fhir/").await;
        let began = Instant::now();
        while looked_up().await != new {
            assert!(began.elapsed() < Duration::from_secs(1));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        while app.turn_worker().process_due().await.unwrap() > 0 {}
        assert_eq!(attribute().await, new);
        let told = async || {
            let sets = poll(&client, &stream, json!({"returnImmediately": true})).await["sets"].clone();
            let acknowledged: Vec<_> = sets.as_object().unwrap().keys().cloned().collect();
            poll(&client, &stream, json!({"returnImmediately": true, "ack": acknowledged, "maxEvents": 0})).await;
            let sets: Vec<_> = sets.as_object().unwrap().values().cloned().collect();
            let [set] = &sets[..] else { panic!("{sets:?}") };
            verified(app, set.as_str().unwrap()).await["events"].to_string()
        };
        assert!(told().await.contains(new));
        assert_eq!(retold(app).await, 1, "a link that has ended says nothing");
        assert!(told().await.contains(new), "once more, without any change");
        let there = poll(&neighbour, &other, json!({"returnImmediately": true})).await;
        assert_eq!(there["sets"], json!({}), "it is not the neighbour's");
        double.stop().await;
        app.fixture.reseals(&["event_stream", "provisioning_target", "signing_key", "link", "link_history"]).await;
    }
}

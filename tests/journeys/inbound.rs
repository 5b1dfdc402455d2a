//! What the organization's FHIR server tells: nothing brings a deleted record back but a newer one, and nobody waits
//! for a body that is slow.

use std::time::Duration;

use kinlink_domain::patient::FhirId;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    app::{App, Caller},
    fhir::source,
};

fn patient(id: &str, version: &str, changed: Option<&str>) -> Value {
    let mut meta = json!({"versionId": version});
    if let Some(at) = changed {
        meta["lastUpdated"] = json!(at);
    }
    let name = json!([{"family": "Featherstonehaugh"}]);
    json!({"resourceType": "Patient", "id": id, "meta": meta, "name": name, "birthDate": "1984-02-29"})
}

async fn put(server: &Caller, patient: Value) -> u16 {
    let path = format!("/fhir/here/Patient/{}", patient["id"].as_str().unwrap());
    server.send(Method::PUT, &path, Some(patient), &[]).await.status
}

async fn deletes(server: &Caller, id: &str) {
    server.send(Method::DELETE, &format!("/fhir/here/Patient/{id}"), None, &[]).await.expect(204);
}

async fn is_active(app: &App, id: &str) -> bool {
    let id = FhirId::parse(id).unwrap();
    let found = app.fixture.begin().await.patient(app.fixture.here.id, &id).await.unwrap();
    found.unwrap().record.active
}

journey! {
    async fn what_arrives_again_after_a_deletion_opens_nothing(app: App) {
        let (_, server) = source(app).await;
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let stream = client.post("/ssf/streams", json!({})).await.expect(201).text("/stream_id").to_owned();
        let fifth = patient("p1", "5", Some("2026-03-01T11:00:00Z"));
        let code = app.registrar().invites("p1").await.text("/code").to_owned();
        app.person("anna").redeems(&code).await.expect(201);
        assert_eq!(put(&server, fifth.clone()).await, 200);
        let links = async || {
            let found = client.post("/v1/links/lookup", app.account("anna")).await.expect(200);
            found.body["links"].as_array().unwrap().len()
        };
        assert_eq!(links().await, 1);
        deletes(&server, "p1").await;
        assert_eq!(links().await, 0);
        // Its answer was lost, so it is sent again; or it stood in a dump, or on a page that was fetched before.
        assert_eq!(put(&server, fifth.clone()).await, 200);
        // A change that came late.
        assert_eq!(put(&server, patient("p1", "7", Some("2026-03-01T11:59:59Z"))).await, 200);
        assert_eq!(put(&server, json!({"resourceType": "Patient", "id": "p1"})).await, 200);
        let mut copy: kinlink_domain::patient::ImportedPatient = kinlink_testkit::imported("p1");
        copy.version.version_id = Some("5".into());
        app.import(copy).await;
        assert_eq!(links().await, 0);
        deletes(&server, "p1").await;
        let polled = async || {
            let body = json!({"returnImmediately": true});
            let answer = client.post(&format!("/ssf/poll/{stream}"), body).await.expect(200);
            let sets = answer.body["sets"].as_object().unwrap().clone();
            let acks: Vec<_> = sets.keys().cloned().collect();
            client.post(&format!("/ssf/poll/{stream}"), json!({"maxEvents": 0, "ack": acks})).await.expect(200);
            acks.len()
        };
        let mut told = 0;
        while polled().await > 0 {
            told += 1;
        }
        // Made again, as a new record under the old id.
        assert_eq!(put(&server, patient("p1", "1", Some("2026-03-01T12:00:01Z"))).await, 200);
        assert_eq!(links().await, 1);
        assert!(told > 0 && polled().await > 0, "that it was opened is told only now");
    }
}

journey! {
    async fn a_deletion_is_remembered_of_a_record_that_had_not_come_yet(app: App) {
        let (_, server) = source(app).await;
        deletes(&server, "late").await;
        assert_eq!(put(&server, patient("late", "1", Some("2026-03-01T11:00:00Z"))).await, 200);
        assert!(!is_active(app, "late").await);
        assert_eq!(put(&server, patient("late", "3", Some("2026-03-01T12:00:01Z"))).await, 200);
        assert!(is_active(app, "late").await);
        // By its versions alone.
        assert_eq!(put(&server, patient("numbered", "5", None)).await, 201);
        deletes(&server, "numbered").await;
        for (version, active) in [("5", false), ("6", false), ("7", true)] {
            assert_eq!(put(&server, patient("numbered", version, None)).await, 200);
            assert_eq!(is_active(app, "numbered").await, active, "{version}");
        }
    }
}

/// Sends the head of a request and half of its body.
async fn half(app: &App, server: &Caller, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(app.url.trim_start_matches("http://")).await.unwrap();
    let head = format!(
        "PUT /fhir/here/Patient/slow HTTP/1.1\r\nhost: kinlink\r\nauthorization: Bearer {}\r\nconnection: close\r\n\
         content-type: application/fhir+json\r\ncontent-length: {}\r\n\r\n{}",
        server.token,
        body.len(),
        &body[..body.len() / 2]
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // Long enough for it to be read, and for a transaction to be open if one were begun.
    tokio::time::sleep(Duration::from_millis(300)).await;
    stream
}

async fn rest(mut stream: TcpStream, body: &str) -> String {
    stream.write_all(&body.as_bytes()[body.len() / 2..]).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.lines().next().unwrap_or_default().to_owned()
}

journey! {
    async fn nobody_waits_for_a_body_that_trickles(app: App) {
        let (source, server) = source(app).await;
        let body = patient("slow", "1", None).to_string();
        let stream = half(app, &server, &body).await;
        let patience = Duration::from_secs(4);
        let others = async {
            app.registrar().invites("p1").await;
            // Of the same source too.
            let notify = format!("/fhir/here/notify/{}", source.id);
            server.send(Method::POST, &notify, None, &[]).await.expect(202);
        };
        tokio::time::timeout(patience, others).await.expect("a write goes through");
        assert_eq!(rest(stream, &body).await, "HTTP/1.1 201 Created");
        assert!(is_active(app, "slow").await);

        let body = patient("slow", "2", None).to_string();
        let stream = half(app, &server, &body).await;
        let mut unit = app.begin().await;
        let (_, token) = kinlink_auth::issue_source_token(&app.fixture.ports, source.id);
        let mut replaced = unit.source_for_update(source.organization, source.id).await.unwrap().unwrap();
        replaced.token = token;
        unit.update_source(&replaced).await.unwrap();
        unit.save().await.unwrap();
        assert_eq!(rest(stream, &body).await, "HTTP/1.1 401 Unauthorized", "its token was replaced meanwhile");
    }
}

//! The FHIR face: what it tells to whom, in valid FHIR, and what the organization's FHIR server tells it.

use std::{io::Write, process::Stdio};

use chrono::TimeDelta;
use kinlink_auth::issue_source_token;
use kinlink_domain::{
    account::{AccountKey, Iss, Sub},
    actor::Actor,
    id::{LinkId, SourceId},
    link::{Link, LinkRole, LinkState, Period, Revocation},
    organization::FhirBase,
    patient::FhirId,
    permission::Permissions,
    proofing::{Assurance, AssuranceLevel, Ial},
    relationship::{ProxyBasis, Relationship},
    source::{Source, SourceCredentials, SourceState},
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    app::{App, Caller, Reply},
    process::python,
};

/// Makes `name` a proxy of a record of `here`.
pub(crate) async fn proxy(app: &App, name: &str, patient: &str, basis: ProxyBasis) -> Link {
    let key = AccountKey { iss: Iss::parse(app.idp.issuer()).unwrap(), sub: Sub::parse(name).unwrap() };
    let now = app.fixture.ports.clock.now();
    let mut unit = app.fixture.begin().await;
    let account = unit.ensure_account(&key, now).await.unwrap();
    let fhir_id = FhirId::parse(patient).unwrap();
    let record = unit.patient(app.fixture.here.id, &fhir_id).await.unwrap().unwrap();
    let link = Link {
        id: LinkId::new(now, &*app.fixture.ports.random),
        version: 1,
        account: account.id,
        organization: app.fixture.here.id,
        patient: record.id,
        fhir_id,
        role: LinkRole::Proxy { relationship: Relationship::parse("SPS").unwrap(), basis },
        permissions: "patient/Observation.rs patient/Patient.r".parse::<Permissions>().unwrap(),
        period: Period { start: now, end: Some(now + TimeDelta::days(30)) },
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

fn identifier(app: &App, name: &str) -> String {
    let token = format!("{}|{name}", app.idp.issuer());
    reqwest::Url::parse_with_params("x:/", [("identifier", token)]).unwrap().query().unwrap().to_owned()
}

/// The id of the code of an `OperationOutcome`.
fn outcome(reply: &Reply) -> &str {
    assert_eq!(reply.headers["content-type"], "application/fhir+json", "{} {}", reply.status, reply.body);
    assert_eq!(reply.text("/resourceType"), "OperationOutcome");
    reply.text("/issue/0/code")
}

fn entries(reply: &Reply) -> Vec<&Value> {
    let entries = reply.body["entry"].as_array();
    entries.into_iter().flatten().map(|entry| &entry["resource"]).collect()
}

/// Checks resources against the models of `fhir.resources`; returns the kinds that there were.
fn validate(resources: &[Value]) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/journeys/validate_fhir.py");
    let mut child = std::process::Command::new(python())
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    for resource in resources {
        writeln!(input, "{resource}").unwrap();
    }
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

journey! {
    async fn everything_that_leaves_is_valid_fhir(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let code = app.registrar().invites("p1").await.text("/code").to_owned();
        app.person("anna").redeems(&code).await.expect(201);
        let grant = proxy(app, "anna", "p2", ProxyBasis::PatientGrant).await;
        proxy(app, "ben", "p2", ProxyBasis::PowerOfAttorney).await;
        let auditor = app.staff("auditor", "here");
        let mut seen = Vec::new();
        for (caller, path) in [
            (&app.with_token(""), "metadata".to_owned()),
            (&client, format!("Person?{}", identifier(app, "anna"))),
            (&client, format!("Person?{}", identifier(app, "nobody"))),
            (&client, format!("RelatedPerson/{}", grant.id.uuid())),
            (&client, "RelatedPerson?patient=p2".to_owned()),
            (&client, format!("Consent/{}", grant.id.uuid())),
            (&app.registrar(), "Consent?patient=Patient/p2".to_owned()),
            (&auditor, "AuditEvent?date=ge2026-01-01&_count=200".to_owned()),
        ] {
            seen.push(caller.get(&format!("/fhir/here/{path}")).await.expect(200).body);
        }
        for path in ["Person", "Person/x", "Nothing", "Person?identifier=x&_format=xml", "Person?_count=x"] {
            seen.push(client.get(&format!("/fhir/here/{path}")).await.body);
        }
        let kinds = validate(&seen);
        assert_eq!(kinds, "AuditEvent Bundle CapabilityStatement Consent OperationOutcome Person RelatedPerson");
        let audit = seen.iter().map(ToString::to_string).find(|text| text.contains("AuditEvent\"")).unwrap();
        assert!(!audit.contains("Featherstonehaugh") && !audit.contains("anna"), "ids only");
    }
}

journey! {
    async fn an_account_is_a_person_with_its_patient_and_whom_it_acts_for(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let anna = app.person("anna");
        let search = format!("/fhir/here/Person?{}", identifier(app, "anna"));
        assert_eq!(client.get(&search).await.expect(200).body["total"], 0, "no live link, no Person");
        let code = app.registrar().invites("p1").await.text("/code").to_owned();
        anna.redeems(&code).await.expect(201);
        let grant = proxy(app, "anna", "p2", ProxyBasis::PatientGrant).await;
        let related = format!("RelatedPerson/{}", grant.id.uuid());
        for caller in [&client, &app.registrar(), &anna] {
            let found = caller.get(&search).await.expect(200);
            let person = entries(&found)[0];
            let links: Vec<_> = person["link"].as_array().unwrap().iter().map(Value::to_string).collect();
            assert_eq!(links.len(), 2);
            assert!(links.iter().any(|link| link.contains("https://fhir.here.example/r4/Patient/p1")));
            assert!(links.iter().any(|link| link.contains(&related) && link.contains("level3")));
            assert!(found.text("/link/0/url").contains("/fhir/here/Person?identifier="));
        }
        let found = client.get(&search).await.expect(200);
        let id = entries(&found)[0]["id"].as_str().unwrap().to_owned();
        let read = client.get(&format!("/fhir/here/Person/{id}")).await.expect(200);
        // The same with the parameters in the body, out of every log.
        let form = [("identifier", format!("{}|anna", app.idp.issuer()))];
        let http = reqwest::Client::new().post(format!("{}/fhir/here/Person/_search", app.url));
        let posted = http.bearer_auth(&client.token).form(&form).send().await.unwrap();
        assert_eq!(posted.json::<Value>().await.unwrap()["total"], 1);
        // Whatever changes what it says changes its version.
        let tag = read.headers["etag"].to_str().unwrap().to_owned();
        assert_eq!(tag, format!("W/\"{}\"", read.text("/meta/versionId")));
        let path = format!("/fhir/here/Person/{id}");
        let again = |tag: String| {
            let (client, path) = (client.clone(), path.clone());
            async move { client.send(Method::GET, &path, None, &[("if-none-match", &tag)]).await.status }
        };
        assert_eq!(again(tag.clone()).await, 304);
        let mut unit = app.fixture.begin().await;
        let now = app.fixture.ports.clock.now();
        unit.update_link(&grant.clone().revoke(Actor::Operator, Revocation::Safety, now).unwrap()).await.unwrap();
        unit.save().await.unwrap();
        assert_eq!(again(tag).await, 200);
        client.get(&format!("/fhir/here/{related}")).await.expect(404);
        let ended = app.registrar().get(&format!("/fhir/here/{related}")).await.expect(200);
        assert_eq!(ended.body["active"], false);
        assert_eq!(anna.get(&format!("/fhir/here/{related}")).await.expect(200).body["active"], false);
    }
}

journey! {
    async fn consents_say_who_decided_and_what_is_open_now(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let grant = proxy(app, "anna", "p2", ProxyBasis::PatientGrant).await;
        let power = proxy(app, "ben", "p2", ProxyBasis::PowerOfAttorney).await;
        let read = client.get(&format!("/fhir/here/Consent/{}", grant.id.uuid())).await.expect(200);
        assert_eq!((read.text("/status"), read.text("/provision/type")), ("active", "permit"));
        assert_eq!(read.text("/provision/extension/0/valueString"), "patient/Observation.rs patient/Patient.r");
        assert_eq!(read.text("/performer/0/reference"), "https://fhir.here.example/r4/Patient/p2");
        assert_eq!(read.text("/policyRule/coding/0/code"), "patient_grant");
        let proxy = format!("RelatedPerson/{}", power.id.uuid());
        for (query, expected) in [
            ("patient=p2".to_owned(), 2),
            ("consentor=Patient/p2".to_owned(), 1),
            (format!("performer={proxy}"), 1),
            (format!("actor={proxy}&patient=p2"), 1),
            (format!("actor={proxy}&patient=p1"), 0),
            ("patient=https://elsewhere.example/Patient/p2".to_owned(), 0),
        ] {
            let found = client.get(&format!("/fhir/here/Consent?{query}")).await.expect(200);
            assert_eq!(entries(&found).len(), expected, "{query}");
        }
        app.pass(TimeDelta::days(30));
        let ended = app.registrar().get(&format!("/fhir/here/Consent/{}", grant.id.uuid())).await.expect(200);
        assert_eq!(ended.text("/status"), "inactive", "its period is over");
        assert!(ended.body["provision"]["extension"].is_null());
    }
}

journey! {
    async fn long_results_come_in_pages_that_leave_nothing_out(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        for name in ["a", "b", "c", "d", "e"] {
            proxy(app, name, "p2", ProxyBasis::PatientGrant).await;
        }
        let mut path = "/fhir/here/RelatedPerson?patient=p2&_count=2&unknown=1".to_owned();
        let mut ids = std::collections::BTreeSet::new();
        let mut pages = 0;
        loop {
            let page = client.get(&path).await.expect(200);
            pages += 1;
            assert_eq!(page.body["total"], 5);
            assert!(!page.text("/link/0/url").contains("unknown"));
            ids.extend(entries(&page).iter().map(|one| one["id"].to_string()));
            match page.body["link"].get(1) {
                Some(next) => path = next["url"].as_str().unwrap().strip_prefix(&app.url).unwrap().to_owned(),
                None => break,
            }
        }
        assert_eq!((pages, ids.len()), (3, 5));
        let counted = client.get("/fhir/here/RelatedPerson?patient=p2&_count=0").await.expect(200);
        assert_eq!((counted.body["total"].as_u64(), entries(&counted).len()), (Some(5), 0));
    }
}

journey! {
    async fn refusals_are_operation_outcomes(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let (_, foreign, _) = app.client(&[app.fixture.there.id]).await;
        let nobody = app.with_token("");
        let strict = [("prefer", "handling=strict")];
        let get = |caller: &Caller, path: &str, headers: &'static [(&'static str, &'static str)]| {
            let (caller, path) = (caller.clone(), format!("/fhir/here/{path}"));
            async move { caller.send(Method::GET, &path, None, headers).await }
        };
        for (reply, status, code) in [
            (get(&nobody, "Person?_id=x", &[]).await, 401, "login"),
            (get(&foreign, "RelatedPerson?patient=p1", &[]).await, 403, "forbidden"),
            (get(&client, "Person/x", &[]).await, 404, "not-found"),
            (get(&client, "Observation", &[]).await, 404, "not-found"),
            (get(&client, "Person", &[]).await, 400, "structure"),
            (get(&client, "Person?_id=1&_id=2", &[]).await, 400, "structure"),
            (get(&client, "Person?identifier:of-type=x", &[]).await, 400, "structure"),
            (get(&client, "Person?_id=1", &[("accept", "application/fhir+xml")]).await, 406, "not-supported"),
            (client.post("/fhir/here/Person", json!({})).await, 405, "not-supported"),
            (get(&app.person("ben"), "Consent?patient=p1", &[]).await, 403, "forbidden"),
            (get(&app.registrar(), "AuditEvent", &[]).await, 403, "forbidden"),
        ] {
            assert_eq!((reply.status, outcome(&reply)), (status, code), "{}", reply.body);
        }
        get(&client, "Person?_id=1&colour=red", &[]).await.expect(200);
        let refused = client.send(Method::GET, "/fhir/here/Person?_id=1&colour=red", None, &strict).await;
        assert_eq!((refused.status, outcome(&refused)), (400, "structure"));
        assert!(!refused.body.to_string().contains("colour"));
    }
}

journey! {
    async fn auditors_search_the_audit_by_record_time_and_agent(app: App) {
        let (client_id, client, _) = app.client(&[app.fixture.here.id]).await;
        proxy(app, "anna", "p2", ProxyBasis::PatientGrant).await;
        client.get("/fhir/here/Consent?patient=p2").await.expect(200);
        app.pass(TimeDelta::days(1));
        app.registrar().get("/fhir/here/Consent?patient=p2").await.expect(200);
        let auditor = app.staff("auditor", "here");
        for (query, expected) in [
            ("patient=p2".to_owned(), 2),
            ("patient=p3".to_owned(), 0),
            (format!("agent:identifier={client_id}"), 1),
            ("patient=p2&date=ge2026-03-02".to_owned(), 1),
            ("patient=p2&date=2026-03-01".to_owned(), 1),
            ("patient=p2&date=lt2026-03-01".to_owned(), 0),
        ] {
            let found = auditor.get(&format!("/fhir/here/AuditEvent?{query}")).await.expect(200);
            let reads = entries(&found).iter().filter(|event| event["subtype"][0]["code"] == "link.read").count();
            assert_eq!(reads, expected, "{query}");
        }
    }
}

/// A FHIR server of `here` that may tell of changes, and the caller that it is.
pub(crate) async fn source(app: &App) -> (Source, Caller) {
    let (ports, now) = (&app.fixture.ports, app.fixture.ports.clock.now());
    let id = SourceId::new(now, &*ports.random);
    let (text, token) = issue_source_token(ports, id);
    let source = Source {
        id,
        organization: app.fixture.here.id,
        name: "main".into(),
        base: FhirBase::parse("https://fhir.here.example/r4").unwrap(),
        credentials: SourceCredentials::None,
        token,
        every: TimeDelta::minutes(5),
        overlap: TimeDelta::zero(),
        deletions: false,
        since: None,
        due_at: now + TimeDelta::hours(1),
        notified_at: None,
        failures: 0,
        last: None,
        state: SourceState::Waiting,
        created_at: now,
    };
    let mut unit = app.fixture.begin().await;
    unit.add_source(&source).await.unwrap();
    unit.save().await.unwrap();
    (source, app.with_token(text))
}

journey! {
    async fn a_subscription_brings_patients_with_its_payload_or_asks_for_a_pull_without(app: App) {
        let (source, server) = source(app).await;
        let anna = app.person("anna");
        let code = app.registrar().invites("p1").await.text("/code").to_owned();
        anna.redeems(&code).await.expect(201);
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let live = async || {
            let found = client.post("/v1/links/lookup", app.account("anna")).await.expect(200);
            let links = found.body["links"].as_array().unwrap();
            links.iter().map(|link| link["patient"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(live().await, ["p1"]);
        let patient = json!({"resourceType": "Patient", "id": "new1", "name": [{"family": "New"}]});
        let put = async |id: &str, body: Value| server.clone().put(id, body).await;
        put("new1", patient.clone()).await.expect(201);
        put("new1", patient.clone()).await.expect(200);
        assert_eq!(outcome(&put("new2", patient.clone()).await.expect(400)), "structure");
        let bad = json!({"resourceType": "Patient", "id": "bad", "birthDate": "SECRET"});
        let refused = put("bad", bad).await.expect(400);
        assert!(refused.text("/issue/0/diagnostics").contains("Patient.birthDate"));
        assert!(!refused.body.to_string().contains("SECRET"));
        // A merge at the hospital moves what pointed at the old record at once.
        let merged = json!({"resourceType": "Patient", "id": "p1",
            "link": [{"type": "replaced-by", "other": {"reference": "Patient/p2"}}]});
        put("p1", merged).await.expect(200);
        assert_eq!(live().await, ["p2"]);
        server.send(Method::DELETE, "/fhir/here/Patient/new1", None, &[]).await.expect(204);
        server.send(Method::DELETE, "/fhir/here/Patient/never", None, &[]).await.expect(204);
        let stored = app.fixture.begin().await;
        let mut stored = stored;
        let new1 = stored.patient(source.organization, &FhirId::parse("new1").unwrap()).await.unwrap().unwrap();
        assert!(!new1.record.active);
        drop(stored);
        // Without a payload.
        let notify = format!("/fhir/here/notify/{}", source.id);
        server.send(Method::POST, &notify, None, &[]).await.expect(202);
        let now = app.fixture.ports.clock.now();
        let due = app.fixture.begin().await.source(source.organization, source.id).await.unwrap().unwrap();
        assert_eq!((due.due_at, due.notified_at), (now, Some(now)));
        // Its token opens nothing else, and nobody else's opens this.
        server.get("/fhir/here/Person?_id=1").await.expect(401);
        app.at(&app.url, &server).send(Method::POST, &notify.replace("here", "there"), None, &[]).await.expect(401);
        client.send(Method::POST, &notify, None, &[]).await.expect(403);
        let forged = app.with_token(format!("{}x", server.token));
        assert_eq!(outcome(&forged.send(Method::POST, &notify, None, &[]).await.expect(401)), "login");
    }
}

impl Caller {
    /// Updates a Patient of `here`, as its FHIR server would.
    async fn put(self, id: &str, body: Value) -> Reply {
        let path = format!("/fhir/here/Patient/{id}");
        self.send(Method::PUT, &path, Some(body), &[]).await
    }
}

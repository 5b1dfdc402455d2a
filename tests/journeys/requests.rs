//! Somebody asks to act for a person, and never learns whether that person is a patient here until somebody agrees.

use chrono::TimeDelta;
use kinlink_domain::{demographics::Address, outbox::Mail};
use kinlink_testkit::imported;
use serde_json::{Value, json};

use crate::{
    app::Reply,
    browser::Browser,
    family::child,
    family_merges::merge,
    grants::{found, patient},
};

/// What somebody sends who asks for this record of the fixture.
pub(crate) fn asking(record: &str) -> Value {
    json!({
        "organization": "here",
        "relationship": "SPS",
        "demographics": {
            "name": {"given": ["Wilhelmina"], "family": format!("{record}-Featherstonehaugh")},
            "birth_date": "1984-02-29",
            "identifiers": [{"system": "urn:mrn", "value": format!("MRN-{record}-7731"), "type": "MR"}],
        },
        "asker": {"name": {"given": ["Ben"], "family": "Asker"}, "email": "ben@mail.example"},
    })
}

fn asking_for_child(record: &str) -> Value {
    let mut body = asking(record);
    body["demographics"]["birth_date"] = json!("2015-06-01");
    body["relationship"] = json!("FTH");
    body
}

fn path(asked: &Reply) -> String {
    format!("/v1/access-requests/{}", asked.text("/id"))
}

journey! {
    async fn the_patient_sees_who_asks_and_decides(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        patient(app, "anna", "p1").await;
        let asked = app.person("ben").post("/v1/access-requests", asking("p1")).await.expect(202);
        assert!(asked.text("/message").contains("If that person is a patient here"));
        app.match_claims().await;
        let mails = app.mails().await;
        assert!(mails.iter().any(|(to, mail)| to == "p1@patients.example" && matches!(mail, Mail::AccessAsked { .. })));
        let pending = app.person("anna").get("/v1/access-requests").await.expect(200);
        assert_eq!(pending.text("/pending/0/asker/names/0"), "Ben Asker");
        assert_eq!(pending.text("/pending/0/relationship"), "SPS");
        assert_eq!(app.person("ben").get(&path(&asked)).await.expect(200).text("/status"), "open");
        let staff = app.registrar().get("/v1/access-requests?organization=here").await.expect(200);
        assert_eq!(staff.body["requests"], json!([]), "what the patient can decide is not staff's");
        app.person("carl").get(&path(&asked)).await.expect(404);

        let approve = format!("{}/approve", path(&asked));
        app.person("ben").post(&approve, json!({"profile": "basics"})).await.expect(404);
        app.person("anna").post(&approve, json!({"profile": "basics", "patient": "p1"})).await.expect(422);
        let done = app.person("anna").post(&approve, json!({"profile": "basics"})).await.expect(200);
        assert_eq!((done.text("/request/status"), done.text("/grant/basis")), ("granted", "patient_grant"));
        let seen = app.person("ben").get(&path(&asked)).await.expect(200);
        assert_eq!((seen.text("/status"), seen.text("/grant")), ("granted", done.text("/grant/id")));
        assert_eq!(found(app, &client, "ben").await.len(), 1);
        app.fixture.reseals(&["access_request"]).await;
    }
}

journey! {
    async fn a_declined_request_looks_open_until_its_time_is_over(app: App) {
        patient(app, "anna", "p1").await;
        let declined = app.person("ben").post("/v1/access-requests", asking("p1")).await.expect(202);
        let nobody = app.person("ben").post("/v1/access-requests", asking("p9")).await.expect(202);
        app.match_claims().await;
        let decline = format!("{}/decline", path(&declined));
        app.person("anna").post(&decline, json!({"reason": "fraud"})).await.expect(422);
        app.person("anna").post(&decline, json!({})).await.expect(200);
        for (days, status) in [(0, "open"), (29, "open"), (1, "closed")] {
            app.pass(TimeDelta::days(days));
            for asked in [&declined, &nobody] {
                assert_eq!(app.person("ben").get(&path(asked)).await.expect(200).text("/status"), status);
            }
        }
        let withdrawn = app.person("ben").post("/v1/access-requests", asking("p9")).await.expect(202);
        app.match_claims().await;
        let withdraw = format!("{}/withdraw", path(&withdrawn));
        let seen = app.person("ben").send(reqwest::Method::POST, &withdraw, None, &[]).await.expect(200);
        assert_eq!(seen.text("/status"), "withdrawn", "even if nobody was there to ask");
    }
}

journey! {
    async fn a_minors_request_goes_to_staff_who_see_what_speaks_for_it_and_want_papers(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let home = Address {
            line: vec!["1 Elm Street".into()],
            postal_code: Some("02139".into()),
            ..Address::default()
        };
        let mut father = imported("p2");
        father.demographics.addresses = vec![home.clone()];
        app.import(father).await;
        let mut minor = imported("c1");
        minor.demographics.birth_date = Some("2015-06-01".parse().unwrap());
        minor.demographics.addresses = vec![home];
        app.import(minor).await;
        patient(app, "ben", "p2").await;
        let asked = app.person("ben").post("/v1/access-requests", asking_for_child("c1")).await.expect(202);
        app.match_claims().await;
        let reviewer = app.staff("reviewer", "here");
        let queue = reviewer.get("/v1/access-requests?organization=here").await.expect(200);
        assert_eq!(queue.text("/requests/0/id"), asked.text("/id"));
        let seen = reviewer.get(&path(&asked)).await.expect(200);
        assert_eq!(seen.text("/candidates/0/patient"), "c1");
        assert_eq!(
            seen.body["candidates"][0]["relationships"],
            json!([{"kind": "patient_here"}, {"kind": "same_household"}])
        );
        let approve = format!("{}/approve", path(&asked));
        let mut body = json!({"profile": "everything", "patient": "c1", "basis": "parental_responsibility"});
        let refused = reviewer.post(&approve, body.clone()).await.expect(422);
        assert_eq!(refused.problem(), "relationship-not-shown");
        body["papers"] = json!([{"paper": "birth_certificate"}]);
        let mut other = body.clone();
        other["patient"] = json!("p3");
        assert_eq!(reviewer.post(&approve, other).await.expect(422).text("/errors/0/at"), "/patient");
        reviewer.post(&approve, body).await.expect(200);
        let links = found(app, &client, "ben").await;
        let of_child = links.iter().find(|link| link["patient"] == "c1").unwrap();
        assert_eq!((&of_child["role"], &of_child["relationship"]), (&json!("proxy"), &json!("FTH")));
    }
}

journey! {
    async fn a_request_is_decided_at_what_its_record_has_become(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        patient(app, "anna", "p1").await;
        let asked = app.person("ben").post("/v1/access-requests", asking("p1")).await.expect(202);
        app.match_claims().await;
        merge(app, true, 2).await;
        let pending = app.person("anna").get("/v1/access-requests").await.expect(200);
        assert_eq!(pending.text("/pending/0/id"), asked.text("/id"), "the patient is at p2 now");
        app.person("anna").get(&path(&asked)).await.expect(200);
        let anna = Browser::of(app, "anna").await;
        anna.get(&format!("/me/requests/{}", asked.text("/id"))).await.expect(200).says("Ben Asker");
        let approve = format!("{}/approve", path(&asked));
        app.person("anna").post(&approve, json!({"profile": "basics"})).await.expect(200);
        assert_eq!(found(app, &client, "ben").await[0]["patient"], "p2");
    }
}

journey! {
    async fn staff_see_and_decide_a_request_at_what_its_record_has_become(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let asked = app.person("ben").post("/v1/access-requests", asking("p1")).await.expect(202);
        app.match_claims().await;
        merge(app, true, 2).await;
        let reviewer = app.staff("reviewer", "here");
        let seen = reviewer.get(&path(&asked)).await.expect(200);
        assert_eq!(seen.text("/candidates/0/patient"), "p2");
        let desk = Browser::of(app, "reviewer-here").await;
        let page = desk.get(&format!("/staff/requests/{}", asked.text("/id"))).await.expect(200);
        page.says("name=\"patient\" value=\"p2\"");
        let body = json!({
            "profile": "everything",
            "patient": "p2",
            "basis": "power_of_attorney",
            "papers": [{"paper": "power_of_attorney"}],
        });
        reviewer.post(&format!("{}/approve", path(&asked)), body).await.expect(200);
        assert_eq!(found(app, &client, "ben").await[0]["patient"], "p2");
    }
}

journey! {
    async fn what_waits_for_staff_is_given_in_parts(app: App) {
        for who in ["ben", "carla", "dora"] {
            app.person(who).post("/v1/access-requests", asking("p1")).await.expect(202);
            app.pass(TimeDelta::seconds(1));
        }
        app.match_claims().await;
        let (reviewer, mut seen) = (app.staff("reviewer", "here"), Vec::new());
        let mut part = reviewer.get("/v1/access-requests?organization=here&limit=2").await.expect(200);
        loop {
            let requests = part.body["requests"].as_array().unwrap();
            seen.extend(requests.iter().map(|request| request["submitted_at"].as_str().unwrap().to_owned()));
            let Some(cursor) = part.body["next_cursor"].as_str() else { break };
            assert_eq!(requests.len(), 2);
            let next = format!("/v1/access-requests?organization=here&limit=2&cursor={cursor}");
            part = reviewer.get(&next).await.expect(200);
        }
        assert!(seen.len() == 3 && seen.is_sorted_by(|one, next| one > next), "each once, newest first: {seen:?}");
    }
}

/// All that an asker sees, but for what names this very request.
fn seen(reply: &Reply, id: &str) -> Value {
    let mut headers: Vec<_> = reply
        .headers
        .iter()
        .filter(|(name, _)| !["x-request-id", "date"].contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap().replace(id, "ID")))
        .collect();
    headers.sort();
    let body: Value = serde_json::from_str(&reply.body.to_string().replace(id, "ID")).unwrap();
    json!([reply.status, headers, body])
}

journey! {
    async fn nothing_that_an_asker_sees_tells_whether_that_person_is_a_patient_here(app: App) {
        patient(app, "anna", "p1").await;
        child(app, "c1").await;
        let mut doubtful = asking("p2");
        doubtful["demographics"]["name"]["family"] = json!("Otherwise");
        let mut minor = asking_for_child("c1");
        minor["relationship"] = json!("SPS");
        let kinds = [asking("p9"), asking("p1"), asking("p3"), doubtful, minor];
        let mut answers = Vec::new();
        for (number, body) in kinds.into_iter().enumerate() {
            let who = app.person(&format!("asker-{number}"));
            let asked = who.post("/v1/access-requests", body).await;
            let id = asked.text("/id").to_owned();
            let mut one = vec![seen(&asked, &id)];
            app.match_claims().await;
            one.push(seen(&who.get(&path(&asked)).await, &id));
            one.push(seen(&who.get("/v1/access-requests").await, &id));
            let withdraw = format!("{}/withdraw", path(&asked));
            one.push(seen(&who.send(reqwest::Method::POST, &withdraw, None, &[]).await, &id));
            one.push(seen(&who.send(reqwest::Method::POST, &withdraw, None, &[]).await, &id));
            answers.push(one);
        }
        for answer in &answers[1..] {
            assert_eq!(answer, &answers[0]);
        }
        // They really were different: one went to the patient, three to staff, one to nobody.
        let auditor = app.staff("auditor", "here");
        let processed = auditor.get("/v1/audit?action=access_request.process").await.expect(200);
        let mut to: Vec<_> = processed.body["entries"].as_array().unwrap().iter()
            .map(|entry| entry["detail"]["to"].as_str().unwrap().to_owned()).collect();
        to.sort();
        assert_eq!(to, ["declined", "patient", "staff", "staff", "staff"]);
        for _ in 0..5 {
            app.person("often").post("/v1/access-requests", asking("p9")).await.expect(202);
        }
        let refused = app.person("often").post("/v1/access-requests", asking("p9")).await.expect(429);
        assert_eq!(refused.problem(), "too-many-requests");
    }
}

//! Children and their parents, guardians and their papers, bars and exceptions.

use chrono::{DateTime, Utc};
use kinlink_domain::outbox::{Mail, Turn};
use kinlink_testkit::imported;
use serde_json::{Value, json};

use crate::{
    app::{App, Caller, Reply},
    grants::{accepts, found, granted, offering, patient},
};

/// A child who is ten when the tests begin.
pub(crate) async fn child(app: &App, id: &str) {
    let mut record = imported(id);
    record.demographics.birth_date = Some("2015-06-01".parse().unwrap());
    app.import(record).await;
}

pub(crate) fn inviting(record: &str, relationship: &str, basis: &str, papers: &Value) -> Value {
    json!({
        "organization": "here",
        "patient": {"id": record},
        "channel": "in_person",
        "role": "proxy",
        "proxy": {"relationship": relationship, "basis": basis, "profile": "everything", "papers": papers},
    })
}

/// Makes a parent; returns what redeeming answered.
pub(crate) async fn parent(app: &App, name: &str, relationship: &str, record: &str) -> Reply {
    let papers = json!([{"paper": "birth_certificate"}]);
    let body = inviting(record, relationship, "parental_responsibility", &papers);
    let issued = app.registrar().post("/v1/invitations", body).await.expect(201);
    app.person(name).redeems(issued.text("/code")).await.expect(201)
}

fn moment(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Moves the clock to a moment.
fn until(app: &App, text: &str) {
    app.pass(moment(text) - app.fixture.ports.clock.now());
}

async fn permissions(app: &App, client: &Caller, name: &str) -> Option<String> {
    let links = found(app, client, name).await;
    links.first().map(|link| link["permissions"].as_str().unwrap().to_owned())
}

journey! {
    async fn several_parents_are_invited_on_papers_and_a_childs_record_changes_hands_by_age(app: App) {
        child(app, "c1").await;
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let none = inviting("c1", "MTH", "parental_responsibility", &json!([]));
        let refused = app.registrar().post("/v1/invitations", none).await.expect(422);
        assert_eq!(refused.problem(), "relationship-not-shown");
        let made = parent(app, "mum", "MTH", "c1").await;
        assert_eq!(made.text("/link/basis"), "parental_responsibility");
        parent(app, "dad", "FTH", "c1").await;
        let evidence = app.registrar().get(&format!("/v1/links/{}", made.text("/link/id"))).await.expect(200);
        assert!(evidence.body["evidence"].to_string().contains("birth_certificate"));
        let grants = app.registrar().get("/v1/grants?organization=here&patient=c1").await.expect(200);
        assert_eq!(grants.body["grants"].as_array().unwrap().len(), 2, "every proxy's link has a grant");
        assert_eq!(grants.text("/grants/0/granted_by"), "organization");

        for (at, expected) in [
            ("2027-05-31T23:59:59Z", Some("patient/*.cruds")),
            ("2027-06-01T00:00:00Z", Some("patient/AllergyIntolerance.rs patient/Appointment.rs patient/Immunization.rs patient/Patient.rs")),
            ("2033-05-31T23:59:59Z", Some("patient/AllergyIntolerance.rs patient/Appointment.rs patient/Immunization.rs patient/Patient.rs")),
            ("2033-06-01T00:00:00Z", None),
        ] {
            until(app, at);
            for name in ["mum", "dad"] {
                assert_eq!(permissions(app, &client, name).await.as_deref(), expected, "{name} at {at}");
            }
        }
    }
}

journey! {
    async fn what_the_clock_will_do_is_told_once_beforehand_and_to_listeners_after(app: App) {
        child(app, "c1").await;
        let link = parent(app, "mum", "MTH", "c1").await.text("/link/id").to_owned();
        let worker = app.turn_worker();
        let soon = async || {
            while worker.process_due().await.unwrap() > 0 {}
            let mails = app.mails().await.into_iter();
            mails.filter_map(|(to, mail)| match mail {
                Mail::ProxySoon { at, turn, to_patient, .. } => Some((to, at, turn, to_patient)),
                _ => None,
            }).collect::<Vec<_>>()
        };
        assert_eq!(soon().await, []);
        until(app, "2027-05-01T00:00:00Z");
        assert_eq!(soon().await, [], "a month before is soon enough");
        until(app, "2027-05-02T00:00:00Z");
        let step = moment("2027-06-01T00:00:00Z");
        assert_eq!(soon().await, [("c1@patients.example".to_owned(), step, Turn::Changes, true)]);
        until(app, "2027-05-20T00:00:00Z");
        assert_eq!(soon().await, [], "once");
        let turned = async || {
            let auditor = app.staff("auditor", "here");
            let entries = auditor.get("/v1/audit?action=link.turn").await.expect(200);
            let entries = entries.body["entries"].as_array().unwrap().clone();
            entries.iter().map(|entry| entry["detail"]["event"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert!(turned().await.is_empty());
        until(app, "2027-06-01T00:00:00Z");
        assert_eq!(soon().await, []);
        assert_eq!(turned().await, ["changed"]);
        // The birth date was wrong: what was worked out is worked out anew.
        let mut record = imported("c1");
        record.demographics.birth_date = Some("2010-06-01".parse().unwrap());
        app.import(record).await;
        until(app, "2028-05-10T00:00:00Z");
        let end = moment("2028-06-01T00:00:00Z");
        assert_eq!(soon().await, [("c1@patients.example".to_owned(), end, Turn::Ends, true)]);
        until(app, "2028-06-01T00:00:00Z");
        assert_eq!(soon().await, []);
        assert_eq!(turned().await, ["closed", "changed"]);
        let seen = app.registrar().get(&format!("/v1/links/{link}")).await.expect(200);
        assert_eq!(seen.text("/status"), "aged_out");
    }
}

journey! {
    async fn an_exception_counts_at_once_for_links_that_are_and_for_those_that_come(app: App) {
        child(app, "c1").await;
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        parent(app, "mum", "MTH", "c1").await;
        let record = async |body: Value| {
            let mut whole = json!({"organization": "here", "patient": {"id": "c1"}, "reason": "as told", "reference": "7"});
            whole.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
            app.registrar().post("/v1/age-exceptions", whole).await
        };
        record(json!({"kind": "treated_as"})).await.expect(422);
        record(json!({"kind": "treated_as", "age": 14})).await.expect(201);
        assert!(permissions(app, &client, "mum").await.unwrap().contains("AllergyIntolerance"));
        parent(app, "dad", "FTH", "c1").await;
        assert!(permissions(app, &client, "dad").await.unwrap().contains("AllergyIntolerance"));
        // An import says nothing of what staff recorded.
        let mut moved = imported("c1");
        moved.demographics.birth_date = Some("2015-06-02".parse().unwrap());
        app.import(moved).await;
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        assert!(permissions(app, &client, "mum").await.unwrap().contains("AllergyIntolerance"));
        record(json!({"kind": "emancipated"})).await.expect(201);
        assert_eq!(permissions(app, &client, "mum").await, None);
        let seen = app.registrar().get("/v1/age-exceptions?patient=c1").await.expect(200);
        assert_eq!((seen.text("/exception/kind"), seen.text("/exception/reason")), ("emancipated", "as told"));
        let end = json!({"patient": {"id": "c1"}});
        app.registrar().post("/v1/age-exceptions/end", end).await.expect(200);
        assert_eq!(permissions(app, &client, "mum").await.as_deref(), Some("patient/*.cruds"));
        until(app, "2034-01-01T00:00:00Z");
        assert_eq!(permissions(app, &client, "mum").await, None);
        record(json!({"kind": "incapacity"})).await.expect(201);
        assert_eq!(permissions(app, &client, "mum").await.as_deref(), Some("patient/*.cruds"));
        app.fixture.reseals(&["patient", "link", "link_history"]).await;
    }
}

journey! {
    async fn a_guardians_access_ends_with_the_papers_and_new_papers_open_it_again(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let papers = json!([{"paper": "power_of_attorney", "reference": "9", "valid_until": "2026-05-01T00:00:00Z"}]);
        let body = inviting("p2", "HPOWATT", "power_of_attorney", &papers);
        let issued = app.registrar().post("/v1/invitations", body).await.expect(201);
        let made = app.person("gus").redeems(issued.text("/code")).await.expect(201);
        assert_eq!(made.text("/link/period/end"), "2026-05-01T00:00:00Z");
        until(app, "2026-04-30T23:59:59Z");
        assert_eq!(found(app, &client, "gus").await.len(), 1);
        until(app, "2026-05-01T00:00:00Z");
        assert!(found(app, &client, "gus").await.is_empty());
        let listed = app.registrar().get("/v1/grants?organization=here&patient=p2").await.expect(200);
        assert_eq!(listed.text("/grants/0/link/status"), "expired");
        let renew = format!("/v1/grants/{}/renew", listed.text("/grants/0/id"));
        app.registrar().post(&renew, json!({"papers": []})).await.expect(422);
        app.registrar().post(&renew, json!({"papers": papers})).await.expect(422);
        let papers = json!([{"paper": "power_of_attorney", "valid_until": "2027-05-01T00:00:00Z"}]);
        let renewed = app.registrar().post(&renew, json!({"papers": papers})).await.expect(200);
        assert_eq!(renewed.text("/grant/until"), "2027-05-01T00:00:00Z");
        assert_eq!(found(app, &client, "gus").await.len(), 1);
        until(app, "2027-05-01T00:00:00Z");
        assert!(found(app, &client, "gus").await.is_empty());
    }
}

journey! {
    async fn a_bar_beats_every_grant_invitation_and_request(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let (link, grant, bens) = granted(app).await;
        let seen = app.registrar().get(&format!("/v1/links/{bens}")).await.expect(200);
        let bar = json!({
            "organization": "here",
            "patient": {"id": "p1"},
            "account": seen.text("/account"),
            "person": "Ben Nobody",
            "reference": "12 F 34/26",
        });
        let barred = app.registrar().post("/v1/bars", bar).await.expect(201);
        assert_eq!(barred.text("/ended/reason"), "court_order");
        assert!(found(app, &client, "ben").await.is_empty());
        let ended = app.registrar().get(&format!("/v1/grants/{grant}")).await.expect(200);
        assert_eq!(ended.text("/grant/reason"), "court_order");

        let anna = app.person("anna");
        let offered = anna.post("/v1/grants", offering(&link, "basics")).await.expect(201);
        let refused = accepts(&app.person("ben"), offered.text("/code")).await.expect(422);
        assert_eq!(refused.problem(), "code-not-accepted", "whoever is barred is not told so");
        let papers = json!([{"paper": "court_order"}]);
        let body = inviting("p1", "GUARD", "guardianship", &papers);
        let issued = app.registrar().post("/v1/invitations", body).await.expect(201);
        assert_eq!(issued.text("/bars/0/person"), "Ben Nobody", "staff see whom they must not hand the code to");
        let refused = app.person("ben").redeems(issued.text("/code")).await.expect(422);
        assert_eq!(refused.problem(), "code-not-accepted");
        let own = app.registrar().invites("p1").await;
        app.person("ben").redeems(own.text("/code")).await.expect(422);
        let asked = app.person("ben").post("/v1/access-requests", crate::requests::asking("p1")).await.expect(202);
        app.match_claims().await;
        let approve = format!("/v1/access-requests/{}/approve", asked.text("/id"));
        let refused = anna.post(&approve, json!({"profile": "basics"})).await.expect(409);
        assert_eq!(refused.problem(), "proxy-not-possible");
        assert!(refused.body["detail"].is_null(), "what staff know of somebody is not the patient's to hear");

        let listed = app.registrar().get("/v1/bars?patient=p1").await.expect(200);
        assert_eq!(listed.text("/bars/0/reference"), "12 F 34/26");
        let lift = format!("/v1/bars/{}/lift", barred.text("/bar/id"));
        app.registrar().send(reqwest::Method::POST, &lift, None, &[]).await.expect(200);
        let again = app.registrar().send(reqwest::Method::POST, &lift, None, &[]).await.expect(409);
        assert_eq!(again.problem(), "bar-lifted");
        assert!(found(app, &client, "ben").await.is_empty(), "what it ended stays ended");
        accepts(&app.person("ben"), offered.text("/code")).await.expect(201);
        assert_eq!(found(app, &client, "ben").await.len(), 1);
        app.fixture.reseals(&["bar"]).await;
    }
}

journey! {
    async fn what_staff_decided_on_papers_a_patient_cannot_end_alone(app: App) {
        let papers = json!([{"paper": "court_order"}]);
        let body = inviting("p1", "GUARD", "guardianship", &papers);
        let issued = app.registrar().post("/v1/invitations", body).await.expect(201);
        app.person("gus").redeems(issued.text("/code")).await.expect(201);
        patient(app, "anna", "p1").await;
        let seen = app.person("anna").get("/v1/grants").await.expect(200);
        assert_eq!(seen.text("/given/0/granted_by"), "organization");
        let end = format!("/v1/grants/{}/end", seen.text("/given/0/id"));
        app.person("anna").post(&end, json!({})).await.expect(403);
        app.registrar().post(&end, json!({})).await.expect(422);
        app.registrar().post(&end, json!({"reason": "patient_request"})).await.expect(200);
        assert_eq!(app.fixture.database.count("select count(*) from link where status = 'active'").await, 1);
    }
}

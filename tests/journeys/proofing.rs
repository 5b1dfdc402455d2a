use chrono::TimeDelta;
use kinlink_domain::{
    account::Iss,
    actor::Authorized,
    policy::Policy,
    proofing::{DocumentRule, FederatedRule, Ial},
    service::{
        reassess::{Progress, reassess_next},
        set_policy,
    },
};
use serde_json::{Value, json};

use crate::app::{App, Caller, Reply};

/// A link of `name` to `p1` by a code handed over, without any other evidence. Returns its path.
async fn linked(app: &App, name: &str) -> String {
    let code = app.registrar().invites("p1").await.text("/code").to_owned();
    let redeemed = app.person(name).redeems(&code).await.expect(201);
    assert_eq!(redeemed.body["link"]["assurance"], json!({"ial": "IAL1", "level": "level1"}));
    format!("/v1/links/{}", redeemed.text("/link/id"))
}

/// How many links a lookup with this minimum finds.
async fn found(client: &Caller, app: &App, name: &str, minimum: &str) -> usize {
    let mut asked = app.account(name);
    asked["minimum_assurance"] = minimum.into();
    let answer = client.post("/v1/links/lookup", asked).await.expect(200);
    answer.body["links"].as_array().unwrap().len()
}

async fn shows(staff: &Caller, link: &str, body: Value) -> Reply {
    staff.post(&format!("{link}/evidence"), body).await
}

/// The id and the status of a link's evidence of this kind. What one moment brought has no order.
fn evidence<'a>(seen: &'a Reply, kind: &str) -> (&'a str, &'a str) {
    let all = seen.body["evidence"].as_array().unwrap();
    let one = all.iter().find(|one| one["fact"]["type"] == kind).unwrap();
    (one["id"].as_str().unwrap(), one["status"].as_str().unwrap())
}

fn passport() -> Value {
    json!({"type": "document_seen", "document": "passport", "reference": "desk 3"})
}

/// The policy, changed as an operator changes it, and every link looked at again.
async fn set(app: &App, change: impl FnOnce(&mut Policy)) -> Progress {
    let here = app.fixture.here.id;
    let ports = &app.fixture.ports;
    let mut unit = app.fixture.begin().await;
    let mut policy = unit.organization(here).await.unwrap().unwrap().policy;
    change(&mut policy);
    set_policy::set(&mut *unit, ports, Authorized::operator(here), policy).await.unwrap();
    unit.save().await.unwrap();
    let mut so_far = Progress::default();
    loop {
        let mut unit = app.fixture.begin().await;
        let Some(progress) = reassess_next(&mut *unit, ports, here, so_far).await.unwrap() else { break };
        unit.save().await.unwrap();
        so_far = progress;
    }
    // Another process did it; the application hears of it by the change feed.
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    so_far
}

fn counts(app: &App, acr: &str, valid_days: Option<u16>) -> FederatedRule {
    FederatedRule {
        iss: Iss::parse(app.idp.issuer()).unwrap(),
        acr: Some(acr.to_owned()),
        trust_framework: None,
        assurance_level: None,
        counts_as: Ial::Ial2,
        valid_days,
    }
}

journey! {
    async fn a_lookup_sees_at_once_what_evidence_came_and_went(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let link = linked(app, "anna").await;
        assert_eq!((found(&client, app, "anna", "IAL1").await, found(&client, app, "anna", "IAL2").await), (1, 0));
        let added = shows(&app.staff("reviewer", "here"), &link, passport()).await.expect(201);
        assert_eq!(added.body["link"]["assurance"], json!({"ial": "IAL2", "level": "level3"}));
        assert_eq!(added.body["link"]["version"], 2);
        assert_eq!(found(&client, app, "anna", "IAL2").await, 1);

        let withdraw = format!("{link}/evidence/{}/withdraw", added.text("/evidence/id"));
        app.registrar().post(&withdraw, json!({"reason": "because"})).await.expect(400);
        let withdrawn = app.registrar().post(&withdraw, json!({"reason": "found_forged"})).await.expect(200);
        assert_eq!(withdrawn.text("/evidence/status"), "withdrawn");
        assert_eq!(withdrawn.text("/evidence/withdrawn/reason"), "found_forged");
        assert_eq!(withdrawn.body["link"]["version"], 3);
        assert_eq!((found(&client, app, "anna", "IAL1").await, found(&client, app, "anna", "IAL2").await), (1, 0));
        let again = app.registrar().post(&withdraw, json!({"reason": "found_forged"})).await.expect(409);
        assert_eq!(again.problem(), "evidence-withdrawn");

        let seen = app.registrar().get(&link).await.expect(200);
        assert_eq!(seen.body["evidence"].as_array().unwrap().len(), 2, "it stays to be seen");
        let own = app.person("anna").get(&link).await.expect(200);
        assert_eq!(own.body["evidence"].as_array().unwrap().len(), 1);
        assert!(!own.body.to_string().contains("forged"), "what staff suspect is not for whom they suspect");

        let audit = app.staff("auditor", "here").get("/v1/audit?organization=here").await.expect(200);
        let actions: Vec<_> = audit.body["entries"].as_array().unwrap().iter().map(|e| &e["action"]).collect();
        for action in ["evidence.add", "evidence.withdraw"] {
            assert_eq!(actions.iter().filter(|known| **known == action).count(), 1, "{action}");
        }
        assert_eq!(actions.iter().filter(|known| **known == "link.reassess").count(), 2);
    }
}

journey! {
    async fn evidence_runs_out_by_the_clock_alone_though_the_link_is_cached(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let link = linked(app, "anna").await;
        let end = app.fixture.ports.clock.now() + TimeDelta::minutes(30);
        let mut body = passport();
        body["valid_until"] = json!(end);
        let added = shows(&app.registrar(), &link, body.clone()).await.expect(201);
        assert_eq!(added.body["link"]["assurance"]["until"], json!(end));
        let mut asked = app.account("anna");
        asked["minimum_assurance"] = "IAL2".into();
        let answer = client.post("/v1/links/lookup", asked).await.expect(200);
        assert_eq!(answer.body["links"][0]["assurance"]["until"], json!(end), "a client may plan for it");
        app.pass(TimeDelta::minutes(30) - TimeDelta::microseconds(1));
        assert_eq!(found(&client, app, "anna", "IAL2").await, 1);
        app.pass(TimeDelta::microseconds(1));
        assert_eq!(found(&client, app, "anna", "IAL2").await, 0);
        assert_eq!(found(&client, app, "anna", "IAL1").await, 1);
        let seen = app.registrar().get(&link).await.expect(200);
        assert_eq!(seen.body["assurance"], json!({"ial": "IAL1", "level": "level1"}));
        assert_eq!(evidence(&seen, "document_seen").1, "expired");
        let over = shows(&app.registrar(), &link, body).await.expect(422);
        assert_eq!(over.problem(), "invalid-member");
        shows(&app.registrar(), &link, passport()).await.expect(201);
        assert_eq!(found(&client, app, "anna", "IAL2").await, 1);
    }
}

journey! {
    async fn without_the_code_nothing_holds_a_link_up(app: App) {
        let link = linked(app, "anna").await;
        shows(&app.registrar(), &link, passport()).await.expect(201);
        let seen = app.registrar().get(&link).await.expect(200);
        let (code, _) = evidence(&seen, "code_redeemed");
        let path = format!("{link}/evidence/{code}/withdraw");
        let withdrawn = app.registrar().post(&path, json!({"reason": "wrong_person"})).await.expect(200);
        assert_eq!(withdrawn.body["link"]["assurance"], json!({"ial": "IAL1", "level": "level1"}));
        assert_eq!(withdrawn.text("/link/status"), "active", "how little is too little is the minimum's to say");
    }
}

journey! {
    async fn nobody_vouches_for_themselves_and_an_ended_link_takes_no_evidence(app: App) {
        let code = app.registrar().invites("p2").await.text("/code").to_owned();
        let staff = app.registrar();
        let own = staff.redeems(&code).await.expect(201);
        let refused = shows(&staff, &format!("/v1/links/{}", own.text("/link/id")), passport()).await;
        assert_eq!(refused.expect(403).problem(), "forbidden");

        let link = linked(app, "anna").await;
        app.person("anna").post(&format!("{link}/revoke"), json!({"reason": "not_me"})).await.expect(200);
        assert_eq!(shows(&staff, &link, passport()).await.expect(409).problem(), "link-ended");
    }
}

journey! {
    async fn the_same_key_adds_evidence_once(app: App) {
        let link = linked(app, "anna").await;
        let path = format!("{link}/evidence");
        let key = [("idempotency-key", "one")];
        let post = async || app.registrar().send(reqwest::Method::POST, &path, Some(passport()), &key).await;
        let first = post().await.expect(201);
        assert_eq!(post().await.expect(201).body, first.body);
        let seen = app.registrar().get(&link).await.expect(200);
        assert_eq!(seen.body["evidence"].as_array().unwrap().len(), 2);
    }
}

journey! {
    async fn a_providers_word_counts_if_the_policy_lists_it_at_redeeming_and_later(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let high = |name: &str, more: Value| {
            let mut claims = json!({"acr": "high", "amr": ["hwk"]});
            claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            app.with_token(app.idp.token(name, &claims).unwrap())
        };
        let redeem = async |caller: &Caller, patient: &str| {
            let body = json!({"patient": {"id": patient}, "channel": "post", "challenge": "birth_date"});
            let issued = app.registrar().post("/v1/invitations", body).await.expect(201);
            let answer = json!({"code": issued.text("/code"), "birth_date": "1984-02-29"});
            caller.post("/v1/invitations/redeem", answer).await.expect(201)
        };
        // Not listed: it says nothing.
        let anna = high("anna", json!({}));
        let link = redeem(&anna, "p1").await;
        assert_eq!(link.text("/link/assurance/ial"), "IAL1");
        let add = json!({"link": link.text("/link/id")});
        let refused = anna.post("/v1/account/evidence/federated", add.clone()).await.expect(422);
        assert_eq!(refused.problem(), "assurance-not-recognized");

        set(app, |policy| policy.proofing.federated = vec![counts(app, "high", Some(30))]).await;
        let added = anna.post("/v1/account/evidence/federated", add.clone()).await.expect(200);
        assert_eq!(added.text("/link/assurance/ial"), "IAL2");
        assert_eq!(added.text("/added/type"), "federated_assurance");
        assert_eq!(found(&client, app, "anna", "IAL2").await, 1);
        let again = anna.post("/v1/account/evidence/federated", add.clone()).await.expect(200);
        assert!(again.body["added"].is_null(), "the same word again is no news");
        let low = app.with_token(app.idp.token("anna", &json!({"acr": "low"})).unwrap());
        low.post("/v1/account/evidence/federated", add.clone()).await.expect(422);
        let stranger = high("ben", json!({}));
        stranger.post("/v1/account/evidence/federated", add).await.expect(404);
        let at_once = redeem(&stranger, "p2").await;
        assert_eq!(at_once.text("/link/assurance/ial"), "IAL2");
        assert!(at_once.body["link"]["assurance"]["until"].is_string());

        // What the provider verified is not about the patient of this record.
        let other = json!({"verified_claims": {
            "verification": {"trust_framework": "eidas"}, "claims": {"birthdate": "1990-01-01"}
        }});
        let other = redeem(&high("cleo", other), "p3").await;
        assert_eq!(other.text("/link/assurance/ial"), "IAL1");
        // A code that went to nobody knows where: the provider says who it is, and not whose record it is.
        let handed = app.registrar().invites("p3").await;
        let bare = high("dora", json!({})).redeems(handed.text("/code")).await.expect(201);
        assert_eq!(bare.text("/link/assurance/ial"), "IAL1");
        assert_eq!(bare.text("/link/assurance/level"), "level2");

        let changed = set(app, |policy| policy.proofing.federated.clear()).await;
        assert_eq!(changed.changed, 3, "{changed:?}");
        assert_eq!(found(&client, app, "anna", "IAL2").await, 0);
    }
}

journey! {
    async fn a_withdrawn_providers_word_stays_withdrawn(app: App) {
        set(app, |policy| policy.proofing.federated = vec![counts(app, "high", None)]).await;
        let anna = app.with_token(app.idp.token("anna", &json!({"acr": "high"})).unwrap());
        let link = linked(app, "anna").await;
        let add = json!({"link": link.trim_start_matches("/v1/links/")});
        anna.post("/v1/account/evidence/federated", add.clone()).await.expect(200);
        let seen = app.registrar().get(&link).await.expect(200);
        let (word, _) = evidence(&seen, "federated_assurance");
        let path = format!("{link}/evidence/{word}/withdraw");
        app.registrar().post(&path, json!({"reason": "wrong_person"})).await.expect(200);
        let again = anna.post("/v1/account/evidence/federated", add).await.expect(200);
        assert!(again.body["added"].is_null());
        assert_eq!(app.registrar().get(&link).await.expect(200).body["evidence"].as_array().unwrap().len(), 2);
    }
}

journey! {
    async fn a_stricter_policy_lowers_the_links_there_are(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let link = linked(app, "anna").await;
        let licence = json!({"type": "document_seen", "document": "driving_licence"});
        shows(&app.registrar(), &link, licence).await.expect(201);
        assert_eq!(found(&client, app, "anna", "IAL2").await, 1);
        let looked = set(app, |policy| policy.proofing.documents = DocumentRule::Nist).await;
        assert_eq!((looked.seen, looked.changed), (1, 1));
        assert_eq!(found(&client, app, "anna", "IAL2").await, 0);
        let looked = set(app, |_| {}).await;
        assert_eq!((looked.seen, looked.changed), (1, 0));
    }
}

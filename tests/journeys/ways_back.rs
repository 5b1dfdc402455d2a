//! Nobody becomes the patient by a mailbox that is not theirs alone, nor gets back what was ended for cause: not by a
//! claim, nor by a code that was on its way.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::{
    app::{App, Reply},
    claims::{certain, claims, confirms, doubtful, reasons, unknown},
    disputes::linked,
    endings::ends,
    family::{child, inviting},
    grants::{accepts, found, offering, patient},
};

/// What a parent gives who claims a child's record.
fn of_child(record: &str) -> Value {
    let mut body = certain(record);
    body["demographics"]["birth_date"] = json!("2015-06-01");
    body
}

fn passport() -> Value {
    json!([{"type": "document_seen", "document": "passport"}])
}

async fn review(app: &App) -> String {
    let queue = app.staff("reviewer", "here").get("/v1/reviews?status=open").await.expect(200);
    format!("/v1/reviews/{}", queue.text("/reviews/0/id"))
}

async fn approves(app: &App, record: &str, handover: &str, proof: Value) -> Reply {
    let path = format!("{}/approve", review(app).await);
    let body = json!({"patient": record, "handover": handover, "proof": proof});
    app.staff("reviewer", "here").post(&path, body).await
}

/// The dispute about a link is found right.
async fn upheld(app: &App, token: &str, reason: &str) {
    app.with_token("").post("/v1/disputes", json!({"token": token})).await.expect(200);
    uphold(app, reason).await;
}

async fn uphold(app: &App, reason: &str) {
    let reviewer = app.staff("reviewer", "here");
    let open = reviewer.get("/v1/disputes?status=open").await.expect(200);
    let path = format!("/v1/disputes/{}/uphold", open.text("/disputes/0/id"));
    reviewer.post(&path, json!({"reason": reason})).await.expect(200);
}

/// How a claim stands, as its claimant sees it.
async fn stands(app: &App, name: &str, claim: &str) -> Value {
    let mut seen = app.person(name).get(&format!("/v1/claims/{claim}")).await.expect(200).body;
    for named in ["id", "submitted_at", "expires_at"] {
        seen.as_object_mut().unwrap().remove(named);
    }
    seen
}

journey! {
    async fn a_childs_record_is_claimed_only_under_the_eyes_of_a_reviewer_who_saw_a_document(app: App) {
        child(app, "c1").await;
        app.set_policy(|policy| policy.claims.trusted_client.links_without_code = true).await;
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let claim = claims(&app.person("mum"), of_child("c1")).await;
        let nobody = claims(&app.person("stranger"), unknown()).await;
        app.match_claims().await;
        assert_eq!(stands(app, "mum", &claim).await, stands(app, "stranger", &nobody).await);
        app.pass(TimeDelta::seconds(1));
        let vouched = json!({
            "iss": app.idp.issuer(), "sub": "dad", "amr": ["mfa"],
            "verified_claims": {"verification": {"trust_framework": "nist_800_63A", "assurance_level": "ial2"}},
        });
        let mut by_client = of_child("c1");
        by_client.as_object_mut().unwrap().extend(vouched.as_object().unwrap().clone());
        client.post("/v1/claims", by_client).await.expect(202);
        app.match_claims().await;
        assert_eq!(reasons(app).await, [r#"["minor"]"#, r#"["minor"]"#]);
        assert!(app.mails().await.is_empty(), "the mailbox on record may be the parents'");
        assert!(found(app, &client, "dad").await.is_empty());
        let path = format!("{}/decline", review(app).await);
        let reviewer = app.staff("reviewer", "here");
        reviewer.post(&path, json!({"reason": "not_the_same_person"})).await.expect(200);

        // The child comes along with a passport.
        let refused = approves(app, "c1", "email", json!([])).await.expect(422);
        assert_eq!(refused.problem(), "proof-needed");
        let code = approves(app, "c1", "handed_over", passport()).await.expect(200);
        let linked = confirms(&app.person("mum"), &claim, code.text("/code")).await.expect(201);
        assert_eq!(linked.text("/link/status"), "too_young");
    }
}

journey! {
    async fn a_code_for_somebody_who_turns_out_to_be_a_minor_opens_nothing(app: App) {
        let (anna, claim) = (app.person("anna"), claims(&app.person("anna"), certain("p1")).await);
        app.match_claims().await;
        let (_, code) = app.claim_codes().await.pop().unwrap();
        claims(&app.person("ben"), doubtful("p1")).await;
        app.match_claims().await;
        assert_eq!(reasons(app).await, [r#"["ambiguous"]"#]);
        child(app, "p1").await;
        let refused = approves(app, "p1", "email", json!([])).await.expect(422);
        assert_eq!(refused.problem(), "proof-needed", "what is known now counts, and not why the review was opened");
        assert_eq!(confirms(&anna, &claim, &code).await.expect(422).problem(), "code-not-accepted");
        let issued = app.registrar().invites("p1").await;
        assert_eq!(issued.body["minor"], true, "staff see it");
        assert_eq!(app.registrar().invites("p2").await.body["minor"], false);
        let mother = inviting("p1", "MTH", "parental_responsibility", &json!([{"paper": "birth_certificate"}]));
        assert_eq!(app.registrar().post("/v1/invitations", mother).await.expect(201).body["minor"], false);
    }
}

journey! {
    async fn an_account_whose_link_was_rightly_disputed_gets_back_by_no_code_and_no_claim(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let mallory = app.person("mallory");
        let open = app.registrar().invites("p1").await;
        let (_, token) = linked(app, "mallory", "p1").await;
        let second = claims(&mallory, certain("p1")).await;
        let waiting = claims(&mallory, doubtful("p1")).await;
        app.match_claims().await;
        let (_, code) = app.claim_codes().await.pop().unwrap();
        app.pass(TimeDelta::seconds(1));
        upheld(app, &token, "fraud").await;
        app.pass(TimeDelta::seconds(1));
        let before = stands(app, "mallory", &second).await;
        assert_eq!(confirms(&mallory, &second, &code).await.expect(422).problem(), "code-not-accepted");
        assert_eq!(mallory.redeems(open.text("/code")).await.expect(422).problem(), "code-not-accepted");
        assert_eq!(before, stands(app, "mallory", &waiting).await);
        assert_eq!(app.fixture.database.count("select count(*) from claim where ended_reason = 'access_ended'").await, 2);

        let third = claims(&mallory, certain("p1")).await;
        app.match_claims().await;
        assert!(reasons(app).await.contains(&r#"["ended_before"]"#.to_owned()));
        assert!(app.claim_codes().await.is_empty());
        assert_eq!(approves(app, "p1", "email", json!([])).await.expect(422).problem(), "proof-needed");
        assert!(found(app, &client, "mallory").await.is_empty());
        // Staff may have been wrong: they decide anew, knowing of it.
        approves(app, "p1", "email", passport()).await.expect(200);
        let (_, code) = app.claim_codes().await.pop().unwrap();
        confirms(&mallory, &third, &code).await.expect(201);
    }
}

journey! {
    async fn whoever_ends_a_link_in_doubt_does_not_end_the_doubt(app: App) {
        let reviewer = app.staff("reviewer", "here");
        let (disputed, token) = linked(app, "mallory", "p1").await;
        let (suspended, _) = linked(app, "ben", "p2").await;
        app.with_token("").post("/v1/disputes", json!({"token": token})).await.expect(200);
        reviewer.post(&format!("/v1/links/{suspended}/suspend"), json!({"reason": "fraud"})).await.expect(200);
        app.pass(TimeDelta::seconds(1));
        for (name, link) in [("mallory", &disputed), ("ben", &suspended)] {
            let path = format!("/v1/links/{link}/revoke");
            app.person(name).post(&path, json!({"reason": "no_longer_wanted"})).await.expect(200);
        }
        uphold(app, "wrong_person").await;
        claims(&app.person("mallory"), certain("p1")).await;
        claims(&app.person("ben"), certain("p2")).await;
        app.match_claims().await;
        assert_eq!(reasons(app).await, [r#"["ended_before"]"#, r#"["ended_before"]"#]);
        assert!(app.claim_codes().await.is_empty());
    }
}

journey! {
    async fn what_staff_issue_anew_works_and_what_was_on_its_way_does_not(app: App) {
        let anna = app.person("anna");
        let link = patient(app, "anna", "p1").await;
        let before = app.registrar().invites("p1").await;
        app.pass(TimeDelta::seconds(1));
        let revoke = format!("/v1/links/{link}/revoke");
        app.registrar().post(&revoke, json!({"reason": "fraud"})).await.expect(200);
        app.pass(TimeDelta::seconds(1));
        let after = app.registrar().invites("p1").await;
        assert_eq!(anna.redeems(before.text("/code")).await.expect(422).problem(), "code-not-accepted");
        anna.redeems(after.text("/code")).await.expect(201);
        // Whoever only has no use for a link any more is kept from nothing.
        let link = patient(app, "ben", "p2").await;
        let before = app.registrar().invites("p2").await;
        app.pass(TimeDelta::seconds(1));
        let revoke = format!("/v1/links/{link}/revoke");
        app.person("ben").post(&revoke, json!({"reason": "no_longer_wanted"})).await.expect(200);
        app.person("ben").redeems(before.text("/code")).await.expect(201);
    }
}

journey! {
    async fn an_offer_from_before_a_proxys_access_ended_for_safety_opens_nothing(app: App) {
        let link = patient(app, "anna", "p1").await;
        let offers = async || {
            let offered = app.person("anna").post("/v1/grants", offering(&link, "basics")).await.expect(201);
            offered.text("/code").to_owned()
        };
        let (first, second) = (offers().await, offers().await);
        let ben = app.person("ben");
        let accepted = accepts(&ben, &first).await.expect(201);
        app.pass(TimeDelta::seconds(1));
        let end = format!("/v1/grants/{}/end", accepted.text("/grant/id"));
        app.registrar().post(&end, json!({"reason": "safety"})).await.expect(200);
        app.pass(TimeDelta::seconds(1));
        assert_eq!(accepts(&ben, &second).await.expect(422).problem(), "code-not-accepted");
        // What the patient offers in spite of it is theirs to offer.
        accepts(&ben, &offers().await).await.expect(201);
    }
}

journey! {
    async fn a_claim_that_nobody_had_matched_is_cut_off_with_every_access(app: App) {
        patient(app, "anna", "p1").await;
        let (sure, doubted) = (
            claims(&app.person("mallory"), certain("p1")).await,
            claims(&app.person("carl"), doubtful("p1")).await,
        );
        let elsewhere = claims(&app.person("ben"), certain("p2")).await;
        app.pass(TimeDelta::seconds(1));
        ends(app, &app.registrar(), &json!({"patient": "p1"}), "safety").await;
        app.pass(TimeDelta::seconds(1));
        app.match_claims().await;
        let to: Vec<_> = app.claim_codes().await.into_iter().map(|(to, _)| to).collect();
        assert_eq!(to, ["p2@patients.example"]);
        assert!(reasons(app).await.is_empty());
        assert_eq!(stands(app, "mallory", &sure).await, stands(app, "ben", &elsewhere).await);
        assert_eq!(stands(app, "carl", &doubted).await, stands(app, "ben", &elsewhere).await);
        // Whoever claimed can claim again; whose link it ended is looked at.
        claims(&app.person("carl"), certain("p1")).await;
        claims(&app.person("anna"), certain("p1")).await;
        app.match_claims().await;
        assert_eq!(app.claim_codes().await.len(), 1);
        assert_eq!(reasons(app).await, [r#"["ended_before"]"#]);
    }
}

journey! {
    async fn whoever_acts_for_a_patient_does_not_become_the_patient_by_the_patients_codes(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        app.proxy("ben", "p1").await;
        let (ben, anna) = (app.person("ben"), app.person("anna"));
        let before = found(app, &client, "ben").await;
        let issued = app.registrar().invites("p1").await;
        for _ in 0..6 {
            assert_eq!(ben.redeems(issued.text("/code")).await.expect(409).problem(), "acts-for-patient");
        }
        let claim = claims(&ben, certain("p1")).await;
        app.match_claims().await;
        assert_eq!(reasons(app).await, [r#"["acts_for_patient"]"#]);
        assert!(app.claim_codes().await.is_empty());
        assert_eq!(found(app, &client, "ben").await, before, "nor is the proxy proven better by the patient's code");
        // The code is not used up: the letter was the patient's.
        anna.redeems(issued.text("/code")).await.expect(201);
        let path = format!("/v1/claims/{claim}/withdraw");
        ben.send(reqwest::Method::POST, &path, None, &[]).await.expect(200);

        // Not after it ended, either; but a mistake of staff can be put right.
        for (name, reason, status, problem) in [
            ("carl", "patient_request", 409, "acts-for-patient"),
            ("dan", "safety", 422, "code-not-accepted"),
            ("emil", "staff_error", 201, ""),
        ] {
            let link = app.proxy(name, "p2").await;
            let revoke = format!("/v1/links/{link}/revoke");
            app.registrar().post(&revoke, json!({"reason": reason})).await.expect(200);
            app.pass(TimeDelta::seconds(1));
            let issued = app.registrar().invites("p2").await;
            let reply = app.person(name).redeems(issued.text("/code")).await.expect(status);
            assert!(status == 201 || reply.problem() == problem, "{name}");
        }
        let link = app.proxy("fred", "p3").await;
        let suspend = format!("/v1/links/{link}/suspend");
        app.staff("reviewer", "here").post(&suspend, json!({"reason": "review"})).await.expect(200);
        let issued = app.registrar().invites("p3").await;
        let refused = app.person("fred").redeems(issued.text("/code")).await.expect(422);
        assert_eq!(refused.problem(), "code-not-accepted", "nothing is said of what is suspended");
    }
}

journey! {
    async fn a_reviewer_who_knows_makes_a_proxys_account_the_patients_unless_its_link_is_suspended(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        for (name, record, status) in [("ben", "p1", 201), ("carl", "p2", 422)] {
            let proxy = app.proxy(name, record).await;
            let claim = claims(&app.person(name), certain(record)).await;
            app.match_claims().await;
            let code = approves(app, record, "handed_over", passport()).await.expect(200);
            if status == 422 {
                let suspend = format!("/v1/links/{proxy}/suspend");
                app.staff("reviewer", "here").post(&suspend, json!({"reason": "safety"})).await.expect(200);
            }
            confirms(&app.person(name), &claim, code.text("/code")).await.expect(status);
            let links = found(app, &client, name).await;
            let roles: Vec<_> = links.iter().map(|link| link["role"].as_str().unwrap()).collect();
            assert_eq!(roles, if status == 201 { vec!["self"] } else { Vec::new() });
            let of_proxy = app.registrar().get(&format!("/v1/links/{proxy}")).await.expect(200);
            let expected = if status == 201 { "superseded" } else { "safety" };
            assert_eq!(of_proxy.text("/reason"), expected);
        }
    }
}

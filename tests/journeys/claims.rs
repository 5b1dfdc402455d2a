use std::collections::HashSet;

use chrono::TimeDelta;
use kinlink_domain::patient::{RecordLink, RecordLinkType};
use kinlink_testkit::imported;
use serde_json::{Value, json};

use crate::app::{App, Caller};

/// What somebody who is the patient of this record would give. The email is not the one on record.
pub(crate) fn certain(record: &str) -> Value {
    json!({
        "organization": "here",
        "demographics": {
            "name": {"given": ["Wilhelmina"], "family": format!("{record}-Featherstonehaugh")},
            "birth_date": "1984-02-29",
            "email": "typed@elsewhere.example",
            "identifiers": [{"system": "urn:mrn", "value": format!("MRN-{record}-7731"), "type": "MR"}],
        },
    })
}

/// The same with another family name.
pub(crate) fn doubtful(record: &str) -> Value {
    let mut body = certain(record);
    body["demographics"]["name"]["family"] = json!("Married-Otherwise");
    body
}

/// Somebody who is not on record.
pub(crate) fn unknown() -> Value {
    certain("p9")
}

pub(crate) async fn claims(caller: &Caller, body: Value) -> String {
    caller.post("/v1/claims", body).await.expect(202).text("/id").to_owned()
}

pub(crate) async fn confirms(caller: &Caller, claim: &str, code: &str) -> crate::app::Reply {
    caller.post(&format!("/v1/claims/{claim}/confirm"), json!({"code": code})).await
}

/// Why claims wait for a reviewer, newest first.
pub(crate) async fn reasons(app: &App) -> Vec<String> {
    let queue = app.staff("reviewer", "here").get("/v1/reviews?status=open").await.expect(200);
    let reviews = queue.body["reviews"].as_array().unwrap();
    reviews.iter().map(|review| review["reasons"].to_string()).collect()
}

journey! {
    async fn a_patient_without_a_code_finds_the_record_and_confirms_by_its_contact(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let anna = app.person("anna");
        let answer = anna.post("/v1/claims", certain("p1")).await.expect(202);
        assert!(answer.text("/message").contains("If a record was found"));
        let claim = answer.text("/id");
        assert_eq!(answer.headers["location"], format!("/v1/claims/{claim}"));
        assert_eq!(answer.text("/status"), "open");
        assert_eq!(app.match_claims().await, 1);

        let codes = app.claim_codes().await;
        let [(to, code)] = codes.as_slice() else { panic!("{} codes were sent", codes.len()) };
        assert_eq!(to, "p1@patients.example", "on record, and never what the claimant typed");
        let seen = anna.get(&format!("/v1/claims/{claim}")).await.expect(200);
        assert_eq!(seen.text("/status"), "open");

        assert_eq!(confirms(&app.person("ben"), claim, code).await.expect(404).problem(), "not-found");
        let linked = confirms(&anna, claim, &code.to_lowercase().replace('-', " ")).await.expect(201);
        assert_eq!(linked.body["link"]["assurance"], json!({"ial": "IAL1", "level": "level3"}));
        let found = client.post("/v1/links/lookup", app.account("anna")).await.expect(200);
        assert_eq!(found.body["links"][0]["patient"], "p1");
        let again = confirms(&anna, claim, code).await.expect(200);
        assert_eq!(again.body["link"]["id"], linked.body["link"]["id"]);
        let seen = anna.get(&format!("/v1/claims/{claim}")).await.expect(200);
        assert_eq!((seen.text("/status"), seen.text("/link")), ("linked", linked.text("/link/id")));
        let wrong = confirms(&anna, claim, "0000-0000-0000").await.expect(409);
        assert_eq!(wrong.problem(), "claim-closed");

        let link = app.registrar().get(&format!("/v1/links/{}", linked.text("/link/id"))).await.expect(200);
        let facts: Vec<_> = link.body["evidence"].as_array().unwrap().iter().map(|e| &e["fact"]).collect();
        let fact = |kind: &str| facts.iter().find(|fact| fact["type"] == kind).unwrap();
        assert_eq!(fact("demographic_match")["band"], "certain");
        let confirmed = json!({"type": "contact_confirmed", "claim": claim, "channel": "email"});
        assert_eq!(**fact("contact_confirmed"), confirmed);
    }
}

journey! {
    async fn who_is_not_on_record_hears_the_same_and_nobody_is_mailed(app: App) {
        let anna = app.person("anna");
        let claim = claims(&anna, unknown()).await;
        assert_eq!(app.match_claims().await, 1);
        assert_eq!(app.match_claims().await, 0, "it is not matched twice");
        assert!(app.mails().await.is_empty());
        assert!(reasons(app).await.is_empty());
        assert_eq!(anna.get(&format!("/v1/claims/{claim}")).await.expect(200).text("/status"), "open");
        assert_eq!(confirms(&anna, &claim, "0000-0000-0000").await.expect(422).problem(), "code-not-accepted");
        let listed = anna.get("/v1/claims").await.expect(200);
        assert_eq!(listed.body["claims"].as_array().unwrap().len(), 1);
    }
}

journey! {
    async fn thin_input_is_refused_with_what_would_help_before_anything_is_looked_up(app: App) {
        let anna = app.person("anna");
        let mut thin = certain("p1");
        thin["demographics"]["identifiers"] = json!([]);
        for _ in 0..20 {
            let refused = anna.post("/v1/claims", thin.clone()).await.expect(422);
            assert_eq!(refused.problem(), "input-too-thin");
            let helps: Vec<_> = refused.body["errors"].as_array().unwrap().iter().map(|e| e["at"].clone()).collect();
            assert_eq!(helps, ["/demographics/address", "/demographics/phone", "/demographics/identifiers"]);
        }
        thin["demographics"] = json!({"birth_date": "1984"});
        let refused = anna.post("/v1/claims", thin).await.expect(422);
        assert_eq!(refused.body["errors"][0]["at"], "/demographics/name");
        claims(&anna, certain("p1")).await;
        for (at, value) in [
            ("birth_date", json!("2099-01-01")),
            ("birth_date", json!("1984-02-31")),
            ("email", json!("no address")),
            ("phone", json!("1".repeat(51))),
        ] {
            let mut wrong = certain("p1");
            wrong["demographics"][at] = value;
            let refused = anna.post("/v1/claims", wrong).await.expect(422);
            assert_eq!(refused.problem(), "invalid-member");
            assert_eq!(refused.body["errors"][0]["at"], format!("/demographics/{at}"));
        }
        let mut elsewhere = certain("p1");
        elsewhere["organization"] = json!("nowhere");
        assert_eq!(anna.post("/v1/claims", elsewhere).await.expect(422).problem(), "invalid-member");
    }
}

journey! {
    async fn a_code_ends_after_a_day_and_a_claim_after_fourteen(app: App) {
        for (wait, status) in [(TimeDelta::hours(24) - TimeDelta::seconds(1), 201), (TimeDelta::hours(24), 422)] {
            let name = format!("anna-{wait}");
            let claim = claims(&app.person(&name), certain("p1")).await;
            app.match_claims().await;
            let (_, code) = app.claim_codes().await.pop().unwrap();
            app.pass(wait);
            let link = confirms(&app.person(&name), &claim, &code).await.expect(status);
            if status == 201 {
                let path = format!("/v1/links/{}/revoke", link.text("/link/id"));
                app.person(&name).post(&path, json!({"reason": "not_me"})).await.expect(200);
            }
        }
        let claim = claims(&app.person("ben"), unknown()).await;
        app.match_claims().await;
        app.pass(TimeDelta::days(14) - TimeDelta::seconds(1));
        let path = format!("/v1/claims/{claim}");
        assert_eq!(app.person("ben").get(&path).await.expect(200).text("/status"), "open");
        app.pass(TimeDelta::seconds(1));
        assert_eq!(app.person("ben").get(&path).await.expect(200).text("/status"), "closed");
        let late = confirms(&app.person("ben"), &claim, "0000-0000-0000").await.expect(409);
        assert_eq!(late.problem(), "claim-closed");
    }
}

journey! {
    async fn five_wrong_codes_close_a_claim_and_ten_lock_the_account(app: App) {
        let anna = app.person("anna");
        let first = claims(&anna, certain("p1")).await;
        app.match_claims().await;
        let (_, code) = app.claim_codes().await.pop().unwrap();
        for _ in 0..5 {
            assert_eq!(confirms(&anna, &first, "0000-0000-0000").await.expect(422).problem(), "code-not-accepted");
        }
        assert_eq!(confirms(&anna, &first, &code).await.expect(409).problem(), "claim-closed");
        let second = claims(&anna, unknown()).await;
        for _ in 0..5 {
            confirms(&anna, &second, "0000-0000-0000").await.expect(422);
        }
        let locked = confirms(&anna, &second, "0000-0000-0000").await.expect(429);
        assert_eq!((locked.problem(), locked.headers["retry-after"].to_str().unwrap()), ("too-many-attempts", "3600"));
        assert_eq!(anna.redeems("0000-0000-0000").await.expect(429).problem(), "too-many-attempts", "one counter for all");
        assert_eq!(confirms(&anna, &second, "AAAA").await.expect(422).problem(), "code-mistyped");
    }
}

journey! {
    async fn an_account_submits_five_claims_a_day(app: App) {
        for _ in 0..5 {
            claims(&app.person("anna"), unknown()).await;
        }
        let refused = app.person("anna").post("/v1/claims", certain("p1")).await.expect(429);
        assert_eq!((refused.problem(), refused.headers["retry-after"].to_str().unwrap()), ("too-many-claims", "86400"));
        claims(&app.person("ben"), unknown()).await;
        app.pass(TimeDelta::hours(24));
        claims(&app.person("anna"), unknown()).await;
        let mut page = app.person("anna").get("/v1/claims?limit=4").await.expect(200);
        assert_eq!(page.body["claims"].as_array().unwrap().len(), 4);
        page = app.person("anna").get(&format!("/v1/claims?limit=4&cursor={}", page.text("/next_cursor"))).await.expect(200);
        assert_eq!(page.body["claims"].as_array().unwrap().len(), 2);
    }
}

journey! {
    async fn a_record_gets_three_codes_a_day_and_the_next_claim_is_looked_at(app: App) {
        for n in 0..4 {
            claims(&app.person(&format!("claimant-{n}")), certain("p1")).await;
        }
        app.match_claims().await;
        assert_eq!(app.claim_codes().await.len(), 3);
        assert_eq!(reasons(app).await, [r#"["too_many_codes"]"#]);
        app.pass(TimeDelta::hours(24));
        claims(&app.person("claimant-5"), certain("p1")).await;
        app.match_claims().await;
        assert_eq!(app.claim_codes().await.len(), 1);
    }
}

journey! {
    async fn a_record_that_a_code_should_not_go_to_is_looked_at(app: App) {
        let base = || imported("p1");
        let mut no_contact = base();
        no_contact.demographics.telecom.clear();
        let mut inactive = base();
        inactive.active = false;
        let mut deceased = base();
        deceased.deceased = true;
        let mut merged = base();
        let other = kinlink_domain::patient::FhirId::parse("p77").unwrap();
        merged.links.push(RecordLink { other, kind: RecordLinkType::ReplacedBy });
        app.import(base()).await;
        for (n, (record, expected)) in [
            (inactive, r#"["inactive"]"#),
            (deceased, r#"["deceased"]"#),
            (merged, r#"["merged"]"#),
            (no_contact, r#"["no_contact","contact_changed"]"#),
        ]
        .into_iter()
        .enumerate()
        {
            app.import(record).await;
            claims(&app.person(&format!("claimant-{n}")), certain("p1")).await;
            app.match_claims().await;
            assert_eq!(reasons(app).await[0], expected);
            app.pass(TimeDelta::milliseconds(1));
        }
        assert!(app.mails().await.is_empty());
    }
}

journey! {
    async fn a_contact_that_was_changed_lately_gets_no_code_until_its_time_is_over(app: App) {
        let mut moved = imported("p1");
        moved.demographics.telecom[0].value = "thief@evil.example".into();
        let mut only_looks_different = imported("p2");
        only_looks_different.demographics.telecom[0].value = "P2@Patients.example".into();
        app.import(moved).await;
        app.import(only_looks_different).await;
        app.import(imported("p4")).await;
        for record in ["p1", "p2", "p4"] {
            claims(&app.person(&format!("of-{record}")), certain(record)).await;
        }
        app.match_claims().await;
        let to: HashSet<_> = app.claim_codes().await.into_iter().map(|(to, _)| to).collect();
        let expected = ["P2@Patients.example", "p4@patients.example"].map(str::to_owned);
        assert_eq!(to, HashSet::from(expected), "an unchanged contact, and one of a first import");
        assert_eq!(reasons(app).await, [r#"["contact_changed"]"#]);
        app.pass(TimeDelta::days(30));
        claims(&app.person("of-p1-again"), certain("p1")).await;
        app.match_claims().await;
        assert_eq!(app.claim_codes().await[0].0, "thief@evil.example");
    }
}

journey! {
    async fn a_record_that_another_account_opens_is_looked_at_and_ones_own_is_not(app: App) {
        let code = app.registrar().invites("p1").await.text("/code").to_owned();
        let anna = app.person("anna");
        let first = anna.redeems(&code).await.expect(201);
        claims(&app.person("mallory"), certain("p1")).await;
        app.match_claims().await;
        assert_eq!(reasons(app).await, [r#"["linked_to_another"]"#]);
        let claim = claims(&anna, certain("p1")).await;
        app.match_claims().await;
        let (_, code) = app.claim_codes().await.pop().unwrap();
        let again = confirms(&anna, &claim, &code).await.expect(200);
        assert_eq!(again.body["link"]["id"], first.body["link"]["id"], "one link, with more evidence");
        assert_eq!(again.text("/link/assurance/level"), "level3");
    }
}

journey! {
    async fn confirming_at_once_makes_one_link(app: App) {
        let anna = app.person("anna");
        let claim = claims(&anna, certain("p1")).await;
        app.match_claims().await;
        let (_, code) = app.claim_codes().await.pop().unwrap();
        let mut race = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let (anna, claim, code) = (anna.clone(), claim.clone(), code.clone());
            race.spawn(async move { confirms(&anna, &claim, &code).await.status });
        }
        let statuses = race.join_all().await;
        assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
        assert!(statuses.iter().all(|status| [200, 201].contains(status)), "{statuses:?}");
        assert_eq!(app.fixture.database.count("select count(*) from link").await, 1);
    }
}

journey! {
    async fn workers_of_several_replicas_send_each_code_once(app: App) {
        for record in ["p1", "p2", "p3"] {
            claims(&app.person(&format!("of-{record}")), certain(record)).await;
        }
        let mut workers = tokio::task::JoinSet::new();
        for _ in 0..4 {
            let worker = app.claim_worker();
            workers.spawn(async move { worker.process_due().await.unwrap() });
        }
        assert_eq!(workers.join_all().await.iter().sum::<usize>(), 3);
        assert_eq!(app.claim_codes().await.len(), 3);
        // A worker that died after taking a claim leaves it to the next when its lease ends, and one that only was
        // slow finds it done.
        app.fixture.database.tamper("update claim set due_at = submitted_at").await;
        app.pass(TimeDelta::minutes(2));
        assert_eq!(app.match_claims().await, 0);
        assert!(app.mails().await.is_empty());
    }
}

journey! {
    async fn a_withdrawn_claim_is_over_and_its_review_moot(app: App) {
        let anna = app.person("anna");
        let (hit, looked_at) = (claims(&anna, certain("p1")).await, claims(&anna, doubtful("p2")).await);
        app.match_claims().await;
        let (_, code) = app.claim_codes().await.pop().unwrap();
        for claim in [&hit, &looked_at] {
            let path = format!("/v1/claims/{claim}/withdraw");
            assert_eq!(anna.send(reqwest::Method::POST, &path, None, &[]).await.expect(200).text("/status"), "withdrawn");
            assert_eq!(anna.send(reqwest::Method::POST, &path, None, &[]).await.expect(409).problem(), "claim-closed");
        }
        assert_eq!(confirms(&anna, &hit, &code).await.expect(409).problem(), "claim-closed");
        let reviewer = app.staff("reviewer", "here");
        let review = reviewer.get("/v1/reviews").await.expect(200).text("/reviews/0/id").to_owned();
        let approval = json!({"patient": "p2", "handover": "email"});
        let refused = reviewer.post(&format!("/v1/reviews/{review}/approve"), approval).await.expect(409);
        assert_eq!(refused.problem(), "review-closed");
        let removed = app.fixture.store.housekeeping(app.fixture.ports.clock.now()).await.unwrap();
        assert_eq!(removed.reviews, 1);
        assert_eq!(reviewer.get("/v1/reviews").await.expect(200).text("/reviews/0/status"), "moot");
    }
}

fn by_client(app: &App, record: &str, sub: &str, amr: &str) -> Value {
    let mut body = certain(record);
    let more = json!({
        "iss": app.idp.issuer(),
        "sub": sub,
        "amr": [amr],
        "verified_claims": {"verification": {"trust_framework": "nist_800_63A", "assurance_level": "ial2"}},
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

journey! {
    async fn a_clients_word_links_only_if_policy_takes_it_and_the_client_hears_no_more_than_an_id(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let (_, foreign, _) = app.client(&[app.fixture.there.id]).await;
        let answer = client.post("/v1/claims", by_client(app, "p1", "anna", "mfa")).await.expect(202);
        assert_eq!(answer.body, json!({"id": answer.text("/id")}), "an id, and nothing more");
        app.match_claims().await;
        let (to, code) = app.claim_codes().await.pop().unwrap();
        assert_eq!(to, "p1@patients.example", "off by default: it goes the same way as any other");
        let path = format!("/v1/claims/{}", answer.text("/id"));
        assert_eq!(client.get(&path).await.expect(200).text("/status"), "open");
        foreign.get(&path).await.expect(404);
        confirms(&app.person("anna"), answer.text("/id"), &code).await.expect(201);
        assert_eq!(client.get(&path).await.expect(200).text("/status"), "linked");

        app.set_policy(|policy| policy.claims.trusted_client.links_without_code = true).await;
        for (record, sub, amr, linked) in [("p2", "ben", "mfa", 1), ("p3", "cleo", "pwd", 0), ("p9", "dan", "mfa", 0)] {
            client.post("/v1/claims", by_client(app, record, sub, amr)).await.expect(202);
            app.match_claims().await;
            let found = client.post("/v1/links/lookup", app.account(sub)).await.expect(200);
            assert_eq!(found.body["links"].as_array().unwrap().len(), linked, "{sub}");
        }
        assert_eq!(app.claim_codes().await.len(), 1, "cleo's login has one factor");
        app.set_policy(|policy| policy.claims.trusted_client.may_read = false).await;
        client.get(&path).await.expect(403);
    }
}

journey! {
    async fn a_client_claims_for_accounts_of_its_organizations_only_and_a_person_only_for_itself(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let mut elsewhere = by_client(app, "p1", "anna", "mfa");
        elsewhere["organization"] = json!("there");
        assert_eq!(client.post("/v1/claims", elsewhere).await.expect(403).problem(), "not-your-organization");
        let mut untrusted = by_client(app, "p1", "anna", "mfa");
        untrusted["iss"] = json!("https://unknown.example");
        assert_eq!(client.post("/v1/claims", untrusted).await.expect(403).problem(), "issuer-not-trusted");
        let nameless = client.post("/v1/claims", certain("p1")).await.expect(422);
        assert_eq!(nameless.body["errors"][0]["at"], "/iss");
        let posing = app.person("ben").post("/v1/claims", by_client(app, "p1", "anna", "mfa")).await.expect(422);
        assert_eq!(posing.body["errors"][0]["at"], "/iss");
    }
}

journey! {
    async fn the_same_key_and_body_are_one_claim(app: App) {
        let anna = app.person("anna");
        let send = || anna.send(reqwest::Method::POST, "/v1/claims", Some(certain("p1")), &[("idempotency-key", "k1")]);
        let (first, second) = (send().await.expect(202), send().await.expect(202));
        assert_eq!(first.body, second.body);
        assert_eq!(app.match_claims().await, 1);
    }
}

journey! {
    async fn a_record_that_a_contact_disputes_is_looked_at(app: App) {
        crate::disputes::disputed(app, "p1").await;
        claims(&app.person("anna"), certain("p1")).await;
        app.match_claims().await;
        let reasons = reasons(app).await;
        assert!(reasons.len() == 1 && reasons[0].contains("disputed"), "{reasons:?}");
        assert_eq!(app.claim_codes().await, []);
    }
}

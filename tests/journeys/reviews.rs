use serde_json::{Value, json};

use crate::{
    app::{App, Caller},
    claims::{certain, claims, confirms, doubtful},
};

/// A doubtful claim of Anna's to this record, and its review.
async fn doubted(app: &App, record: &str) -> (Caller, String, String) {
    let anna = app.person("anna");
    let claim = claims(&anna, doubtful(record)).await;
    app.match_claims().await;
    assert!(app.mails().await.is_empty());
    let queue = app.staff("reviewer", "here").get("/v1/reviews?status=open&kind=claim").await.expect(200);
    (anna, claim, format!("/v1/reviews/{}", queue.text("/reviews/0/id")))
}

async fn decide(caller: &Caller, review: &str, decision: &str, body: Value) -> crate::app::Reply {
    caller.post(&format!("{review}/{decision}"), body).await
}

fn passport() -> Value {
    json!([{"type": "document_seen", "document": "passport", "reference": "desk 3"}])
}

journey! {
    async fn a_reviewer_sees_claim_and_candidates_side_by_side_and_the_reading_is_audited(app: App) {
        let (_, claim, review) = doubted(app, "p1").await;
        let reviewer = app.staff("reviewer", "here");
        let seen = reviewer.get(&review).await.expect(200);
        assert_eq!(seen.body["reasons"], json!(["ambiguous"]));
        assert_eq!(seen.text("/claim"), claim);
        assert_eq!(seen.text("/claimed/status"), "in_review");
        let candidate = &seen.body["candidates"][0];
        assert_eq!(candidate["patient"], "p1");
        assert_eq!(candidate["weight"], 4.0);
        assert_eq!(candidate["prior"], -6.0);
        let rows: Vec<_> = candidate["fields"].as_array().unwrap().iter()
            .map(|row| json!([row["field"], row["level"], row["weight"], row["sum"]]))
            .collect();
        assert_eq!(rows, [
            json!(["given", "exact", 3.0, -3.0]),
            json!(["family", "different", -8.0, -11.0]),
            json!(["birth_date", "exact", 9.0, -2.0]),
            json!(["email", null, 0.0, -2.0]),
            json!(["identifier", "exact", 6.0, 4.0]),
        ]);
        assert_eq!(candidate["fields"][1]["claimed"], json!(["Married-Otherwise"]));
        assert_eq!(candidate["fields"][1]["recorded"], json!(["p1-Featherstonehaugh"]));
        assert_eq!(candidate["has_email"], true);

        let auditor = app.staff("auditor", "here");
        let read = auditor.get("/v1/audit?action=review.read&patient=p1").await.expect(200);
        assert_eq!(read.body["entries"].as_array().unwrap().len(), 1);
        let all = auditor.get("/v1/audit").await.expect(200).body.to_string();
        for action in ["claim.submit", "claim.process", "review.list"] {
            assert!(all.contains(action), "{action} is missing");
        }
        for secret in ["Featherstonehaugh", "Married", "1984-02-29", "7731", "anna"] {
            assert!(!all.contains(secret), "the audit holds {secret}");
        }
    }
}

journey! {
    async fn an_approved_claim_is_confirmed_by_the_contact_on_record_with_what_the_reviewer_saw(app: App) {
        let (anna, claim, review) = doubted(app, "p1").await;
        let reviewer = app.staff("reviewer", "here");
        let body = json!({"patient": "p1", "handover": "email", "proof": passport()});
        let approved = decide(&reviewer, &review, "approve", body.clone()).await.expect(200);
        assert_eq!((approved.text("/review/status"), &approved.body["code"]), ("approved", &Value::Null));
        assert_eq!(decide(&reviewer, &review, "approve", body).await.expect(409).problem(), "review-closed");
        let path = format!("/v1/claims/{claim}");
        assert_eq!(anna.get(&path).await.expect(200).text("/status"), "open", "not even this is seen");
        let (to, code) = app.claim_codes().await.pop().unwrap();
        assert_eq!(to, "p1@patients.example");
        let linked = confirms(&anna, &claim, &code).await.expect(201);
        assert_eq!(linked.body["link"]["assurance"], json!({"ial": "IAL2", "level": "level4"}));
        let link = app.registrar().get(&format!("/v1/links/{}", linked.text("/link/id"))).await.expect(200);
        let evidence = link.body["evidence"].as_array().unwrap();
        let seen = evidence.iter().find(|evidence| evidence["fact"]["type"] == "document_seen").unwrap();
        assert_eq!(seen["by"]["type"], "staff");
        assert_eq!(evidence.iter().find(|e| e["fact"]["type"] == "demographic_match").unwrap()["fact"]["weight"], 4.0);
    }
}

journey! {
    async fn a_code_is_handed_over_only_to_whom_a_document_was_compared_with(app: App) {
        let (anna, claim, review) = doubted(app, "p1").await;
        let reviewer = app.staff("reviewer", "here");
        let bare = json!({"patient": "p1", "handover": "handed_over"});
        assert_eq!(decide(&reviewer, &review, "approve", bare).await.expect(422).problem(), "proof-needed");
        let stranger = json!({"patient": "p2", "handover": "email", "proof": passport()});
        assert_eq!(decide(&reviewer, &review, "approve", stranger).await.expect(422).problem(), "invalid-member");
        let body = json!({"patient": "p1", "handover": "handed_over", "proof": passport()});
        let approved = decide(&reviewer, &review, "approve", body).await.expect(200);
        assert!(app.mails().await.is_empty());
        let linked = confirms(&anna, &claim, approved.text("/code")).await.expect(201);
        assert_eq!(linked.body["link"]["assurance"], json!({"ial": "IAL2", "level": "level3"}));
    }
}

journey! {
    async fn where_policy_says_so_two_reviewers_have_to_agree(app: App) {
        let code = app.registrar().invites("p1").await.text("/code").to_owned();
        app.person("owner").redeems(&code).await.expect(201);
        app.mails().await;
        let anna = app.person("anna");
        let claim = claims(&anna, certain("p1")).await;
        app.match_claims().await;
        let (one, two) = (app.staff("reviewer", "here"), app.staff("admin", "here"));
        let review = format!("/v1/reviews/{}", one.get("/v1/reviews").await.expect(200).text("/reviews/0/id"));
        let body = json!({"patient": "p1", "handover": "handed_over", "proof": passport()});
        let first = decide(&one, &review, "approve", body.clone()).await.expect(200);
        assert_eq!((first.text("/review/status"), &first.body["code"]), ("seconding", &Value::Null));
        let same = decide(&one, &review, "approve", body.clone()).await.expect(409);
        assert_eq!(same.problem(), "second-reviewer-needed");
        let second = decide(&two, &review, "approve", body).await.expect(200);
        assert_eq!(second.text("/review/status"), "approved");
        let seen = one.get(&review).await.expect(200);
        assert_eq!(seen.body["approvals"].as_array().unwrap().len(), 2);
        confirms(&anna, &claim, second.text("/code")).await.expect(201);
    }
}

journey! {
    async fn nobody_decides_about_their_own_account(app: App) {
        let reviewer = app.staff("reviewer", "here");
        claims(&reviewer, doubtful("p1")).await;
        app.match_claims().await;
        let review = format!("/v1/reviews/{}", reviewer.get("/v1/reviews").await.expect(200).text("/reviews/0/id"));
        let body = json!({"patient": "p1", "handover": "email"});
        assert_eq!(decide(&reviewer, &review, "approve", body.clone()).await.expect(403).problem(), "forbidden");
        decide(&app.staff("admin", "here"), &review, "approve", body).await.expect(200);
    }
}

journey! {
    async fn asking_for_more_tells_the_contact_on_record_and_declining_tells_nobody(app: App) {
        let (anna, claim, review) = doubted(app, "p1").await;
        let path = format!("/v1/claims/{claim}");
        let before = anna.get(&path).await.expect(200).body;
        let reviewer = app.staff("reviewer", "here");
        decide(&reviewer, &review, "ask", json!({"missing": []})).await.expect(422);
        decide(&reviewer, &review, "ask", json!({"missing": ["photo_id"]})).await.expect(200);
        assert!(app.mails().await.is_empty());
        let asked = json!({"missing": ["photo_id", "name_change"], "patient": "p1"});
        let answer = decide(&reviewer, &review, "ask", asked).await.expect(200);
        assert_eq!(answer.body["review"]["asks"].as_array().unwrap().len(), 2);
        let mails = app.mails().await;
        assert_eq!(mails.iter().map(|(to, _)| to.as_str()).collect::<Vec<_>>(), ["p1@patients.example"]);
        assert_eq!(anna.get(&path).await.expect(200).body, before);

        decide(&reviewer, &review, "decline", json!({"reason": "no_match"})).await.expect(422);
        let declined = decide(&reviewer, &review, "decline", json!({"reason": "not_enough_proof"})).await.expect(200);
        assert_eq!((declined.text("/review/status"), declined.text("/review/reason")), ("declined", "not_enough_proof"));
        assert_eq!(anna.get(&path).await.expect(200).body, before);
        assert!(app.mails().await.is_empty());
        let late = json!({"patient": "p1", "handover": "email"});
        assert_eq!(decide(&reviewer, &review, "approve", late).await.expect(409).problem(), "review-closed");
    }
}

journey! {
    async fn the_queue_goes_on_by_cursor_and_is_narrowed(app: App) {
        for n in 0..3 {
            claims(&app.person(&format!("claimant-{n}")), doubtful("p1")).await;
            app.match_claims().await;
            app.pass(chrono::TimeDelta::milliseconds(1));
        }
        let reviewer = app.staff("reviewer", "here");
        let first = reviewer.get("/v1/reviews?limit=2").await.expect(200);
        let rest = reviewer.get(&format!("/v1/reviews?limit=2&cursor={}", first.text("/next_cursor"))).await.expect(200);
        let count = |reply: &crate::app::Reply| reply.body["reviews"].as_array().unwrap().len();
        assert_eq!((count(&first), count(&rest)), (2, 1));
        assert!(rest.body["next_cursor"].is_null());
        for (query, expected) in [("status=open", 3), ("status=declined", 0), ("kind=claim", 3), ("kind=dispute", 0)] {
            assert_eq!(count(&reviewer.get(&format!("/v1/reviews?{query}")).await.expect(200)), expected, "{query}");
        }
        let neighbour = app.staff("reviewer", "there");
        assert_eq!(count(&neighbour.get("/v1/reviews").await.expect(200)), 0);
    }
}

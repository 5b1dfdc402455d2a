use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Caller, Reply};

async fn issue(caller: &Caller, key: &str, patient: &str) -> Reply {
    let body = json!({"patient": {"id": patient}, "channel": "in_person"});
    caller.send(Method::POST, "/v1/invitations", Some(body), &[("idempotency-key", key)]).await
}

journey! {
    async fn the_same_request_again_gets_the_same_answer_and_another_body_is_refused(app: App) {
        let registrar = app.registrar();
        let first = issue(&registrar, "k1", "p1").await.expect(201);
        let again = issue(&registrar, "k1", "p1").await.expect(201);
        assert_eq!(again.body, first.body);
        assert_eq!(again.headers["idempotent-replayed"], "true");
        assert_eq!(issue(&registrar, "k1", "p2").await.expect(422).problem(), "idempotency-key-reused");
        let other = issue(&app.staff("admin", "here"), "k1", "p1").await.expect(201);
        assert_ne!(other.body["invitation"]["id"], first.body["invitation"]["id"], "keys are apart by caller");
        let listed = registrar.get("/v1/invitations").await.expect(200);
        assert_eq!(listed.body["invitations"].as_array().unwrap().len(), 2);
        assert_eq!(issue(&registrar, "not one word", "p1").await.expect(400).problem(), "malformed-idempotency-key");
        app.fixture.reseals(&["idempotency_answer"]).await;
    }
}

journey! {
    async fn ten_at_once_with_one_key_make_one_invitation(app: App) {
        let mut calls = tokio::task::JoinSet::new();
        for _ in 0..10 {
            let registrar = app.registrar();
            calls.spawn(async move { issue(&registrar, "race", "p1").await.expect(201).body });
        }
        let bodies: Vec<Value> = calls.join_all().await;
        assert!(bodies.iter().all(|body| *body == bodies[0]));
    }
}

journey! {
    async fn a_refused_redemption_does_not_use_up_its_key(app: App) {
        let body = json!({"patient": {"id": "p1"}, "channel": "in_person", "challenge": "birth_date"});
        let issued = app.registrar().post("/v1/invitations", body).await.expect(201);
        let anna = app.person("anna");
        let redeem = async |birth_date: &str| {
            let body = json!({"code": issued.text("/code"), "birth_date": birth_date});
            anna.send(Method::POST, "/v1/invitations/redeem", Some(body), &[("idempotency-key", "r1")]).await
        };
        redeem("1990-01-01").await.expect(422);
        let made = redeem("1984-02-29").await.expect(201);
        assert_eq!(redeem("1984-02-29").await.expect(201).body, made.body);
    }
}

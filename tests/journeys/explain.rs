//! Why a link opens its record: now, then, and later.

use chrono::TimeDelta;
use kinlink_domain::proofing::Ial;
use serde_json::json;

journey! {
    async fn the_past_is_told_with_the_rules_and_the_state_of_then(app: App) {
        let link = app.proxy("ben", "p1").await;
        app.pass(TimeDelta::hours(1));
        app.set_policy(|policy| policy.minimum_assurance = Ial::Ial2).await;
        app.pass(TimeDelta::hours(1));
        let path = format!("/v1/links/{link}/revoke");
        app.registrar().post(&path, json!({"reason": "safety"})).await.expect(200);
        app.pass(TimeDelta::hours(1));
        let reviewer = app.staff("reviewer", "here");
        let told = async |at: &str| {
            let told = reviewer.get(&format!("/v1/links/{link}/explain?at={at}")).await.expect(200);
            let status = told.body.pointer("/link/status").and_then(|word| word.as_str()).unwrap_or("").to_owned();
            (told.text("/recorded").to_owned(), told.body["live"].as_bool().unwrap(), status, told.body)
        };
        let (recorded, live, ..) = told("2026-03-01T11:59:59Z").await;
        assert_eq!((recorded.as_str(), live), ("not_yet_made", false));
        let (_, live, status, _) = told("2026-03-01T12:30:00Z").await;
        assert_eq!((live, status.as_str()), (true, "active"));
        let (_, live, status, body) = told("2026-03-01T13:30:00Z").await;
        assert_eq!((live, status.as_str(), &body["minimum_assurance"]), (false, "active", &json!("IAL2")));
        assert!(body["summary"].as_str().unwrap().contains("less than the IAL2"), "{body}");
        let (_, live, status, body) = told("2026-03-01T14:00:00Z").await;
        assert_eq!((live, status.as_str(), &body["link"]["reason"]), (false, "revoked", &json!("safety")));
        assert!(body["summary"].as_str().unwrap().contains("somebody's safety"), "{body}");
        let (_, live, status, _) = told("2030-01-01T00:00:00Z").await;
        assert_eq!((live, status.as_str()), (false, "revoked"));
        reviewer.get(&format!("/v1/links/{link}/explain?at=yesterday")).await.expect(400);
    }
}

journey! {
    async fn an_account_and_a_client_hear_less_than_staff(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let code = app.registrar().invites("p1").await.text("/code").to_owned();
        let link = app.person("anna").redeems(&code).await.expect(201).text("/link/id").to_owned();
        let path = format!("/v1/links/{link}/explain");
        let staff = app.registrar().get(&path).await.expect(200);
        let own = app.person("anna").get(&path).await.expect(200);
        let asked = client.get(&path).await.expect(200);
        for told in [&staff, &own, &asked] {
            assert_eq!(told.body["live"], true, "{}", told.body);
            assert!(told.text("/summary").contains("opens the record"), "{}", told.body);
        }
        assert_eq!((staff.text("/evidence/0/type"), own.text("/evidence/0/type")), ("code_redeemed", "code_redeemed"));
        assert!(asked.body["evidence"].is_null());
        app.person("ben").get(&path).await.expect(404);
        client.get(&format!("{path}?at=2026-01-01T00:00:00Z")).await.expect(403);
    }
}

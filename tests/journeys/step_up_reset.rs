//! An authenticator is reset by staff who know the person, and by nobody else.

use chrono::TimeDelta;
use kinlink_domain::{audit::Action, page::Page, store::AuditFilter};
use serde_json::{Value, json};

use crate::app::{App, Caller};

async fn enrolled(app: &App, caller: &Caller) -> String {
    let shown = caller.post("/v1/totp/enrol", json!({})).await.expect(201);
    let totp = totp_rs::Totp::from_url(shown.text("/otpauth_uri")).unwrap();
    let now = u64::try_from(app.fixture.ports.clock.now().timestamp()).unwrap();
    let code = totp.generate(now).to_string();
    let codes = caller.post("/v1/totp/confirm", json!({"code": code})).await.expect(200);
    app.pass(TimeDelta::seconds(30));
    let code = json!({"recovery_code": codes.text("/recovery_codes/0")});
    caller.post("/v1/totp/verify", code).await.expect(200);
    caller.get("/v1/totp").await.expect(200).text("/account").to_owned()
}

fn body(account: &str) -> Value {
    json!({"account": account, "proof": {"document": "passport", "reference": "desk 3"}})
}

async fn status(caller: &Caller) -> String {
    caller.get("/v1/totp").await.expect(200).text("/status").to_owned()
}

journey! {
    async fn a_patients_is_reset_by_reviewer_or_admin_with_proof_where_it_has_a_link(app: App) {
        let anna = app.person("anna");
        let account = enrolled(app, &anna).await;
        let reviewer = app.staff("reviewer", "here");
        let stranger = reviewer.post("/v1/totp/reset", body(&account)).await.expect(404);
        assert_eq!(stranger.problem(), "not-found");
        let code = app.registrar().invites("p1").await.text("/code").to_owned();
        anna.redeems(&code).await.expect(201);
        for role in ["registrar", "auditor"] {
            app.staff(role, "here").post("/v1/totp/reset", body(&account)).await.expect(403);
        }
        for role in ["reviewer", "admin"] {
            app.staff(role, "there").post("/v1/totp/reset", body(&account)).await.expect(404);
        }
        reviewer.post("/v1/totp/reset", json!({"account": account})).await.expect(400);
        anna.post("/v1/totp/reset", body(&account)).await.expect(403);
        assert_eq!(status(&anna).await, "active");

        let mails = "select count(*) from outbox_message";
        let before = app.fixture.database.count(mails).await;
        reviewer.post("/v1/totp/reset", body(&account)).await.expect(200);
        let known = anna.get("/v1/totp").await.expect(200);
        assert_eq!(known.text("/status"), "none");
        assert!(known.body["step_up_until"].is_null() && known.body["recovery_codes_left"] == 0);
        assert_eq!(app.fixture.database.count(mails).await, before + 1, "the owner is told");
        let again = reviewer.post("/v1/totp/reset", body(&account)).await.expect(409);
        assert_eq!(again.problem(), "authenticator-missing");

        let mut unit = app.fixture.begin().await;
        let filter = AuditFilter { action: Some(Action::TotpReset), ..AuditFilter::default() };
        let entries = unit.audit_entries(app.fixture.here.id, &filter, Page { after: None, limit: 9 }).await;
        let entries = entries.unwrap().items;
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0].entry.detail["document"], "passport");
        assert_eq!(entries[0].entry.detail["reference"], "desk 3");
    }
}

journey! {
    async fn a_staff_login_is_reset_by_another_admin_of_its_organization_only(app: App) {
        let clerk = app.staff("registrar", "here");
        let account = enrolled(app, &clerk).await;
        let code = app.registrar().invites("p1").await.text("/code").to_owned();
        clerk.redeems(&code).await.expect(201);
        app.staff("reviewer", "here").post("/v1/totp/reset", body(&account)).await.expect(403);
        app.staff("admin", "there").post("/v1/totp/reset", body(&account)).await.expect(404);
        assert_eq!(status(&clerk).await, "active");
        app.staff("admin", "here").post("/v1/totp/reset", body(&account)).await.expect(200);
        assert_eq!(status(&clerk).await, "none");
        let admin = app.staff("admin", "here");
        let own = enrolled(app, &admin).await;
        admin.post("/v1/totp/reset", body(&own)).await.expect(403);
    }
}

//! Authenticator apps and step-up, as a person, a thief and the staff meet them.

use chrono::{DateTime, TimeDelta, Utc};
use kinlink_domain::{
    organization::Organization,
    step_up::{StepUpPolicy, SteppedAct},
};
use serde_json::{Value, json};

use crate::app::{App, Caller, Reply};

/// What an app shows at a time, for a secret in base 32.
fn shown(secret: &str, at: DateTime<Utc>) -> String {
    let secret = totp_rs::Secret::try_from_base32(secret).unwrap();
    let totp = totp_rs::Builder::new().with_secret(secret).build().unwrap();
    totp.generate(u64::try_from(at.timestamp()).unwrap()).to_string()
}

pub(crate) fn code(app: &App, secret: &str, steps: i64) -> String {
    shown(secret, app.fixture.ports.clock.now() + TimeDelta::seconds(30 * steps))
}

/// Enrols and confirms; returns the secret and the recovery codes. The next code counts a step later.
async fn enrolled(app: &App, caller: &Caller) -> (String, Vec<String>) {
    let secret = caller.post("/v1/totp/enrol", json!({})).await.expect(201).text("/secret").to_owned();
    let confirmed = caller.post("/v1/totp/confirm", json!({"code": code(app, &secret, 0)})).await.expect(200);
    let codes = confirmed.body["recovery_codes"].as_array().unwrap();
    let codes: Vec<String> = codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect();
    app.pass(TimeDelta::seconds(30));
    (secret, codes)
}

async fn verify(caller: &Caller, body: Value) -> Reply {
    caller.post("/v1/totp/verify", body).await
}

/// A login that says nothing of when it was made, so that only a code helps.
fn timeless(app: &App, name: &str, role: Option<&str>) -> Caller {
    let roles = role.map(|role| json!({"here": [role]})).unwrap_or_default();
    app.with_token(app.idp.token(name, &json!({"auth_time": null, "roles": roles, "n": name.len()})).unwrap())
}

async fn asks_for(app: &App, acts: &[SteppedAct]) {
    let mut policy = app.fixture.here.policy.clone();
    policy.step_up = StepUpPolicy { acts: acts.iter().copied().collect(), ..StepUpPolicy::default() };
    let mut unit = app.fixture.begin().await;
    unit.update_organization(&Organization { policy, ..app.fixture.here.clone() }).await.unwrap();
    unit.save().await.unwrap();
}

journey! {
    async fn an_app_is_enrolled_confirmed_and_steps_up_one_token_for_a_while(app: App) {
        let anna = timeless(app, "anna", None);
        assert_eq!(anna.get("/v1/totp").await.expect(200).text("/status"), "none");
        assert_eq!(verify(&anna, json!({"code": "000000"})).await.expect(409).problem(), "authenticator-missing");
        let shown = anna.post("/v1/totp/enrol", json!({})).await.expect(201);
        assert_eq!(shown.headers["cache-control"], "no-store");
        assert!(shown.text("/otpauth_uri").contains(shown.text("/secret")));
        assert!(shown.text("/qr_svg").contains("<svg") && shown.text("/qr_png").starts_with("iVBOR"));
        assert_eq!(anna.get("/v1/totp").await.expect(200).text("/status"), "pending");
        let secret = shown.text("/secret").to_owned();
        assert_eq!(verify(&anna, json!({"code": code(app, &secret, 0)})).await.expect(409).problem(), "authenticator-missing");
        let first = json!({"code": code(app, &secret, 0)});
        let confirmed = anna.post("/v1/totp/confirm", first.clone()).await.expect(200);
        assert_eq!(confirmed.body["recovery_codes"].as_array().unwrap().len(), 10);
        assert_eq!(verify(&anna, first).await.expect(422).problem(), "authenticator-code-not-accepted");
        app.pass(TimeDelta::seconds(30));
        let now = app.fixture.ports.clock.now();
        let stepped = verify(&anna, json!({"code": code(app, &secret, 0)})).await.expect(200);
        let until: DateTime<Utc> = stepped.text("/step_up_until").parse().unwrap();
        assert_eq!(until, now + TimeDelta::minutes(10));
        let known = anna.get("/v1/totp").await.expect(200);
        assert_eq!((known.text("/status"), known.text("/step_up_until").parse().unwrap()), ("active", until));
        for secret_thing in [secret.as_str(), "otpauth"] {
            assert!(!known.body.to_string().contains(secret_thing));
        }
        let other = app.person("anna").get("/v1/totp").await.expect(200);
        assert!(other.body["step_up_until"].is_null(), "another token of the same person");
        app.pass(TimeDelta::minutes(10));
        assert!(anna.get("/v1/totp").await.expect(200).body["step_up_until"].is_null());
        app.fixture.reseals(&["authenticator"]).await;
    }
}

journey! {
    async fn codes_count_within_one_step_of_drift_once_and_never_backwards(app: App) {
        let anna = app.person("anna");
        let (secret, _) = enrolled(app, &anna).await;
        app.pass(TimeDelta::minutes(5));
        let mut tries = Vec::new();
        for steps in [-2, 2, -1, -1, 1, 0] {
            tries.push(verify(&anna, json!({"code": code(app, &secret, steps)})).await.status);
        }
        // Two steps off; one late; the same again; one early; the present one, older than the last accepted.
        assert_eq!(tries, [422, 422, 200, 422, 200, 422]);
    }
}

journey! {
    async fn a_code_sent_twice_at_once_counts_once(app: App) {
        let anna = app.person("anna");
        let (secret, recovery) = enrolled(app, &anna).await;
        for body in [json!({"code": code(app, &secret, 0)}), json!({"recovery_code": recovery[0]})] {
            let mut race = tokio::task::JoinSet::new();
            for _ in 0..5 {
                let (racer, body) = (anna.clone(), body.clone());
                race.spawn(async move { verify(&racer, body).await.status });
            }
            let statuses = race.join_all().await;
            assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
            app.pass(TimeDelta::minutes(16));
        }
    }
}

journey! {
    async fn five_wrong_codes_lock_until_the_clock_says_so_and_typing_errors_do_not_count(app: App) {
        let anna = app.person("anna");
        let (secret, recovery) = enrolled(app, &anna).await;
        for _ in 0..10 {
            verify(&anna, json!({"code": "12345"})).await.expect(422);
            verify(&anna, json!({"recovery_code": "AAAA-AAAA-AAAB"})).await.expect(422);
        }
        let wrong = if code(app, &secret, 0) == "000000" { "000001" } else { "000000" };
        for _ in 0..5 {
            let refused = verify(&anna, json!({"code": wrong})).await.expect(422);
            assert_eq!(refused.problem(), "authenticator-code-not-accepted");
        }
        for body in [json!({"code": code(app, &secret, 0)}), json!({"recovery_code": recovery[0]})] {
            let locked = verify(&anna, body).await.expect(429);
            assert_eq!(locked.problem(), "too-many-attempts");
            assert_eq!(locked.headers["retry-after"], "900");
        }
        app.pass(TimeDelta::seconds(899));
        verify(&anna, json!({"code": code(app, &secret, 0)})).await.expect(429);
        app.pass(TimeDelta::seconds(1));
        verify(&anna, json!({"code": code(app, &secret, 0)})).await.expect(200);
    }
}

journey! {
    async fn what_is_not_confirmed_in_time_is_void_and_the_present_one_needs_a_code_to_be_replaced(app: App) {
        let anna = timeless(app, "anna", None);
        let late = anna.post("/v1/totp/enrol", json!({})).await.expect(201).text("/secret").to_owned();
        app.pass(TimeDelta::minutes(15));
        let refused = anna.post("/v1/totp/confirm", json!({"code": code(app, &late, 0)})).await.expect(409);
        assert_eq!(refused.problem(), "authenticator-missing");
        let (old, recovery) = enrolled(app, &anna).await;
        let refused = anna.post("/v1/totp/enrol", json!({})).await.expect(422);
        assert_eq!(refused.problem(), "authenticator-code-needed");
        let with = json!({"code": code(app, &old, 0)});
        let new = anna.post("/v1/totp/enrol", with).await.expect(201).text("/secret").to_owned();
        app.pass(TimeDelta::seconds(30));
        verify(&anna, json!({"code": code(app, &old, 0)})).await.expect(200);
        anna.post("/v1/totp/confirm", json!({"code": code(app, &new, 0)})).await.expect(200);
        assert!(anna.get("/v1/totp").await.expect(200).body["step_up_until"].is_null(), "the old app's word");
        app.pass(TimeDelta::seconds(30));
        verify(&anna, json!({"code": code(app, &old, 0)})).await.expect(422);
        verify(&anna, json!({"recovery_code": recovery[0]})).await.expect(422);
        verify(&anna, json!({"code": code(app, &new, 0)})).await.expect(200);
    }
}

journey! {
    async fn a_recovery_code_counts_once_and_is_another_accounts_for_nothing(app: App) {
        let (anna, ben) = (app.person("anna"), app.person("ben"));
        let (_, recovery) = enrolled(app, &anna).await;
        enrolled(app, &ben).await;
        verify(&ben, json!({"recovery_code": recovery[1]})).await.expect(422);
        verify(&anna, json!({"recovery_code": recovery[1].to_lowercase().replace('-', " ")})).await.expect(200);
        verify(&anna, json!({"recovery_code": recovery[1]})).await.expect(422);
        let left = anna.get("/v1/totp").await.expect(200);
        assert_eq!(left.body["recovery_codes_left"], 9);
        anna.post("/v1/totp/enrol", json!({"recovery_code": recovery[2]})).await.expect(201);
    }
}

journey! {
    async fn a_stale_token_cannot_enrol_the_first_app(app: App) {
        let hour_ago = app.fixture.ports.clock.now().timestamp() - 3600;
        let stale = app.with_token(app.idp.token("anna", &json!({"auth_time": hour_ago})).unwrap());
        let refused = stale.post("/v1/totp/enrol", json!({})).await.expect(401);
        assert_eq!(refused.problem(), "step-up-required");
        app.person("anna").post("/v1/totp/enrol", json!({})).await.expect(201);
    }
}

journey! {
    async fn an_act_that_policy_names_wants_a_code_a_fresh_login_or_is_refused_as_rfc_9470_says(app: App) {
        let linked = app.registrar().invites("p1").await;
        let link = app.person("anna").redeems(linked.text("/code")).await.expect(201).text("/link/id").to_owned();
        asks_for(app, &[SteppedAct::LinkRevokeByStaff, SteppedAct::InvitationIssue]).await;
        let staff = timeless(app, "admin", Some("admin"));
        let path = format!("/v1/links/{link}/revoke");
        let end = json!({"reason": "staff_error"});
        let refused = staff.post(&path, end.clone()).await.expect(401);
        assert_eq!(refused.problem(), "step-up-required");
        assert_eq!(
            refused.headers["www-authenticate"],
            "Bearer error=\"insufficient_user_authentication\", \
             error_description=\"More proof of who acts is needed\", max_age=\"300\""
        );
        assert!(refused.text("/detail").contains("/v1/totp/enrol"));
        let proven = json!({"patient": {"id": "p2"}, "channel": "in_person", "proof": [{"type": "document_seen", "document": "passport"}]});
        staff.post("/v1/invitations", proven.clone()).await.expect(401);
        staff.invites("p2").await;

        let (secret, _) = enrolled(app, &staff).await;
        verify(&staff, json!({"code": code(app, &secret, 0)})).await.expect(200);
        let stolen = app.with_token(app.idp.token("admin", &json!({"auth_time": null, "roles": {"here": ["admin"]}, "jti": "2"})).unwrap());
        assert!(stolen.post(&path, end.clone()).await.expect(401).text("/detail").contains("/v1/totp/verify"));
        app.pass(TimeDelta::minutes(10));
        staff.post(&path, end.clone()).await.expect(401);
        app.pass(TimeDelta::minutes(10));
        let again = timeless(app, "admin", Some("admin"));
        verify(&again, json!({"code": code(app, &secret, 0)})).await.expect(200);
        again.post("/v1/invitations", proven.clone()).await.expect(201);
        again.post(&path, end).await.expect(200);
        app.registrar().post("/v1/invitations", proven).await.expect(201);
    }
}

journey! {
    async fn the_account_that_owns_a_link_ends_it_without_a_code(app: App) {
        asks_for(app, &[SteppedAct::LinkRevokeByStaff]).await;
        let code = app.registrar().invites("p1").await.text("/code").to_owned();
        let anna = timeless(app, "anna", None);
        let link = anna.redeems(&code).await.expect(201).text("/link/id").to_owned();
        anna.post(&format!("/v1/links/{link}/revoke"), json!({"reason": "not_me"})).await.expect(200);
    }
}

mod lambda;
mod pool;

use kinlink_domain::connection::{Server, Unasked, WithoutRecord};
use serde_json::{Value, json};

use super::stage::{connect, only_its_client_may_ask, own, reconfigure, settings};
use crate::app::App;

/// As in Amazon's guide, event version 2. The test's provider stands in for the pool: its path is the pool's id.
fn request(sub: &str) -> Value {
    json!({
        "version": "2",
        "triggerSource": "TokenGeneration_HostedAuth",
        "region": "us-east-1",
        "userPoolId": "idp",
        "userName": "casey",
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": "app-1"},
        "request": {
            "userAttributes": {"sub": sub, "cognito:user_status": "CONFIRMED", "email": "casey@pool.example"},
            "groupConfiguration": {"groupsToOverride": [], "iamRolesToOverride": [], "preferredRole": null},
            "scopes": ["openid", "patient/Observation.rs", "user/*.rs"],
        },
        "response": {"claimsAndScopeOverrideDetails": null},
    })
}

async fn linked(app: &App, sub: &str) {
    let code = app.registrar().invites("p1").await.text("/code").to_owned();
    app.person(sub).redeems(&code).await.expect(201);
}

journey! {
    async fn the_events_response_for_a_patient_and_for_nobody(app: App) {
        let it = connect(app, settings(Server::Cognito, app.idp.issuer())).await;
        linked(app, "casey").await;
        let claims = json!({"fhirUser": "https://fhir.here.example/r4/Patient/p1", "patient": "p1"});
        let answer = it.asks(&request("casey")).await.expect(200);
        assert_eq!(answer.body, json!({"claimsAndScopeOverrideDetails": {
            "idTokenGeneration": {"claimsToAddOrOverride": claims, "claimsToSuppress": []},
            "accessTokenGeneration": {
                "claimsToAddOrOverride": claims, "claimsToSuppress": [],
                "scopesToAdd": ["patient/Observation.rs"], "scopesToSuppress": ["user/*.rs"],
            },
        }}));
        let nobody = it.asks(&request("nobody")).await.expect(200);
        let suppressed = json!(["fhirUser", "patient"]);
        assert_eq!(nobody.body, json!({"claimsAndScopeOverrideDetails": {
            "idTokenGeneration": {"claimsToAddOrOverride": {}, "claimsToSuppress": suppressed},
            "accessTokenGeneration": {
                "claimsToAddOrOverride": {}, "claimsToSuppress": suppressed,
                "scopesToAdd": [], "scopesToSuppress": ["patient/Observation.rs", "user/*.rs"],
            },
        }}));
        only_its_client_may_ask(app, &it, &request("casey")).await;
    }
}

journey! {
    async fn another_pool_version_or_app_gets_no_record(app: App) {
        let it = connect(app, settings(Server::Cognito, app.idp.issuer())).await;
        linked(app, "casey").await;
        for (member, value) in [("userPoolId", "us-east-1_OTHER"), ("version", "1")] {
            let mut asked = request("casey");
            asked[member] = json!(value);
            it.asks(&asked).await.expect(422);
        }
        reconfigure(app, &it, |settings| settings.apps = vec!["app-2".into()]).await;
        assert_eq!(it.asks(&request("casey")).await.expect(200).body, json!({}));
        reconfigure(app, &it, |settings| {
            settings.without_record = WithoutRecord::Refuse;
            settings.subject = Some(kinlink_domain::issuer::ClaimPath::parse("userName").unwrap());
        }).await;
        it.asks(&request("00000000-0000")).await.expect(200);
        own(app, "unrelated", "p2").await;
        let mut asked = request("casey");
        asked["userName"] = json!("nobody");
        it.asks(&asked).await.expect(403);
    }
}

/// What both tokens lose, and the access token of its scopes.
fn suppressed(answer: &Value) -> (&Value, &Value, &Value) {
    let details = &answer["claimsAndScopeOverrideDetails"];
    let access = &details["accessTokenGeneration"];
    (
        &details["idTokenGeneration"]["claimsToSuppress"],
        &access["claimsToSuppress"],
        &access["scopesToSuppress"],
    )
}

journey! {
    async fn a_user_without_what_names_the_account_loses_what_was_set_by_hand(app: App) {
        let it = connect(app, settings(Server::Cognito, app.idp.issuer())).await;
        linked(app, "casey").await;
        reconfigure(app, &it, |settings| {
            let path = "request.userAttributes.hospital_id";
            settings.subject = Some(kinlink_domain::issuer::ClaimPath::parse(path).unwrap());
            settings.claims = vec!["patient=custom:patient".parse().unwrap()];
        }).await;
        // `fhirUser` and `patient` are what the claims were called before.
        let names = json!(["custom:patient", "fhirUser", "patient"]);
        let scopes = json!(["patient/Observation.rs", "user/*.rs"]);
        for wrong in [json!(null), json!(7), json!("")] {
            let mut asked = request("casey");
            asked["request"]["userAttributes"]["hospital_id"] = wrong;
            let answer = it.asks(&asked).await.expect(200).body;
            assert_eq!(suppressed(&answer), (&names, &names, &scopes));
        }
        let mut itself = request("casey");
        itself["triggerSource"] = json!("TokenGeneration_ClientCredentials");
        assert_eq!(it.asks(&itself).await.expect(200).body, json!({}), "nobody is logged in");
    }
}

journey! {
    async fn a_user_pool_has_no_scope_for_the_user_who_is_told_with_the_patient(app: App) {
        let it = connect(app, settings(Server::Cognito, app.idp.issuer())).await;
        linked(app, "casey").await;
        let mut asked = request("casey");
        asked["request"]["scopes"] = json!(["openid"]);
        let names = json!(["fhirUser", "patient"]);
        let answer = it.asks(&asked).await.expect(200).body;
        assert_eq!(suppressed(&answer), (&names, &names, &json!([])));
        asked["request"]["scopes"] = json!(["openid", "launch/patient"]);
        let answer = it.asks(&asked).await.expect(200).body;
        assert_eq!(suppressed(&answer), (&json!([]), &json!([]), &json!([])));
        asked["request"]["scopes"] = json!(["aws.cognito.signin.user.admin"]);
        reconfigure(app, &it, |settings| settings.unasked = Unasked::Give).await;
        let answer = it.asks(&asked).await.expect(200).body;
        assert_eq!(suppressed(&answer), (&json!([]), &json!([]), &json!([])));
    }
}

journey! {
    async fn without_a_record_scopes_that_nobody_tells_are_not_issued(app: App) {
        let it = connect(app, settings(Server::Cognito, app.idp.issuer())).await;
        linked(app, "casey").await;
        for (sub, status) in [("casey", 200), ("nobody", 403)] {
            let mut asked = request(sub);
            asked["request"].as_object_mut().unwrap().remove("scopes");
            it.asks(&asked).await.expect(status);
        }
    }
}

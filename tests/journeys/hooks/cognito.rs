mod lambda;
mod pool;

use kinlink_domain::connection::{Server, WithoutRecord};
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

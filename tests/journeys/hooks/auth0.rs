mod action;

use kinlink_domain::connection::{Server, WithoutRecord};
use serde_json::{Value, json};

use super::stage::{ISS, connect, link, only_its_client_may_ask, own, proxy, reconfigure, revoke, settings};

/// What the Action of docs/connect/auth0.md posts.
fn request(user: &str) -> Value {
    json!({
        "user": {"user_id": user},
        "client": {"client_id": "app-1"},
        "transaction": {"requested_scopes": ["openid", "fhirUser", "patient/*.rs"], "protocol": "oidc-basic-profile"},
    })
}

journey! {
    async fn a_patient_gets_claims_and_nothing_is_taken(app: App) {
        let it = connect(app, settings(Server::Auth0, ISS)).await;
        let id = own(app, "auth0|1", "p1").await;
        let answer = it.asks(&request("auth0|1")).await.expect(200);
        assert_eq!(answer.body, json!({
            "claims": {"fhirUser": "https://fhir.here.example/r4/Patient/p1", "patient": "p1"},
            "removeScopes": [], "addScopes": ["patient/*.rs"], "deny": null, "link": id, "several": false,
        }));
        only_its_client_may_ask(app, &it, &request("auth0|1")).await;
        reconfigure(app, &it, |settings| settings.apps = vec!["app-2".into()]).await;
        let other = it.asks(&request("auth0|1")).await.expect(200);
        assert_eq!(other.body, json!({
            "claims": {}, "removeScopes": [], "addScopes": [], "deny": null, "link": null, "several": false,
        }));
    }
}

journey! {
    async fn scopes_are_cut_to_the_link_and_to_nothing_without_one(app: App) {
        let it = connect(app, settings(Server::Auth0, ISS)).await;
        let id = link(app, "auth0|1", "p1", proxy("PRN"), "patient/Observation.rs").await;
        let answer = it.asks(&request("auth0|1")).await.expect(200);
        assert_eq!(answer.body["removeScopes"], json!(["patient/*.rs"]));
        assert_eq!(answer.body["addScopes"], json!(["patient/Observation.rs"]));
        revoke(app, id).await;
        let over = it.asks(&request("auth0|1")).await.expect(200);
        assert_eq!(over.body, json!({
            "claims": {}, "removeScopes": ["patient/*.rs"], "addScopes": [], "deny": null, "link": null, "several": false,
        }));
        reconfigure(app, &it, |settings| settings.without_record = WithoutRecord::Refuse).await;
        let denied = it.asks(&request("auth0|1")).await.expect(200);
        assert_eq!(denied.text("/deny"), "this login opens no patient record");
    }
}

journey! {
    async fn a_user_without_what_names_the_account_is_somebody_without_a_record(app: App) {
        let it = connect(app, settings(Server::Auth0, ISS)).await;
        own(app, "7", "p1").await;
        reconfigure(app, &it, |settings| {
            let path = "user.app_metadata.hospital_id";
            settings.subject = Some(kinlink_domain::issuer::ClaimPath::parse(path).unwrap());
        }).await;
        let mut asked = request("auth0|1");
        for wrong in [json!({}), json!({"hospital_id": 7}), json!({"hospital_id": ""})] {
            asked["user"]["app_metadata"] = wrong;
            let answer = it.asks(&asked).await.expect(200);
            assert_eq!((&answer.body["claims"], &answer.body["removeScopes"]), (&json!({}), &json!(["patient/*.rs"])));
        }
        asked["user"]["app_metadata"] = json!({"hospital_id": "7"});
        assert_eq!(it.asks(&asked).await.expect(200).text("/claims/patient"), "p1");
    }
}

journey! {
    async fn at_a_refresh_whose_scopes_nobody_knows_only_a_record_gets_a_token(app: App) {
        let it = connect(app, settings(Server::Auth0, ISS)).await;
        own(app, "auth0|1", "p1").await;
        let refresh = |user: &str, scopes: Value| {
            let mut asked = request(user);
            asked["transaction"] = json!({"protocol": "oauth2-refresh-token", "requested_scopes": scopes});
            asked
        };
        for unknown in [json!(null), json!([])] {
            let answer = it.asks(&refresh("auth0|1", unknown.clone())).await.expect(200);
            assert_eq!((answer.text("/claims/patient"), &answer.body["deny"]), ("p1", &json!(null)));
            let denied = it.asks(&refresh("nobody", unknown)).await.expect(200);
            assert_eq!(denied.text("/deny"), "this login opens no patient record");
        }
        let known = it.asks(&refresh("nobody", json!(["openid", "patient/*.rs"]))).await.expect(200);
        assert_eq!((&known.body["deny"], &known.body["removeScopes"]), (&json!(null), &json!(["patient/*.rs"])));
        let mut login = request("nobody");
        login["transaction"]["requested_scopes"] = json!([]);
        assert_eq!(it.asks(&login).await.expect(200).body["deny"], json!(null), "a login asks for nothing");
    }
}

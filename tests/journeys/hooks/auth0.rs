mod action;

use kinlink_domain::connection::{Server, WithoutRecord};
use serde_json::{Value, json};

use super::stage::{ISS, connect, link, only_its_client_may_ask, own, proxy, reconfigure, revoke, settings};

/// What the Action of docs/connect/auth0.md posts.
fn request(user: &str) -> Value {
    json!({
        "user": {"user_id": user},
        "client": {"client_id": "app-1"},
        "transaction": {"requested_scopes": ["openid", "patient/*.rs"], "protocol": "oidc-basic-profile"},
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

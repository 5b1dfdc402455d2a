use kinlink_domain::{
    connection::{Server, Several},
    fhir_user::UrlForm,
};
use serde_json::{Value, json};

use super::stage::{ISS, connect, link, only_its_client_may_ask, own, proxy, reconfigure, revoke, settings};

/// What the functions of docs/connect/oidc-provider.md post.
fn request(account: &str) -> Value {
    json!({
        "accountId": account, "clientId": "app-1",
        "scope": "openid fhirUser launch/patient patient/*.read offline_access",
    })
}

journey! {
    async fn a_patient_gets_claims_and_the_scope_and_nobody_a_login_without_a_record(app: App) {
        let it = connect(app, settings(Server::OidcProvider, ISS)).await;
        reconfigure(app, &it, |settings| settings.fhir_user = UrlForm::Relative).await;
        own(app, "anna", "p1").await;
        let answer = it.asks(&request("anna")).await.expect(200);
        assert_eq!(answer.body, json!({
            "claims": {"fhirUser": "Patient/p1", "patient": "p1"},
            "scope": "openid fhirUser launch/patient patient/*.read offline_access",
            "refuse": null,
            "tokenResponse": {"patient": "p1", "need_patient_banner": false},
        }));
        let nobody = it.asks(&request("nobody")).await.expect(200);
        assert_eq!(nobody.body, json!({
            "claims": {}, "scope": "openid fhirUser offline_access", "refuse": null, "tokenResponse": null,
        }));
        only_its_client_may_ask(app, &it, &request("anna")).await;
    }
}

journey! {
    async fn the_picked_link_decides_and_somebody_elses_does_not(app: App) {
        let it = connect(app, settings(Server::OidcProvider, ISS)).await;
        reconfigure(app, &it, |settings| settings.several = Several::Picker).await;
        own(app, "anna", "p1").await;
        let child = link(app, "anna", "p2", proxy("MTH"), "patient/Observation.rs").await;
        let foreign = own(app, "ben", "p3").await;
        let mut asked = request("anna");
        asked["link"] = json!(child);
        let answer = it.asks(&asked).await.expect(200);
        assert_eq!(answer.text("/claims/patient"), "p2");
        let related = format!("{}/fhir/here/RelatedPerson/{}", app.url, child.uuid());
        assert_eq!(answer.body["tokenResponse"], json!({
            "patient": "p2", "need_patient_banner": true,
            "fhirContext": [{
                "identifier": {"system": "urn:ietf:rfc:3986", "value": related}, "type": "RelatedPerson",
                "role": "https://kinlink.dev/fhir/role/acts-as",
            }],
        }));
        assert_eq!(answer.text("/scope"), "openid fhirUser launch/patient patient/Observation.read offline_access");
        revoke(app, child).await;
        let over = it.asks(&asked).await.expect(200);
        assert_eq!((&over.body["claims"], &over.body["tokenResponse"]), (&json!({}), &json!(null)));
        asked["link"] = json!(foreign);
        assert_eq!(it.asks(&asked).await.expect(200).body["claims"], json!({}));
    }
}

journey! {
    async fn an_app_gets_what_its_scopes_ask_for(app: App) {
        let it = connect(app, settings(Server::OidcProvider, ISS)).await;
        own(app, "anna", "p1").await;
        let user = json!({"fhirUser": "https://fhir.here.example/r4/Patient/p1"});
        let beside = json!({"patient": "p1", "need_patient_banner": false});
        for (scope, claims, token_response) in [
            (json!("openid offline_access"), json!({}), json!({})),
            (json!(null), json!({}), json!({})),
            (json!("openid fhirUser"), user, json!({})),
            (json!("openid launch/patient"), json!({"patient": "p1"}), beside),
        ] {
            let mut asked = request("anna");
            asked["scope"] = scope.clone();
            let answer = it.asks(&asked).await.expect(200).body;
            assert_eq!(answer, json!({
                "claims": claims, "scope": scope, "refuse": null, "tokenResponse": token_response,
            }));
        }
        let mut unnamed = request("anna");
        unnamed["accountId"] = json!("");
        let nobody = it.asks(&unnamed).await.expect(200);
        assert_eq!((&nobody.body["claims"], nobody.text("/scope")), (&json!({}), "openid fhirUser offline_access"));
    }
}

//! The function that docs/connect/cognito.md shows, run in a double of Cognito.

use kinlink_domain::connection::{Server, WithoutRecord};
use serde_json::{Value, json};

use super::{linked, request};
use crate::{
    hooks::stage::{Connected, connect, reconfigure, settings},
    process::{Process, code_of},
};

/// A user pool with the function as its trigger.
struct Pool(Process);

impl Pool {
    async fn of(url: &str, it: &Connected) -> Self {
        let page = include_str!("../../../../docs/connect/cognito.md");
        let code = code_of(page, "export const handler");
        let environment = json!({"KINLINK_URL": format!("{url}{}", it.url), "KINLINK_KEY": it.client.token});
        let mut node = Process::node("cognito.js");
        assert_eq!(node.tell(&json!({"code": code, "environment": environment})).await["ready"], "function");
        Self(node)
    }

    /// The tokens of somebody for whom the pool itself would write these claims.
    async fn issues(&mut self, sub: &str, attributes: Value) -> Value {
        self.0.tell(&json!({"event": request(sub), "attributes": attributes})).await
    }
}

journey! {
    async fn both_tokens_get_the_claims_and_what_was_set_by_hand_does_not_outlive_the_link(app: App) {
        let it = connect(app, settings(Server::Cognito, app.idp.issuer())).await;
        linked(app, "casey").await;
        let mut pool = Pool::of(&app.url, &it).await;
        let claims = json!({"fhirUser": "https://fhir.here.example/r4/Patient/p1", "patient": "p1"});
        let issued = pool.issues("casey", json!({"patient": "stale"})).await;
        assert_eq!((&issued["id"], &issued["access"]), (&claims, &claims), "{issued}");
        assert_eq!(issued["scope"], "openid patient/Observation.rs");
        let nobody = pool.issues("nobody", json!({"patient": "stale", "name": "Casey"})).await;
        assert_eq!((&nobody["id"], &nobody["access"]), (&json!({"name": "Casey"}), &json!({})), "{nobody}");
        assert_eq!(nobody["scope"], "openid");
        reconfigure(app, &it, |settings| settings.without_record = WithoutRecord::Refuse).await;
        let refused = pool.issues("nobody", json!({})).await;
        assert_eq!(refused["refused"], "It could not be decided which records this login opens.");
        pool.0.end().await;
    }
}

journey! {
    async fn while_kinlink_is_away_the_function_fails(app: App) {
        let it = connect(app, settings(Server::Cognito, app.idp.issuer())).await;
        linked(app, "casey").await;
        let mut pool = Pool::of("http://127.0.0.1:1", &it).await;
        let refused = pool.issues("casey", json!({})).await;
        assert!(refused["refused"].is_string() && refused["access"].is_null(), "{refused}");
        pool.0.end().await;
    }
}

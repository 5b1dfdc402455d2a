//! The function that docs/connect/cognito.md shows, run as the Lambda of a user pool of ministack: an implementation of
//! Cognito that we did not write, with its hosted page, its code flow, its refresh and its tokens.

use kinlink_domain::{
    account::{AccountKey, Iss, Sub},
    connection::{Server, WithoutRecord},
    id::{AccountId, LinkId},
    link::LinkRole,
};
use serde_json::{Value, json};

use crate::{
    app::App,
    hooks::stage::{Connected, connect, link_of, reconfigure, revoke, settings},
    process::{Process, code_of},
};

struct Pool {
    process: Process,
    issuer: String,
    app: String,
}

impl Pool {
    async fn new() -> Self {
        let page = include_str!("../../../../docs/connect/cognito.md");
        let mut process = Process::python("cognito_pool.py");
        let made = process.tell(&json!({"code": code_of(page, "export const handler")})).await;
        let text = |member: &str| made[member].as_str().unwrap().to_owned();
        Self { issuer: text("issuer"), app: text("app"), process }
    }

    /// A connection for it, and the function as its trigger, which reaches Kinlink here.
    async fn connected(&mut self, app: &App) -> Connected {
        let mut settings = settings(Server::Cognito, &self.issuer);
        settings.apps = vec![self.app.clone()];
        let it = connect(app, settings).await;
        self.triggered(&format!("{}{}", app.url, it.url), &it.client.token).await;
        it
    }

    async fn triggered(&mut self, url: &str, key: &str) {
        self.process.tell(&json!({"trigger": {"KINLINK_URL": url, "KINLINK_KEY": key}})).await;
    }

    /// A user of the pool, and their account at Kinlink.
    async fn user(&mut self, app: &App, name: &str) -> AccountId {
        let made = self.process.tell(&json!({"user": name})).await;
        let key = AccountKey {
            iss: Iss::parse(&self.issuer).unwrap(),
            sub: Sub::parse(made["sub"].as_str().unwrap()).unwrap(),
        };
        let mut unit = app.begin().await;
        let account = unit.ensure_account(&key, app.fixture.ports.clock.now()).await.unwrap();
        unit.save().await.unwrap();
        account.id
    }

    async fn login(&mut self, name: &str) -> Value {
        self.process.tell(&json!({"login": name})).await
    }

    async fn refresh(&mut self, tokens: &Value) -> Value {
        self.process.tell(&json!({"refresh": tokens["refresh_token"]})).await
    }
}

async fn opens(app: &App, account: AccountId, patient: &str) -> LinkId {
    let here = app.fixture.here.id;
    link_of(app, account, here, patient, LinkRole::SelfRole, "patient/Observation.rs").await
}

/// `patient` and `fhirUser` of one of the tokens.
fn told<'t>(tokens: &'t Value, which: &str) -> (&'t Value, &'t Value) {
    (&tokens[which]["patient"], &tokens[which]["fhirUser"])
}

fn scopes(tokens: &Value) -> Vec<&str> {
    let mut scopes: Vec<_> = tokens["access"]["scope"].as_str().unwrap().split(' ').collect();
    scopes.sort_unstable();
    scopes
}

journey! {
    async fn a_login_at_a_user_pool_opens_the_record_of_its_link_until_that_ends(app: App) {
        let mut pool = Pool::new().await;
        let it = pool.connected(app).await;
        let casey = pool.user(app, "casey").await;
        let nobody = pool.login("casey").await;
        for which in ["id", "access"] {
            assert_eq!(told(&nobody, which), (&Value::Null, &Value::Null), "{nobody}");
        }
        assert_eq!(scopes(&nobody), ["openid"], "a login without a record works, and opens nothing");

        let link = opens(app, casey, "p1").await;
        let tokens = pool.login("casey").await;
        for which in ["id", "access"] {
            let record = (&json!("p1"), &json!("https://fhir.here.example/r4/Patient/p1"));
            assert_eq!(told(&tokens, which), record, "{tokens}");
        }
        assert_eq!(scopes(&tokens), ["openid", "patient/Observation.rs"]);

        revoke(app, link).await;
        let refreshed = pool.refresh(&tokens).await;
        for which in ["id", "access"] {
            assert_eq!(told(&refreshed, which), (&Value::Null, &Value::Null), "{refreshed}");
        }
        assert_eq!(scopes(&refreshed), ["openid"], "what the user agreed to before does not count any more");

        reconfigure(app, &it, |settings| settings.without_record = WithoutRecord::Refuse).await;
        assert!(pool.login("casey").await["refused"].is_number());
        pool.process.end().await;
    }
}

journey! {
    async fn a_user_pool_that_cannot_reach_kinlink_issues_no_token(app: App) {
        let mut pool = Pool::new().await;
        let it = pool.connected(app).await;
        let casey = pool.user(app, "casey").await;
        opens(app, casey, "p1").await;
        assert_eq!(pool.login("casey").await["access"]["patient"], "p1");
        pool.triggered(&format!("{}{}", app.url, it.url), "klk_nonsense").await;
        assert!(pool.login("casey").await["refused"].is_number(), "with a key that is not accepted");
        pool.triggered("http://127.0.0.1:1", &it.client.token).await;
        assert!(pool.login("casey").await["refused"].is_number());
        pool.process.end().await;
    }
}

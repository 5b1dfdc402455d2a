//! The Action that docs/connect/auth0.md shows, run in a double of Auth0.

use kinlink_domain::{
    connection::{ReturnUrl, Server, Several, WithoutRecord},
    id::LinkId,
    port::Clock,
};
use kinlink_vault::SystemClock;
use serde_json::{Value, json};

use crate::{
    app::App,
    browser::Browser,
    hooks::stage::{Connected, ISS, connect, link, own, proxy, reconfigure, revoke, settings},
    process::{Process, code_of},
};

const HOST: &str = "tenant.auth0.example";
const UNDECIDED: &str = "It could not be decided which records this login opens. Please try again.";

/// A tenant of Auth0 with the Action in its login flow.
struct Tenant(Process);

async fn connected(app: &App) -> Connected {
    // Auth0 has a clock of its own.
    app.pass(SystemClock.now() - app.fixture.ports.clock.now());
    let mut chosen = settings(Server::Auth0, ISS);
    chosen.several = Several::Picker;
    chosen.return_urls = vec![ReturnUrl::parse(&format!("https://{HOST}/continue")).unwrap()];
    connect(app, chosen).await
}

impl Tenant {
    async fn of(app: &App, it: &Connected) -> Self {
        Self::with(&json!({
            "KINLINK_URL": format!("{}{}", app.url, it.url),
            "KINLINK_CLIENT": it.connection.client,
            "KINLINK_KEY": it.client.token,
        }))
        .await
    }

    async fn with(secrets: &Value) -> Self {
        let page = include_str!("../../../../docs/connect/auth0.md");
        let code = code_of(page, "const { createRemoteJWKSet");
        let mut node = Process::node("auth0.js");
        let ready = node.tell(&json!({"code": code, "secrets": secrets, "hostname": HOST})).await;
        assert_eq!(ready["ready"], json!(["onExecutePostLogin", "onContinuePostLogin"]));
        Self(node)
    }

    async fn login(&mut self, user: &str, prompt: &[&str]) -> Value {
        let scopes = ["openid", "fhirUser", "offline_access", "patient/*.rs"];
        self.asks(user, &scopes, prompt).await
    }

    async fn asks(&mut self, user: &str, scopes: &[&str], prompt: &[&str]) -> Value {
        let login = json!({"user": user, "client": "app-1", "scopes": scopes, "prompt": prompt});
        self.0.tell(&json!({"login": login})).await
    }

    async fn comes_back(&mut self, url: &str) -> Value {
        self.0.tell(&json!({"comesBack": url})).await
    }

    async fn refreshes(&mut self, issued: &Value, remembers: bool) -> Value {
        let refresh = json!({"refreshToken": issued["refreshToken"], "remembers": remembers});
        self.0.tell(&json!({"refresh": refresh})).await
    }
}

/// Where a browser goes from the picker that it was sent to.
async fn picks(app: &App, sent: &Value, choice: &str) -> String {
    let url = sent["redirect"].as_str().unwrap_or_else(|| panic!("not sent anywhere: {sent}"));
    let path = url.strip_prefix(&app.url).unwrap();
    let browser = Browser::new(app);
    browser.get(path).await.expect(200).says("Whose record do you want to open?");
    browser.submit(path, &[("link", choice)]).await.expect(303).location().to_owned()
}

/// Somebody with a record of their own, and a child's.
async fn parent(app: &App) -> (LinkId, LinkId) {
    let child = link(app, "auth0|1", "p2", proxy("MTH"), "patient/*.rs").await;
    (own(app, "auth0|1", "p1").await, child)
}

fn has_no_record(issued: &Value) {
    assert_eq!((&issued["id"], &issued["access"]), (&json!({}), &json!({})), "{issued}");
    assert_eq!(issued["scope"], "openid fhirUser offline_access");
}

journey! {
    async fn a_patient_with_one_record_is_logged_in_and_refreshed_until_the_link_ends(app: App) {
        let it = connected(app).await;
        let id = own(app, "auth0|1", "p1").await;
        let mut tenant = Tenant::of(app, &it).await;
        let issued = tenant.login("auth0|1", &[]).await;
        let claims = json!({"fhirUser": "https://fhir.here.example/r4/Patient/p1", "patient": "p1"});
        assert_eq!((&issued["id"], &issued["access"]), (&claims, &claims), "{issued}");
        assert_eq!(issued["scope"], "openid fhirUser offline_access patient/*.rs");
        let refreshed = tenant.refreshes(&issued, true).await;
        assert_eq!(refreshed["access"], claims, "{refreshed}");
        has_no_record(&tenant.login("auth0|2", &[]).await);
        revoke(app, id).await;
        has_no_record(&tenant.refreshes(&refreshed, true).await);
        reconfigure(app, &it, |settings| settings.without_record = WithoutRecord::Refuse).await;
        let denied = tenant.refreshes(&refreshed, true).await;
        assert_eq!(denied["denied"], "this login opens no patient record");
        tenant.0.end().await;
    }
}

journey! {
    async fn what_was_picked_is_opened_and_stays_picked_at_a_refresh(app: App) {
        let it = connected(app).await;
        let (_, child) = parent(app).await;
        let mut tenant = Tenant::of(app, &it).await;
        let sent = tenant.login("auth0|1", &[]).await;
        let back = picks(app, &sent, &child.to_string()).await;
        let issued = tenant.comes_back(&back).await;
        assert_eq!(issued["access"]["patient"], "p2", "{issued}");
        let refreshed = tenant.refreshes(&issued, true).await;
        assert_eq!(refreshed["access"]["patient"], "p2", "{refreshed}");
        let nothing = "this login opens no patient record";
        assert_eq!(tenant.refreshes(&issued, false).await["denied"], nothing);
        revoke(app, child).await;
        has_no_record(&tenant.refreshes(&refreshed, true).await);
        // The only one that is left is not what the app was opened with.
        assert_eq!(tenant.refreshes(&issued, false).await["denied"], nothing);
        assert_eq!(tenant.login("auth0|1", &[]).await["access"]["patient"], "p1");
        tenant.0.end().await;
    }
}

journey! {
    async fn an_app_that_only_logs_in_is_told_nothing_then_or_at_a_refresh(app: App) {
        let it = connected(app).await;
        own(app, "auth0|1", "p1").await;
        let mut tenant = Tenant::of(app, &it).await;
        let issued = tenant.asks("auth0|1", &["openid", "offline_access"], &[]).await;
        for told in [tenant.refreshes(&issued, true).await, issued] {
            assert_eq!((&told["id"], &told["access"]), (&json!({}), &json!({})), "{told}");
            assert_eq!(told["scope"], "openid offline_access");
        }
        // More than a refresh token can keep: nobody knows the scopes at its refresh.
        let many: Vec<String> = (0..40).map(|number| format!("an-api:scope-{number}")).collect();
        let mut scopes = vec!["openid", "offline_access", "patient/*.rs"];
        scopes.extend(many.iter().map(String::as_str));
        let issued = tenant.asks("auth0|2", &scopes, &[]).await;
        assert!(!issued["scope"].as_str().unwrap().contains("patient/"), "{issued}");
        assert_eq!(tenant.refreshes(&issued, true).await["denied"], "this login opens no patient record");
        tenant.0.end().await;
    }
}

journey! {
    async fn an_answer_that_is_not_for_this_login_opens_nothing(app: App) {
        let it = connected(app).await;
        let (me, child) = parent(app).await;
        let mut tenant = Tenant::of(app, &it).await;
        let (one, two) = (tenant.login("auth0|1", &[]).await, tenant.login("auth0|1", &[]).await);
        let elsewhere = picks(app, &one, &child.to_string()).await;
        let mine = picks(app, &two, &me.to_string()).await;
        let answer = |url: &str| url.split_once("answer=").unwrap().1.to_owned();
        let carried = mine.replace(&answer(&mine), &answer(&elsewhere));
        assert_eq!(tenant.comes_back(&carried).await["denied"], UNDECIDED);
        assert_eq!(tenant.comes_back(&mine).await["denied"], "invalid_request", "Auth0 goes on once");
        let sent = tenant.login("auth0|1", &[]).await;
        let forged = format!("{}AAAA", picks(app, &sent, &me.to_string()).await);
        assert_eq!(tenant.comes_back(&forged).await["denied"], UNDECIDED);
        let sent = tenant.login("auth0|1", &[]).await;
        let none = picks(app, &sent, "").await;
        assert_eq!(tenant.comes_back(&none).await["denied"], "No record was chosen.");
        assert_eq!(tenant.login("auth0|1", &["none"]).await["denied"], "interaction_required");
        tenant.0.end().await;
    }
}

journey! {
    async fn an_answer_to_another_client_opens_nothing(app: App) {
        let it = connected(app).await;
        let (_, child) = parent(app).await;
        let (another, _, _) = app.client(&[app.fixture.here.id]).await;
        let mut tenant = Tenant::with(&json!({
            "KINLINK_URL": format!("{}{}", app.url, it.url),
            "KINLINK_CLIENT": another,
            "KINLINK_KEY": it.client.token,
        }))
        .await;
        let sent = tenant.login("auth0|1", &[]).await;
        let back = picks(app, &sent, &child.to_string()).await;
        assert_eq!(tenant.comes_back(&back).await["denied"], UNDECIDED);
        tenant.0.end().await;
    }
}

journey! {
    async fn what_kinlink_does_not_decide_is_denied(app: App) {
        let it = connected(app).await;
        own(app, "auth0|1", "p1").await;
        for (url, key) in [(app.url.as_str(), "klk_nonsense"), ("http://127.0.0.1:1", it.client.token.as_str())] {
            let url = format!("{url}{}", it.url);
            let mut tenant = Tenant::with(&json!({"KINLINK_URL": url, "KINLINK_KEY": key})).await;
            assert_eq!(tenant.login("auth0|1", &[]).await["denied"], UNDECIDED);
            tenant.0.end().await;
        }
    }
}

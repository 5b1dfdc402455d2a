//! Kinlink with the authorization server connected to it, and a person before a browser.

use kinlink_auth::{ClientSecret, LoginProvider};
use kinlink_domain::{
    account::{AccountKey, Iss, Sub},
    connection::{Connection, ConnectionSettings, ReturnUrl, Server, Several},
    id::{ClientId, LinkId},
    link::LinkRole,
    organization::FhirBase,
    port::Clock,
};
use kinlink_testkit::Kind;
use kinlink_vault::SystemClock;
use serde_json::json;

use super::{outside::Outside, person::Person};
use crate::{
    app::{App, Away, Caller},
    hooks::stage::{connect_client, link_of, proxy, revoke},
};

pub(crate) struct Stage {
    pub(crate) kinlink: App,
    /// The authorization server, as it calls Kinlink.
    pub(crate) client: Caller,
    pub(crate) outside: Outside,
    pub(crate) person: Person,
}

/// What is left while Kinlink is away.
pub(crate) struct Rest {
    client: Caller,
    outside: Outside,
    pub(crate) person: Person,
}

impl Rest {
    pub(crate) fn with(self, kinlink: App) -> Stage {
        Stage { kinlink, client: self.client, outside: self.outside, person: self.person }
    }
}

/// Of Kinlink's pages at the authorization server.
const PAGES_SECRET: &str = "between the two of them";

/// Makes a test of a body that is given a [`Stage`].
macro_rules! launch {
    (async fn $name:ident($stage:ident: Stage) $body:block) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            async fn play($stage: &crate::smart_launch::stage::Stage) $body
            let stage = crate::smart_launch::stage::Stage::set().await;
            play(&stage).await;
            stage.clear().await;
        }
    };
}

impl Stage {
    pub(crate) async fn set() -> Self {
        Self::with_claims(&[], None).await
    }

    /// With these claims of the operator's choice, and these of them in ID tokens.
    pub(crate) async fn with_claims(claims: &[&str], in_id_token: Option<&[&str]>) -> Self {
        let mut outside = Outside::start().await;
        let kinlink = App::start_with(Kind::Sqlite, vec![pages_login(&outside)]).await;
        // Those outside have clocks of their own.
        kinlink.pass(SystemClock.now() - kinlink.fixture.ports.clock.now());
        let (id, client, _) = kinlink.client(&[kinlink.fixture.here.id]).await;
        let connection = connect(&kinlink, &outside, id, claims).await;
        let mut config = json!({
            "url": kinlink.url, "client": id, "key": client.token, "connection": connection.id,
            "pagesSecret": PAGES_SECRET,
        });
        if let Some(names) = in_id_token {
            config["idTokenClaims"] = json!(names);
        }
        outside.configure(&config).await;
        let person = Person::new(&outside).await;
        Self { kinlink, client, outside, person }
    }

    pub(crate) async fn without_kinlink(self) -> (Away, Rest) {
        let Self { kinlink, client, outside, person } = self;
        (kinlink.goes_away().await, Rest { client, outside, person })
    }

    pub(crate) async fn clear(self) {
        self.person.leaves().await;
        self.outside.end().await;
        self.kinlink.close().await;
    }

    /// The person opens the app and logs in, for the first time in this browser.
    pub(crate) async fn launches(&self, name: &str) {
        self.person.opens_the_app().await;
        self.person.logs_in(name).await;
    }

    /// A record of their own.
    pub(crate) async fn own(&self, name: &str, patient: &str) -> LinkId {
        self.link(name, patient, LinkRole::SelfRole, "patient/*.cruds").await
    }

    /// Somebody else's record.
    pub(crate) async fn acts_for(
        &self,
        name: &str,
        patient: &str,
        as_their: &str,
        permissions: &str,
    ) -> LinkId {
        self.link(name, patient, proxy(as_their), permissions).await
    }

    async fn link(&self, name: &str, patient: &str, role: LinkRole, permissions: &str) -> LinkId {
        let key = AccountKey { iss: iss(&self.outside), sub: Sub::parse(name).unwrap() };
        let mut unit = self.kinlink.begin().await;
        let account = unit.ensure_account(&key, self.kinlink.fixture.ports.clock.now()).await.unwrap();
        unit.save().await.unwrap();
        let here = self.kinlink.fixture.here.id;
        link_of(&self.kinlink, account.id, here, patient, role, permissions).await
    }

    /// Staff end a link.
    pub(crate) async fn ends(&self, link: LinkId) {
        revoke(&self.kinlink, link).await;
    }
}

fn iss(outside: &Outside) -> Iss {
    Iss::parse(&outside.login).unwrap()
}

/// The authorization server as one that people log in to Kinlink's pages by.
fn pages_login(outside: &Outside) -> LoginProvider {
    LoginProvider {
        iss: iss(outside),
        client_id: "kinlink-pages".into(),
        client_secret: Some(ClientSecret::new(PAGES_SECRET)),
        scopes: "openid".into(),
        label: "your hospital login".into(),
        organization: None,
    }
}

/// Connects the authorization server, and puts the FHIR server where it is.
async fn connect(kinlink: &App, outside: &Outside, client: ClientId, claims: &[&str]) -> Connection {
    let mut settings = ConnectionSettings {
        several: Several::Picker,
        return_urls: vec![ReturnUrl::parse(&format!("{}/picked", outside.login)).unwrap()],
        apps: vec!["app".into()],
        ..ConnectionSettings::new(Server::OidcProvider, iss(outside))
    };
    if !claims.is_empty() {
        settings.claims = claims.iter().map(|rule| rule.parse().unwrap()).collect();
    }
    let connection = connect_client(kinlink, client, settings).await;
    let mut unit = kinlink.begin().await;
    let mut here = unit.organization(kinlink.fixture.here.id).await.unwrap().unwrap();
    here.fhir_base = FhirBase::parse(&outside.fhir).unwrap();
    unit.update_organization(&here).await.unwrap();
    unit.save().await.unwrap();
    connection
}

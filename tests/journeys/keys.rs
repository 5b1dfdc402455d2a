//! Whoever publishes keys may be slow, or not answer at all.

use std::{
    net::TcpListener,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use actix_web::{App as ActixApp, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, web};
use chrono::TimeDelta;
use kinlink_demo::idp::SigningKey;
use kinlink_domain::{client::ClientKeys, client::ClientStatus, store::Change};
use serde_json::{Value, json};

use crate::{
    app::{App, trust},
    clients::{assertion, token_request},
};

#[derive(Clone, Copy, PartialEq)]
enum Mood {
    Answers,
    Fails,
    Hangs,
}

/// A provider that answers as it is told to, and counts how often it is asked for its keys.
struct Publisher {
    url: String,
    told: Arc<Mutex<(Mood, Value, usize)>>,
    handle: ServerHandle,
}

impl Publisher {
    fn start(key: &SigningKey) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let told = Arc::new(Mutex::new((Mood::Answers, key.jwks(), 0)));
        let (shared, issuer) = (told.clone(), url.clone());
        let server = HttpServer::new(move || {
            let (told, issuer) = (shared.clone(), issuer.clone());
            ActixApp::new().default_service(web::to(move |request: HttpRequest| {
                let (told, issuer) = (told.clone(), issuer.clone());
                async move { answer(&request, &told, &issuer).await }
            }))
        });
        let server = server.workers(1).disable_signals().shutdown_timeout(0).listen(listener).unwrap().run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { url, told, handle }
    }

    fn is(&self, mood: Mood) {
        self.told.lock().unwrap().0 = mood;
    }

    fn publishes(&self, key: &SigningKey) {
        self.told.lock().unwrap().1 = key.jwks();
    }

    fn asked(&self) -> usize {
        self.told.lock().unwrap().2
    }

    fn jwks_uri(&self) -> url::Url {
        format!("{}/jwks", self.url).parse().unwrap()
    }

    /// Waits until somebody waits for the keys.
    async fn is_waited_for(&self) {
        while self.asked() == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn stop(self) {
        self.handle.stop(false).await;
    }
}

async fn answer(request: &HttpRequest, told: &Mutex<(Mood, Value, usize)>, issuer: &str) -> HttpResponse {
    let discovery = request.path().ends_with("/openid-configuration");
    told.lock().unwrap().2 += 1;
    loop {
        let (mood, keys, _) = told.lock().unwrap().clone();
        match mood {
            Mood::Hangs => tokio::time::sleep(Duration::from_millis(10)).await,
            Mood::Fails => return HttpResponse::ServiceUnavailable().finish(),
            Mood::Answers if discovery => {
                let document = json!({"issuer": issuer, "jwks_uri": format!("{issuer}/jwks")});
                return HttpResponse::Ok().json(document);
            }
            Mood::Answers => return HttpResponse::Ok().json(keys),
        }
    }
}

/// Patients of `here` log in at this provider too.
async fn trusted(app: &App, provider: &Publisher) {
    let mut unit = app.begin().await;
    unit.put_trusted_issuer(&trust(app.fixture.here.id, "here", &provider.url)).await.unwrap();
    unit.changed(Change::Organization(app.fixture.here.id));
    unit.save().await.unwrap();
}

/// A token of this provider that lasts for days.
fn token(app: &App, provider: &Publisher, key: &SigningKey) -> String {
    let exp = (app.fixture.ports.clock.now() + TimeDelta::days(3)).timestamp();
    key.sign(&json!({"iss": provider.url, "sub": "anna", "aud": "kinlink", "exp": exp})).unwrap()
}

async fn asks(app: &App, token: &str) -> u16 {
    app.with_token(token).get("/v1/account/links").await.status
}

journey! {
    async fn a_provider_that_hangs_stops_nobody_whose_key_is_known(app: App) {
        let key = SigningKey::generate("k1").unwrap();
        let provider = Publisher::start(&key);
        trusted(app, &provider).await;
        let token = token(app, &provider, &key);
        assert_eq!(asks(app, &token).await, 200);
        provider.is(Mood::Hangs);
        app.pass(TimeDelta::hours(2));
        let began = Instant::now();
        let all = six_at_once(app, &token).await;
        assert_eq!(all, [200; 6]);
        assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
        provider.stop().await;
    }
}

async fn six_at_once(app: &App, token: &str) -> Vec<u16> {
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let caller = app.with_token(token);
        asking.spawn(async move { caller.get("/v1/account/links").await.status });
    }
    asking.join_all().await
}

journey! {
    async fn a_provider_that_fails_is_asked_again_after_a_pause_and_believed_for_a_day(app: App) {
        let key = SigningKey::generate("k1").unwrap();
        let provider = Publisher::start(&key);
        trusted(app, &provider).await;
        let token = token(app, &provider, &key);
        assert_eq!(asks(app, &token).await, 200);
        let fetched = provider.asked();
        provider.is(Mood::Fails);
        app.pass(TimeDelta::hours(2));
        for _ in 0..3 {
            assert_eq!(asks(app, &token).await, 200);
        }
        assert_eq!(provider.asked(), fetched + 1, "and left alone for a while");
        app.pass(TimeDelta::hours(22));
        assert_eq!(asks(app, &token).await, 503);
        assert_eq!(provider.asked(), fetched + 2);
        app.pass(TimeDelta::seconds(2));
        provider.is(Mood::Answers);
        assert_eq!(asks(app, &token).await, 200);
        provider.stop().await;
    }
}

journey! {
    async fn a_key_that_was_withdrawn_while_nobody_asked_is_not_believed_once_more(app: App) {
        let (old, new) = (SigningKey::generate("k1").unwrap(), SigningKey::generate("k2").unwrap());
        let provider = Publisher::start(&old);
        trusted(app, &provider).await;
        let [before, after] = [&old, &new].map(|key| token(app, &provider, key));
        assert_eq!((asks(app, &before).await, asks(app, &after).await), (200, 401));
        provider.publishes(&new);
        app.pass(TimeDelta::minutes(20));
        assert_eq!(asks(app, &before).await, 200, "its keys are fresh");
        assert_eq!(asks(app, &after).await, 200, "an unknown key is looked for");
        assert_eq!(asks(app, &before).await, 401);
        provider.publishes(&old);
        app.pass(TimeDelta::hours(1));
        assert_eq!(asks(app, &after).await, 401);
        provider.stop().await;
    }
}

/// A client whose keys are where this publisher says.
async fn client(app: &App, publisher: &Publisher) -> kinlink_domain::id::ClientId {
    let (id, ..) = app.client(&[app.fixture.here.id]).await;
    let mut unit = app.begin().await;
    let mut stored = unit.client(id).await.unwrap().unwrap();
    stored.keys = Some(ClientKeys::JwksUri(publisher.jwks_uri()));
    unit.update_client(&stored).await.unwrap();
    unit.save().await.unwrap();
    id
}

journey! {
    async fn nobody_waits_for_the_keys_of_somebody_who_wants_a_token(app: App) {
        let key = SigningKey::generate("c1").unwrap();
        let publisher = Publisher::start(&key);
        let id = client(app, &publisher).await;
        publisher.is(Mood::Hangs);
        let signed = key.sign(&assertion(app, id, "one")).unwrap();
        let (asked, asking) = (token_request(app, &signed), async {
            publisher.is_waited_for().await;
            let patience = Duration::from_secs(4);
            tokio::time::timeout(patience, app.registrar().invites("p1")).await.expect("a write goes through");
            publisher.is(Mood::Answers);
        });
        let (answer, ()) = tokio::join!(asked, asking);
        answer.expect(200);
        publisher.stop().await;
    }
}

journey! {
    async fn a_client_that_was_disabled_while_its_keys_were_fetched_gets_no_token(app: App) {
        let key = SigningKey::generate("c1").unwrap();
        let publisher = Publisher::start(&key);
        let id = client(app, &publisher).await;
        publisher.is(Mood::Hangs);
        let signed = key.sign(&assertion(app, id, "one")).unwrap();
        let (asked, disabling) = (token_request(app, &signed), async {
            publisher.is_waited_for().await;
            let mut unit = app.begin().await;
            let mut stored = unit.client(id).await.unwrap().unwrap();
            stored.status = ClientStatus::Disabled { at: app.fixture.ports.clock.now() };
            unit.update_client(&stored).await.unwrap();
            unit.save().await.unwrap();
            publisher.is(Mood::Answers);
        });
        let (answer, ()) = tokio::join!(asked, disabling);
        assert!(answer.expect(401).text("/error_description").contains("disabled"));
        publisher.stop().await;
    }
}

use chrono::TimeDelta;
use kinlink_domain::{
    client::{ClientKeys, ClientStatus},
    id::ClientId,
    store::Change,
};
use serde_json::{Value, json};

use crate::{
    app::{App, Reply},
    process::Process,
};

pub(crate) async fn token_request(app: &App, assertion: &str) -> Reply {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion),
    ];
    let http = reqwest::Client::new();
    let response = http.post(format!("{}/oauth2/token", app.url)).form(&form).send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Reply { status, headers, body: response.json().await.unwrap() }
}

pub(crate) fn assertion(app: &App, id: ClientId, jti: &str) -> Value {
    let now = app.fixture.ports.clock.now();
    json!({
        "iss": id, "sub": id, "aud": format!("{}/oauth2/token", app.url), "jti": jti,
        "iat": now.timestamp(), "exp": (now + TimeDelta::minutes(5)).timestamp(),
    })
}

journey! {
    async fn a_signed_assertion_gives_a_token_once(app: App) {
        let (id, _, key) = app.client(&[app.fixture.here.id]).await;
        let signed = key.sign(&assertion(app, id, "one")).unwrap();
        let answer = token_request(app, &signed).await.expect(200);
        assert_eq!(answer.headers["cache-control"], "no-store");
        let client = app.with_token(answer.text("/access_token"));
        client.post("/v1/links/lookup", app.account("anna")).await.expect(200);
        let replayed = token_request(app, &signed).await.expect(401);
        assert_eq!(replayed.text("/error"), "invalid_client");
        app.pass(TimeDelta::minutes(10));
        client.post("/v1/links/lookup", app.account("anna")).await.expect(401);
    }
}

journey! {
    async fn assertions_that_are_not_quite_right_are_refused(app: App) {
        let (id, _, key) = app.client(&[app.fixture.here.id]).await;
        let (other, _, other_key) = app.client(&[app.fixture.here.id]).await;
        let now = app.fixture.ports.clock.now();
        for (what, change) in [
            ("another audience", json!({"aud": "https://elsewhere.example"})),
            ("another subject", json!({"sub": other})),
            ("no jti", json!({"jti": null})),
            ("over", json!({"exp": (now - TimeDelta::minutes(2)).timestamp()})),
            ("too long", json!({"exp": (now + TimeDelta::minutes(11)).timestamp()})),
            ("no end", json!({"exp": null})),
        ] {
            let mut claims = assertion(app, id, what);
            claims.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            let refused = token_request(app, &key.sign(&claims).unwrap()).await;
            assert_eq!((refused.status, refused.text("/error")), (401, "invalid_client"), "{what}");
        }
        let stolen = other_key.sign(&assertion(app, id, "stolen")).unwrap();
        assert_eq!(token_request(app, &stolen).await.status, 401);
        // The same jti of two clients is two things.
        token_request(app, &key.sign(&assertion(app, id, "same")).unwrap()).await.expect(200);
        token_request(app, &other_key.sign(&assertion(app, other, "same")).unwrap()).await.expect(200);
    }
}

journey! {
    async fn a_library_of_others_finds_the_token_endpoint_and_gets_in_with_its_own_key(app: App) {
        let (id, _, _) = app.client(&[app.fixture.here.id]).await;
        let mut back_end = Process::node("openid-client.js");
        let keys = back_end.hear().await;
        // The library tells the time by this machine's clock, Kinlink by the test's.
        let now = app.fixture.ports.clock.now().timestamp();
        let question = json!({"kinlink": app.url, "client": id, "now": now});
        assert_eq!(back_end.tell(&question).await["error"], "invalid_client", "nobody knows this key");

        let mut unit = app.begin().await;
        let mut client = unit.client(id).await.unwrap().unwrap();
        client.keys = Some(ClientKeys::Jwks(keys));
        unit.update_client(&client).await.unwrap();
        unit.save().await.unwrap();
        let answer = back_end.tell(&question).await;
        let token = answer["access_token"].as_str().unwrap_or_else(|| panic!("{answer}"));
        let asked = app.with_token(token).post("/v1/links/lookup", app.account("anna")).await;
        asked.expect(200);
        back_end.end().await;
    }
}

journey! {
    async fn two_keys_live_during_a_rotation_and_a_third_ends_the_first(app: App) {
        let (id, first, _) = app.client(&[app.fixture.here.id]).await;
        let rotate = async || {
            app.pass(TimeDelta::milliseconds(1));
            let mut unit = app.fixture.begin().await;
            let ports = &app.fixture.ports;
            let key = kinlink_auth::rotate_api_key(&mut *unit, ports, id, TimeDelta::hours(24)).await.unwrap();
            unit.changed(Change::Client(id));
            unit.save().await.unwrap();
            // Another process rotated; the application hears of it by the change feed.
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            app.with_token(key.text)
        };
        let lookup = async |client: &crate::app::Caller| client.post("/v1/links/lookup", app.account("anna")).await.status;
        assert_eq!(lookup(&first).await, 200);
        let second = rotate().await;
        assert_eq!((lookup(&first).await, lookup(&second).await), (200, 200));
        let third = rotate().await;
        assert_eq!((lookup(&first).await, lookup(&second).await, lookup(&third).await), (401, 200, 200));
        app.pass(TimeDelta::hours(24));
        assert_eq!((lookup(&second).await, lookup(&third).await), (401, 200));
    }
}

journey! {
    async fn a_disabled_client_is_refused_within_a_second(app: App) {
        let (id, client, key) = app.client(&[app.fixture.here.id]).await;
        let token = token_request(app, &key.sign(&assertion(app, id, "1")).unwrap()).await.expect(200);
        let by_token = app.with_token(token.text("/access_token"));
        client.post("/v1/links/lookup", app.account("anna")).await.expect(200);
        by_token.post("/v1/links/lookup", app.account("anna")).await.expect(200);
        let mut unit = app.fixture.begin().await;
        let mut stored = unit.client(id).await.unwrap().unwrap();
        stored.status = ClientStatus::Disabled { at: app.fixture.ports.clock.now() };
        unit.update_client(&stored).await.unwrap();
        unit.changed(Change::Client(id));
        unit.save().await.unwrap();
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        client.post("/v1/links/lookup", app.account("anna")).await.expect(401);
        by_token.post("/v1/links/lookup", app.account("anna")).await.expect(401);
        token_request(app, &key.sign(&assertion(app, id, "2")).unwrap()).await.expect(401);
    }
}

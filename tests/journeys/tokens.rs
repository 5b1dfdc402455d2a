use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use kinlink_demo::idp::SigningKey;
use serde_json::{Value, json};

use crate::app::App;

async fn answer(app: &App, token: String) -> (u16, String) {
    let reply = app.with_token(token).get("/v1/account/links").await;
    (reply.status, reply.body["detail"].as_str().unwrap_or_default().to_owned())
}

fn segment(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn altered(app: &App, extra: &Value) -> String {
    app.idp.token("anna", extra).unwrap()
}

journey! {
    async fn forged_foreign_and_misused_tokens_are_refused(app: App) {
        let claims = app.idp.claims("anna", &json!({}));
        let other = SigningKey::generate("demo-1").unwrap();
        let public = app.idp.key().jwks().to_string();
        let hmac = encode(
            &Header { kid: Some("demo-1".into()), ..Header::new(Algorithm::HS256) },
            &claims,
            &EncodingKey::from_secret(public.as_bytes()),
        );
        let good = altered(app, &json!({}));
        let signature = good.rsplit('.').next().unwrap();
        let promoted = app.idp.claims("anna", &json!({"roles": {"here": ["admin"]}}));
        let header = json!({"alg": "ES256", "kid": "demo-1"});
        let critical = json!({"alg": "ES256", "kid": "demo-1", "crit": ["x"]});
        let logout = json!({"alg": "ES256", "kid": "demo-1", "typ": "logout+jwt"});
        for (what, token, why) in [
            ("another's key under the same kid", other.sign(&claims).unwrap(), "signature"),
            ("an HMAC with the public key", hmac.unwrap(), "algorithm"),
            ("no signature", format!("{}.{}.", segment(&json!({"alg": "none"})), segment(&claims)), "algorithm"),
            ("changed claims", format!("{}.{}.{signature}", segment(&header), segment(&promoted)), "signature"),
            ("a critical extension", format!("{}.{}.{signature}", segment(&critical), segment(&claims)), "critical_extension"),
            ("a logout token", format!("{}.{}.{signature}", segment(&logout), segment(&claims)), "unexpected_type"),
            ("another audience", altered(app, &json!({"aud": "other"})), "audience"),
            ("no audience", altered(app, &json!({"aud": null})), "audience"),
            ("no subject", altered(app, &json!({"sub": ""})), "subject"),
            ("no end", altered(app, &json!({"exp": null})), "malformed_time"),
            ("an untrusted issuer", altered(app, &json!({"iss": "https://evil.example"})), "untrusted_issuer"),
            ("garbage", "a.b.c".into(), "not_a_jwt"),
            ("a flood", "x".repeat(17_000), ""),
        ] {
            let (status, detail) = answer(app, token).await;
            // Actix refuses a header that long before Kinlink sees it.
            assert!(status == 401 || (what == "a flood" && status == 400), "{what}: {status}");
            assert!(status == 400 || detail == why || what == "a flood", "{what}: {detail}");
        }
        assert_eq!(answer(app, good).await.0, 200);
    }
}

journey! {
    async fn tokens_begin_and_end_at_the_second_with_a_minute_of_leeway(app: App) {
        let now = app.fixture.ports.clock.now().timestamp();
        for (claims, expected) in [
            (json!({"exp": now - 59}), 200),
            (json!({"exp": now - 60}), 401),
            (json!({"nbf": now + 60}), 200),
            (json!({"nbf": now + 61}), 401),
            (json!({"iat": now + 60}), 200),
            (json!({"iat": now + 61}), 401),
        ] {
            assert_eq!(answer(app, altered(app, &claims)).await.0, expected, "{claims}");
        }
        let token = altered(app, &json!({}));
        app.pass(TimeDelta::minutes(62));
        assert_eq!(answer(app, token).await, (401, "expired".to_owned()));
    }
}

journey! {
    async fn an_audience_may_be_one_of_several(app: App) {
        let token = altered(app, &json!({"aud": ["other", "kinlink"]}));
        assert_eq!(answer(app, token).await.0, 200);
    }
}

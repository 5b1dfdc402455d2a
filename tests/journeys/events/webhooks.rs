use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Request, ends, links, receiver};

/// Whether one of its signatures is made with this secret, as Standard Webhooks says.
fn signed_with(request: &Request, secret: &str) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(&secret["whsec_".len()..]).unwrap());
    let signed = [request.header("webhook-id"), request.header("webhook-timestamp"), &request.body].join(".");
    request.header("webhook-signature").split(' ').any(|signature| {
        let signature = STANDARD.decode(signature.strip_prefix("v1,").unwrap()).unwrap();
        hmac::verify(&key, signed.as_bytes(), &signature).is_ok()
    })
}

journey! {
    async fn a_webhook_is_made_tested_told_paused_and_removed(app: App) {
        let (url, arrived) = receiver();
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let body = json!({"url": url, "events": ["session.revoked"], "description": "sessions"});
        let once = [("idempotency-key", "k1")];
        let made = client.send(Method::POST, "/v1/webhooks", Some(body.clone()), &once).await.expect(201);
        let again = client.send(Method::POST, "/v1/webhooks", Some(body), &once).await.expect(201);
        assert_eq!(made.body, again.body);
        let secret = made.text("/secret").to_owned();
        assert!(secret.starts_with("whsec_") && STANDARD.decode(&secret[6..]).unwrap().len() == 32);
        let path = format!("/v1/webhooks/{}", made.text("/id"));
        let read = client.get(&path).await.expect(200);
        assert!(read.body.get("secret").is_none(), "shown once");
        assert_eq!(client.get("/v1/webhooks").await.expect(200).body["webhooks"], json!([read.body]));

        client.post(&format!("{path}/test"), json!({})).await.expect(202);
        app.send_events().await;
        let link = links(app, "anna", "p1").await;
        ends(app, "anna", &link).await;
        app.send_events().await;
        let kinds = || -> Vec<Value> {
            let arrived = arrived.lock().unwrap();
            arrived.iter().map(|one| serde_json::from_str::<Value>(&one.body).unwrap()["type"].clone()).collect()
        };
        assert_eq!(kinds(), [json!("endpoint.test"), json!("session.revoked")]);
        let body = arrived.lock().unwrap()[1].body.clone();
        assert!(signed_with(&arrived.lock().unwrap()[1], &secret));
        let said: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(said["data"]["sub"], "anna");
        assert_eq!(said["data"]["claims"], json!({"fhirUser": null, "patient": null}));
        assert!(!body.contains("not_me"), "why is nobody's business");

        client.send(Method::PATCH, &path, Some(json!({"status": "paused"})), &[]).await.expect(200);
        let link = links(app, "anna", "p1").await;
        ends(app, "anna", &link).await;
        assert_eq!(app.send_events().await, 0);
        client.send(Method::PATCH, &path, Some(json!({"status": "enabled"})), &[]).await.expect(200);
        assert_eq!(app.send_events().await, 1);
        client.send(Method::PATCH, &path, Some(json!({"url": "http://10.0.0.1/"})), &[]).await.expect(422);

        let rotated = client.post(&format!("{path}/rotate-secret"), json!({})).await.expect(200);
        assert_ne!(rotated.text("/secret"), secret);
        client.send(Method::DELETE, &path, None, &[]).await.expect(204);
        client.get(&path).await.expect(404);
    }
}

journey! {
    async fn a_secret_that_somebody_may_know_signs_nothing_more(app: App) {
        let (url, arrived) = receiver();
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let made = client.post("/v1/webhooks", json!({"url": url})).await.expect(201);
        let path = format!("/v1/webhooks/{}", made.text("/id"));
        let rotate = json!({"overlap_hours": 0});
        let rotated = client.post(&format!("{path}/rotate-secret"), rotate).await.expect(200);
        client.post(&format!("{path}/test"), json!({})).await.expect(202);
        app.send_events().await;
        let request = &arrived.lock().unwrap()[0];
        assert!(signed_with(request, rotated.text("/secret")));
        assert!(!signed_with(request, made.text("/secret")));
    }
}

journey! {
    async fn a_client_has_ten_streams_and_webhooks_and_no_more(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        for n in 0..10 {
            let path = if n % 2 == 0 { "/ssf/streams" } else { "/v1/webhooks" };
            client.post(path, json!({"url": "https://receiver.example/"})).await.expect(201);
        }
        for path in ["/ssf/streams", "/v1/webhooks"] {
            let refused = client.post(path, json!({"url": "https://receiver.example/"})).await.expect(409);
            assert_eq!(refused.problem(), "too-many-streams");
        }
    }
}

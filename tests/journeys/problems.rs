use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{App, Reply};

async fn raw(
    app: &App,
    method: Method,
    path: &str,
    content_type: &str,
    body: impl Into<reqwest::Body>,
) -> Reply {
    let token = app.registrar().token;
    let http = reqwest::Client::new();
    let request = http.request(method, format!("{}{path}", app.url)).bearer_auth(token);
    let response = request.header("content-type", content_type).body(body).send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Reply {
        status,
        headers,
        body: serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or(Value::Null),
    }
}

journey! {
    async fn every_malformed_request_gets_its_problem(app: App) {
        const JSON: &str = "application/json";
        let post = || Method::POST;
        let get = || Method::GET;
        let long = format!("{{\"patient\": {{\"id\": \"{}\"}}}}", "x".repeat(70_000));
        for (method, path, content_type, body, status, problem) in [
            (get(), "/nowhere", JSON, "", 404, "not-found"),
            (get(), "/v1/invitations/redeem", JSON, "", 405, "method-not-allowed"),
            (Method::DELETE, "/v1/audit", JSON, "", 405, "method-not-allowed"),
            (post(), "/v1/invitations", JSON, "{", 400, "malformed-body"),
            (post(), "/v1/invitations", JSON, "", 400, "malformed-body"),
            (post(), "/v1/invitations", JSON, "[]", 400, "malformed-body"),
            (post(), "/v1/invitations", JSON, r#"{"patient": {"id": "p1"}, "channel": "pigeon"}"#, 400, "malformed-body"),
            (post(), "/v1/invitations", JSON, r#"{"patient": {"id": "p1"}, "channel": "post", "x": 1}"#, 400, "malformed-body"),
            (post(), "/v1/invitations", "text/plain", "{}", 415, "unsupported-media-type"),
            (post(), "/v1/invitations", JSON, &long, 413, "body-too-large"),
            (post(), "/v1/invitations", JSON, r#"{"patient": {"id": "a b"}, "channel": "post"}"#, 422, "invalid-member"),
            (post(), "/v1/invitations", JSON, r#"{"patient": {}, "channel": "post"}"#, 422, "invalid-member"),
            (post(), "/v1/invitations", JSON, r#"{"patient": {"id": "nope"}, "channel": "post"}"#, 422, "patient-not-found"),
            (post(), "/v1/invitations", JSON, r#"{"organization": "there", "patient": {"id": "p1"}, "channel": "post"}"#, 403, "not-your-organization"),
            (post(), "/v1/invitations", JSON, r#"{"organization": "ghost", "patient": {"id": "p1"}, "channel": "post"}"#, 403, "not-your-organization"),
            (post(), "/v1/invitations", JSON, r#"{"patient": {"id": "p1"}, "channel": "email", "email": {"address": "x"}}"#, 422, "invalid-member"),
            (get(), "/v1/invitations?limit=0", JSON, "", 400, "malformed-parameter"),
            (get(), "/v1/invitations?limit=x", JSON, "", 400, "malformed-parameter"),
            (get(), "/v1/invitations?cursor=x", JSON, "", 400, "malformed-parameter"),
            (get(), "/v1/invitations?nothing=1", JSON, "", 400, "malformed-parameter"),
            (get(), "/v1/invitations/inv_x", JSON, "", 404, "not-found"),
            (get(), "/v1/links/%00", JSON, "", 404, "not-found"),
        ] {
            let reply = raw(app, method.clone(), path, content_type, body.to_owned()).await;
            assert_eq!((reply.status, reply.problem()), (status, problem), "{method} {path} {body:.80}: {}", reply.body);
            assert!(!reply.headers["x-request-id"].is_empty());
        }
    }
}

journey! {
    async fn answers_carry_the_request_id_and_forbid_sniffing_and_storing(app: App) {
        let sent = app.registrar().send(Method::GET, "/v1/invitations", None, &[("x-request-id", "abc-1")]).await;
        assert_eq!(sent.headers["x-request-id"], "abc-1");
        assert_eq!(sent.headers["cache-control"], "no-store");
        assert_eq!(sent.headers["x-content-type-options"], "nosniff");
        let made = app.registrar().send(Method::GET, "/v1/invitations", None, &[("x-request-id", "a b")]).await;
        assert_eq!(made.headers["x-request-id"].len(), 32);
        let nobody = app.with_token("").get("/v1/invitations").await.expect(401);
        assert_eq!(nobody.headers["www-authenticate"], "Bearer");
        assert_eq!(nobody.problem(), "unauthenticated");
        let wrong_method = app.registrar().send(Method::PUT, "/v1/links/lookup", Some(json!({})), &[]).await;
        assert_eq!(wrong_method.headers["allow"], "GET, POST");
    }
}

journey! {
    async fn a_broken_database_is_told_without_its_cause_and_never_as_a_yes(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let code = app.registrar().invites("p1").await.text("/code").to_owned();
        app.person("anna").redeems(&code).await.expect(201);
        client.post("/v1/links/lookup", app.account("ben")).await.expect(200);
        app.fixture.database.tamper("alter table link rename to gone").await;
        let refused = client.post("/v1/links/lookup", app.account("anna")).await.expect(503);
        assert_eq!(refused.problem(), "unavailable");
        for word in ["link", "table", "relation", "sql"] {
            assert!(!refused.body["detail"].to_string().contains(word), "{}", refused.body);
        }
        app.with_token("").get("/health/live").await.expect(200);
    }
}

journey! {
    async fn health_metrics_and_documentation_are_open_to_all(app: App) {
        let nobody = app.with_token("");
        for path in ["/health/live", "/health/ready", "/openapi.json", "/docs", "/docs/style.css", "/metrics"] {
            nobody.get(path).await.expect(200);
        }
        app.registrar().invites("p1").await;
        let http = reqwest::Client::new();
        let metrics = http.get(format!("{}/metrics", app.url)).send().await.unwrap().text().await.unwrap();
        assert!(metrics.contains("kinlink_http_request_seconds"), "{metrics}");
        assert!(!metrics.contains("inv_") && !metrics.contains("p1\""), "no id stands in a label");
    }
}

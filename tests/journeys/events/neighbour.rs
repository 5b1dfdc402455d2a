use reqwest::Method;
use serde_json::json;

use super::{links, poll};

journey! {
    async fn another_client_neither_sees_nor_touches_a_stream_and_hears_of_its_own_organizations_only(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let (_, same, _) = app.client(&[app.fixture.here.id]).await;
        let (_, foreign, _) = app.client(&[app.fixture.there.id]).await;
        let stream = client.post("/ssf/streams", json!({})).await.expect(201).text("/stream_id").to_owned();
        let hook = json!({"url": "https://receiver.example/"});
        let webhook = client.post("/v1/webhooks", hook).await.expect(201).text("/id").to_owned();
        let subject = json!({"format": "iss_sub", "iss": "https://i.example", "sub": "s"});
        let of = |id: &str| json!({"stream_id": id, "status": "disabled", "subject": subject});
        for other in [&same, &foreign] {
            assert_eq!(other.get("/ssf/streams").await.expect(200).body, json!([]));
            assert_eq!(other.get("/v1/webhooks").await.expect(200).body, json!({"webhooks": []}));
            // Its own is no way in either: a webhook is no stream, and a stream no webhook.
            let own = other.post("/ssf/streams", json!({})).await.expect(201).text("/stream_id").to_owned();
            for (method, path, body) in [
                (Method::GET, format!("/ssf/streams?stream_id={stream}"), None),
                (Method::PATCH, "/ssf/streams".into(), Some(of(&stream))),
                (Method::PUT, "/ssf/streams".into(), Some(of(&stream))),
                (Method::DELETE, format!("/ssf/streams?stream_id={stream}"), None),
                (Method::GET, format!("/ssf/status?stream_id={stream}"), None),
                (Method::POST, "/ssf/status".into(), Some(of(&stream))),
                (Method::POST, "/ssf/subjects/add".into(), Some(of(&stream))),
                (Method::POST, "/ssf/subjects/remove".into(), Some(of(&stream))),
                (Method::POST, "/ssf/verify".into(), Some(of(&stream))),
                (Method::POST, format!("/ssf/poll/{stream}"), Some(json!({"returnImmediately": true}))),
                (Method::GET, format!("/v1/webhooks/{webhook}"), None),
                (Method::GET, format!("/v1/webhooks/{own}"), None),
                (Method::GET, format!("/ssf/streams?stream_id={webhook}"), None),
                (Method::PATCH, format!("/v1/webhooks/{webhook}"), Some(json!({"status": "disabled"}))),
                (Method::POST, format!("/v1/webhooks/{webhook}/rotate-secret"), Some(json!({}))),
                (Method::POST, format!("/v1/webhooks/{webhook}/test"), None),
                (Method::DELETE, format!("/v1/webhooks/{webhook}"), None),
            ] {
                let refused = other.send(method.clone(), &path, body, &[]).await;
                assert_eq!(refused.status, 404, "{method} {path}: {}", refused.body);
            }
            let mut unit = app.fixture.begin().await;
            let (own, owner) = (own.parse().unwrap(), unit.clients().await.unwrap());
            for client in owner {
                unit.remove_stream(client.id, own).await.unwrap();
            }
            unit.save().await.unwrap();
        }
        let theirs = foreign.post("/ssf/streams", json!({})).await.expect(201).text("/stream_id").to_owned();
        links(app, "anna", "p1").await;
        let at_once = json!({"returnImmediately": true});
        let ours = poll(&client, &stream, at_once.clone()).await;
        assert_eq!(ours["sets"].as_object().unwrap().len(), 1);
        assert_eq!(poll(&foreign, &theirs, at_once.clone()).await["sets"], json!({}), "the neighbour's");
        // Acknowledging another's SET changes nothing.
        let jti = ours["sets"].as_object().unwrap().keys().next().unwrap();
        poll(&foreign, &theirs, json!({"returnImmediately": true, "ack": [jti]})).await;
        assert_eq!(poll(&client, &stream, at_once).await["sets"].as_object().unwrap().len(), 1);
        // Nor does replaying, since nothing of the client's own is dead.
        let replayed = foreign.post("/v1/events/replay", json!({})).await.expect(200);
        assert_eq!(replayed.body["replayed"], 0);
    }
}

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Arrived, ends, event, links, receiver, verified};
use crate::app::App;

pub(super) async fn told(app: &App, arrived: &Arrived) -> Vec<(String, Value, Value)> {
    let sets: Vec<_> = arrived.lock().unwrap().drain(..).map(|request| request.body).collect();
    let mut told = Vec::new();
    for set in sets {
        let claims = verified(app, &set).await;
        let (kind, event) = event(&claims);
        told.push((kind, event, claims));
    }
    told
}

journey! {
    async fn a_receiver_hears_of_a_new_link_and_of_its_end_as_a_lookup_would_answer(app: App) {
        let (url, arrived) = receiver();
        let (id, client, _) = app.client(&[app.fixture.here.id]).await;
        let body = json!({"delivery": {"method": "urn:ietf:rfc:8935", "endpoint_url": url}});
        let stream = client.post("/ssf/streams", body).await.expect(201);
        assert_eq!(stream.text("/aud"), id.to_string());
        assert_eq!(stream.body["events_delivered"].as_array().unwrap().len(), 2);

        let link = links(app, "anna", "p1").await;
        app.send_events().await;
        let heard = told(app, &arrived).await;
        let [(kind, event, claims)] = &heard[..] else { panic!("{heard:?}") };
        assert_eq!(kind, "token-claims-change");
        let subject = json!({"format": "iss_sub", "iss": app.idp.issuer(), "sub": "anna"});
        assert_eq!((&claims["sub_id"], &claims["aud"]), (&subject, &json!(id)));
        let looked_up = client.post("/v1/links/lookup", app.account("anna")).await.expect(200);
        assert_eq!(event["claims"]["fhirUser"], looked_up.body["links"][0]["fhirUser"]);
        assert_eq!(event["claims"]["patient"], looked_up.body["links"][0]["patient"]);

        app.pass(TimeDelta::seconds(1));
        ends(app, "anna", &link).await;
        app.send_events().await;
        let heard = told(app, &arrived).await;
        let kinds: Vec<_> = heard.iter().map(|(kind, ..)| kind.as_str()).collect();
        assert_eq!(kinds, ["session-revoked", "token-claims-change"]);
        assert_eq!(heard[1].1["claims"], json!({"fhirUser": null, "patient": null}));
        assert_eq!(heard[0].2["txn"], heard[1].2["txn"]);
    }
}

journey! {
    async fn a_suspension_is_told_as_a_loss_and_its_end_as_a_gain(app: App) {
        let (url, arrived) = receiver();
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let link = links(app, "anna", "p1").await;
        let body = json!({"delivery": {"method": "urn:ietf:rfc:8935", "endpoint_url": url}});
        client.post("/ssf/streams", body).await.expect(201);
        let reviewer = app.staff("reviewer", "here");
        reviewer.post(&format!("/v1/links/{link}/suspend"), json!({"reason": "safety"})).await.expect(200);
        app.send_events().await;
        let heard = told(app, &arrived).await;
        let kinds: Vec<_> = heard.iter().map(|(kind, ..)| kind.as_str()).collect();
        assert_eq!(kinds, ["session-revoked", "token-claims-change"]);
        for (.., claims) in &heard {
            let text = claims.to_string();
            for telling in ["safety", "suspend", "staff", "reviewer", "initiating_entity"] {
                assert!(!text.contains(telling), "{telling} in {text}");
            }
        }
        reviewer.post(&format!("/v1/links/{link}/reinstate"), json!({"reason": "unfounded"})).await.expect(200);
        app.send_events().await;
        let heard = told(app, &arrived).await;
        assert_eq!(heard.len(), 1);
        assert_eq!(heard[0].1["claims"]["patient"], "p1");
    }
}

journey! {
    async fn a_stream_is_read_changed_replaced_and_removed_by_the_letter_of_the_framework(app: App) {
        let (url, _) = receiver();
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        assert_eq!(client.get("/ssf/streams").await.expect(200).body, json!([]));
        let revoked = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
        let body = json!({
            "delivery": {"method": "urn:ietf:rfc:8935", "endpoint_url": url, "authorization_header": "Bearer s3cret"},
            "events_requested": [revoked, "urn:example:unknown"], "description": "one",
        });
        let made = client.post("/ssf/streams", body).await.expect(201);
        assert_eq!(made.headers["cache-control"], "no-store");
        assert_eq!(made.body["events_requested"], json!([revoked]));
        assert!(!made.body.to_string().contains("s3cret"));
        let id = made.text("/stream_id");
        let of_it = format!("/ssf/streams?stream_id={id}");
        assert_eq!(client.get(&of_it).await.expect(200).body, made.body);
        assert_eq!(client.get("/ssf/streams").await.expect(200).body, json!([made.body]));

        let send = async |method: Method, body: Value| client.send(method, "/ssf/streams", Some(body), &[]).await;
        let changed = send(Method::PATCH, json!({"stream_id": id, "description": "two"})).await.expect(200);
        assert_eq!((changed.text("/description"), &changed.body["delivery"]), ("two", &made.body["delivery"]));
        for wrong in [
            json!({"stream_id": id, "iss": "https://other.example"}),
            json!({"stream_id": id, "events_delivered": []}),
            json!({"description": "which?"}),
            json!({"stream_id": id, "delivery": {"method": "urn:ietf:rfc:8935"}}),
            json!({"stream_id": id, "delivery": {"method": "carrier-pigeon"}}),
            json!({"stream_id": id, "delivery": {"method": "urn:ietf:rfc:8935", "endpoint_url": "http://10.0.0.1/"}}),
        ] {
            assert_eq!(send(Method::PATCH, wrong.clone()).await.status, 400, "{wrong}");
        }
        let mut whole = changed.body.clone();
        whole["description"] = Value::Null;
        whole["delivery"] = Value::Null;
        let replaced = send(Method::PUT, whole).await.expect(200);
        assert_eq!(replaced.text("/delivery/method"), "urn:ietf:rfc:8936");
        assert!(replaced.text("/delivery/endpoint_url").ends_with(&format!("/ssf/poll/{id}")));
        assert!(replaced.body["description"].is_null());

        let status = json!({"stream_id": id, "status": "paused", "reason": "moving"});
        client.post("/ssf/status", status.clone()).await.expect(200);
        assert_eq!(client.get(&format!("/ssf/status?stream_id={id}")).await.expect(200).body, status);
        client.post("/ssf/status", json!({"stream_id": id, "status": "asleep"})).await.expect(400);

        client.send(Method::DELETE, &of_it, None, &[]).await.expect(204);
        client.get(&of_it).await.expect(404);
        client.send(Method::DELETE, &of_it, None, &[]).await.expect(404);
    }
}

journey! {
    async fn a_verification_event_says_what_it_was_given_and_is_not_had_too_often(app: App) {
        let (url, arrived) = receiver();
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let body = json!({"delivery": {"method": "urn:ietf:rfc:8935", "endpoint_url": url}});
        let stream = client.post("/ssf/streams", body).await.expect(201).text("/stream_id").to_owned();
        let asked = json!({"stream_id": stream, "state": "VGhpcw=="});
        client.post("/ssf/verify", asked.clone()).await.expect(204);
        app.send_events().await;
        let heard = told(app, &arrived).await;
        assert_eq!((heard[0].0.as_str(), &heard[0].1), ("verification", &json!({"state": "VGhpcw=="})));
        assert_eq!(heard[0].2["sub_id"], json!({"format": "opaque", "id": stream}));
        let refused = client.post("/ssf/verify", asked.clone()).await.expect(429);
        assert_eq!(refused.problem(), "too-many-verifications");
        app.pass(TimeDelta::seconds(10));
        client.post("/ssf/verify", asked).await.expect(204);
    }
}

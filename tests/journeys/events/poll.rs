use std::time::{Duration, Instant};

use kinlink_domain::{client::ClientStatus, store::Change};
use serde_json::{Value, json};

use super::{ends, event, links, poll, verified};
use crate::app::Caller;

async fn stream(client: &Caller) -> String {
    client.post("/ssf/streams", json!({})).await.expect(201).text("/stream_id").to_owned()
}

fn jtis(answer: &Value) -> Vec<String> {
    answer["sets"].as_object().unwrap().keys().cloned().collect()
}

fn at_once() -> Value {
    json!({"returnImmediately": true})
}

journey! {
    async fn a_set_comes_again_until_it_is_acknowledged_and_the_next_of_its_account_only_then(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let stream = stream(&client).await;
        assert_eq!(poll(&client, &stream, at_once()).await, json!({"sets": {}, "moreAvailable": false}));
        let link = links(app, "anna", "p1").await;
        ends(app, "anna", &link).await;
        let mut kinds = Vec::new();
        let mut ack: Vec<String> = Vec::new();
        for _ in 0..3 {
            let body = json!({"returnImmediately": true, "ack": ack});
            let first = poll(&client, &stream, body).await;
            let again = poll(&client, &stream, at_once()).await;
            assert_eq!(jtis(&first), jtis(&again), "not acknowledged, so it comes again");
            let [jti] = &jtis(&first)[..] else { panic!("{first}") };
            let claims = verified(app, first["sets"][jti].as_str().unwrap()).await;
            assert_eq!(claims["jti"], json!(jti));
            kinds.push(event(&claims).0);
            ack = vec![jti.clone()];
        }
        assert_eq!(kinds, ["token-claims-change", "session-revoked", "token-claims-change"]);
        let last = poll(&client, &stream, json!({"returnImmediately": true, "ack": ack})).await;
        assert_eq!(last["sets"], json!({}));
    }
}

journey! {
    async fn a_long_poll_answers_as_soon_as_there_is_something(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let stream = stream(&client).await;
        let waiting = {
            let (client, stream) = (client.clone(), stream.clone());
            tokio::spawn(async move { (poll(&client, &stream, json!({})).await, Instant::now()) })
        };
        tokio::time::sleep(Duration::from_millis(600)).await;
        assert!(!waiting.is_finished(), "there is nothing yet");
        links(app, "anna", "p1").await;
        let acknowledged = Instant::now();
        let (answer, answered) = waiting.await.unwrap();
        assert_eq!(jtis(&answer).len(), 1);
        assert!(answered.saturating_duration_since(acknowledged) < Duration::from_secs(1));
    }
}

journey! {
    async fn a_long_poll_that_hears_nothing_answers_before_the_server_gives_up(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let stream = stream(&client).await;
        let (url, replica) = app.replica_with(|settings| settings.request_timeout = Duration::from_secs(2));
        let began = Instant::now();
        let answer = poll(&app.at(&url, &client), &stream, json!({})).await;
        assert_eq!(answer, json!({"sets": {}, "moreAvailable": false}));
        assert!(began.elapsed() > Duration::from_millis(900), "it waited");
        replica.stop().await;
    }
}

journey! {
    async fn a_client_that_is_disabled_while_it_waits_hears_nothing_more(app: App) {
        let (id, client, _) = app.client(&[app.fixture.here.id]).await;
        let stream = stream(&client).await;
        let waiting = {
            let (client, stream) = (client.clone(), stream.clone());
            tokio::spawn(async move { client.post(&format!("/ssf/poll/{stream}"), json!({})).await })
        };
        tokio::time::sleep(Duration::from_millis(600)).await;
        // At another replica, and with the event that it waits for.
        let mut unit = app.fixture.begin().await;
        let mut stored = unit.client(id).await.unwrap().unwrap();
        stored.status = ClientStatus::Disabled { at: app.fixture.ports.clock.now() };
        unit.update_client(&stored).await.unwrap();
        unit.changed(Change::Client(id));
        unit.save().await.unwrap();
        links(app, "anna", "p1").await;
        assert_eq!(waiting.await.unwrap().expect(401).problem(), "unauthenticated");
    }
}

journey! {
    async fn who_waits_hears_only_of_the_organizations_that_it_serves_by_then(app: App) {
        let (id, client, _) = app.client(&[app.fixture.here.id]).await;
        let stream = stream(&client).await;
        let status = async |status: &str| {
            client.post("/ssf/status", json!({"stream_id": stream, "status": status})).await.expect(200);
        };
        status("paused").await;
        let (url, replica) = app.replica_with(|settings| settings.request_timeout = Duration::from_secs(5));
        let waiting = {
            let (client, stream) = (app.at(&url, &client), stream.clone());
            tokio::spawn(async move { poll(&client, &stream, json!({})).await })
        };
        tokio::time::sleep(Duration::from_millis(300)).await;
        links(app, "anna", "p1").await;
        let mut unit = app.fixture.begin().await;
        let mut stored = unit.client(id).await.unwrap().unwrap();
        stored.organizations = vec![app.fixture.there.id];
        unit.update_client(&stored).await.unwrap();
        unit.save().await.unwrap();
        assert!(!waiting.is_finished());
        status("enabled").await;
        assert_eq!(waiting.await.unwrap()["sets"], json!({}));
        replica.stop().await;
    }
}

journey! {
    async fn a_receiver_takes_as_many_as_it_wants_and_refuses_what_it_cannot_use(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let stream = stream(&client).await;
        for (name, patient) in [("anna", "p1"), ("ben", "p2"), ("cleo", "p3")] {
            links(app, name, patient).await;
        }
        let first = poll(&client, &stream, json!({"returnImmediately": true, "maxEvents": 2})).await;
        assert_eq!((jtis(&first).len(), &first["moreAvailable"]), (2, &json!(true)));
        let refused = &jtis(&first)[0];
        let errors = json!({refused: {"err": "invalid_key", "description": "anna"}});
        let only = json!({"maxEvents": 0, "ack": [jtis(&first)[1]], "setErrs": errors});
        assert_eq!(poll(&client, &stream, only).await["sets"], json!({}));
        let rest = poll(&client, &stream, at_once()).await;
        assert_eq!((jtis(&rest).len(), &rest["moreAvailable"]), (1, &json!(false)));
        let ack = json!({"maxEvents": 0, "ack": jtis(&rest)});
        poll(&client, &stream, ack).await;

        let dead = client.get("/v1/events/dead").await.expect(200);
        assert_eq!(dead.body["events"].as_array().unwrap().len(), 1);
        assert_eq!((dead.text("/events/0/id"), dead.text("/events/0/error")), (&**refused, "refused: invalid_key"));
        assert!(!dead.body.to_string().contains("anna"));
        let replayed = client.post("/v1/events/replay", json!({"events": [refused]})).await.expect(200);
        assert_eq!(replayed.body["replayed"], 1);
        assert_eq!(&jtis(&poll(&client, &stream, at_once()).await), std::slice::from_ref(refused));
    }
}

journey! {
    async fn who_is_not_heard_of_is_not_told_of_and_nobody_learns_whether_there_is_such_an_account(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let stream = stream(&client).await;
        let about = |name: &str| {
            json!({"stream_id": stream, "subject": {"format": "iss_sub", "iss": app.idp.issuer(), "sub": name}})
        };
        client.post("/ssf/subjects/remove", about("anna")).await.expect(204);
        client.post("/ssf/subjects/remove", about("nobody-at-all")).await.expect(204);
        links(app, "anna", "p1").await;
        assert_eq!(jtis(&poll(&client, &stream, at_once()).await).len(), 0);
        client.post("/ssf/subjects/add", about("anna")).await.expect(200);
        links(app, "anna", "p2").await;
        assert_eq!(jtis(&poll(&client, &stream, at_once()).await).len(), 1);
        let email = json!({"stream_id": stream, "subject": {"format": "email", "email": "a@b.example"}});
        client.post("/ssf/subjects/add", email).await.expect(400);
    }
}

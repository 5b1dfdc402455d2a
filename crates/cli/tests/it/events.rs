//! A server that is killed between the commit and the sending loses no event; and what the operator does.

use std::{
    collections::BTreeSet,
    net::TcpListener,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use actix_web::{App, HttpResponse, HttpServer, web};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::{
    killed::{STORM, codes, provider, serve, stop_gracefully, storm},
    kinlink::{Kinlink, on_both},
};

/// The subjects of SETs that a receiver took.
type Heard = Arc<Mutex<BTreeSet<String>>>;

fn receiver(listener: TcpListener) -> (Heard, actix_web::dev::ServerHandle) {
    let heard = Heard::default();
    let kept = heard.clone();
    let server = HttpServer::new(move || {
        let kept = kept.clone();
        App::new().default_service(web::to(move |set: String| {
            let kept = kept.clone();
            async move {
                let claims = URL_SAFE_NO_PAD.decode(set.split('.').nth(1).unwrap()).unwrap();
                let claims: Value = serde_json::from_slice(&claims).unwrap();
                kept.lock().unwrap().insert(claims["sub_id"]["sub"].as_str().unwrap().to_owned());
                HttpResponse::Accepted().finish()
            }
        }))
    });
    let server = server.workers(1).disable_signals().listen(listener).unwrap().run();
    let handle = server.handle();
    tokio::spawn(server);
    (heard, handle)
}

fn word(text: &str, prefix: &str) -> String {
    text.split_whitespace().find(|word| word.starts_with(prefix)).unwrap().to_owned()
}

fn add_client(it: &Kinlink) -> (String, String) {
    let add = ["client", "add", "--name", "c", "--organization", "northside", "--api-key"];
    let made = it.run(&add).expect(0).out;
    (word(&made, "cli_"), word(&made, "klk_"))
}

async fn make_stream(url: &str, api_key: &str, endpoint: &str) {
    let body = json!({"delivery": {"method": "urn:ietf:rfc:8935", "endpoint_url": endpoint}});
    let request = reqwest::Client::new().post(format!("{url}/ssf/streams")).bearer_auth(api_key).json(&body);
    assert_eq!(request.send().await.unwrap().status(), 201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_between_commit_and_sending_loses_no_event() {
    let (idp, provider) = provider();
    on_both(async |it| {
        std::fs::write(it.folder.path().join("kinlink.toml"), "[events]\nprivate_receivers = true\n")
            .unwrap();
        let trust =
            ["issuer", "add", "--organization", "northside", "--iss", idp.issuer(), "--audience", "kinlink"];
        it.run(&[&trust[..], &["--accounts"]].concat()).expect(0);
        let (_, api_key) = add_client(it);
        let codes = codes(it, STORM);

        // Nobody listens there yet, so whatever is acknowledged has not been sent when the server dies.
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        drop(socket);
        let (child, url) = serve(it);
        make_stream(&url, &api_key, &format!("http://{address}/events")).await;
        let acknowledged = storm(&idp, &url, codes, child).await;
        assert!(!acknowledged.is_empty());

        let (heard, handle) = receiver(TcpListener::bind(address).unwrap());
        let expected: BTreeSet<_> = acknowledged.iter().map(|n| format!("person-{n}")).collect();
        let (child, _) = serve(it);
        // What the dead server had taken comes when its lease of a minute is over.
        let patience = Instant::now();
        while !expected.is_subset(&heard.lock().unwrap()) {
            let missing = expected.difference(&heard.lock().unwrap()).count();
            assert!(patience.elapsed() < Duration::from_mins(2), "{missing} never came");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        stop_gracefully(child);
        handle.stop(false).await;
    })
    .await;
    provider.stop(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_operator_makes_webhooks_and_sees_what_was_given_up() {
    on_both(async |it| {
        let (client, _) = add_client(it);
        let url = ["--url", "https://receiver.example/in?token=s3cret"];
        let add = ["events", "webhook", "add", "--client", &client];
        let private = ["--url", "https://10.0.0.1/"];
        assert!(it.run(&[&add[..], &private].concat()).expect(2).err.contains("private network"));
        let made = it.run(&[&add[..], &url].concat()).expect(0).out;
        assert!(made.contains("whsec_"));
        let webhook = word(&made, "str_");
        let listed = it.run(&["events", "streams", "--json"]).expect(0).out;
        assert!(listed.contains(&webhook) && listed.contains("receiver.example"));
        assert!(!listed.contains("s3cret") && !listed.contains("whsec_"));
        it.run(&["events", "webhook", "test", "--client", &client, &webhook]).expect(0);
        it.database.tamper("update event_delivery set status = 'dead', error = 'HTTP 404'").await;
        let dead = it.run(&["events", "dead", "--json"]).expect(0).out;
        let dead: Value = serde_json::from_str(&dead).unwrap();
        assert_eq!((&dead[0]["error"], &dead[0]["event"]), (&json!("HTTP 404"), &json!("endpoint.test")));
        let replayed = it.run(&["events", "replay", dead[0]["id"].as_str().unwrap()]).expect(0).out;
        assert!(replayed.starts_with("1 events"), "{replayed}");
        assert_eq!(it.run(&["events", "dead", "--json"]).expect(0).out.trim(), "[]");
        it.run(&["events", "webhook", "remove", "--client", &client, &webhook]).expect(0);
        assert_eq!(it.run(&["events", "streams", "--json"]).expect(0).out.trim(), "[]");
    })
    .await;
}

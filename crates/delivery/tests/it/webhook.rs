use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::Arc,
    time::Duration,
};

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::TimeDelta;
use kinlink_delivery::{OutboxWorker, Pages, Sender, WebhookSecrets, WebhookSender, WebhookSettings};
use kinlink_domain::{
    id::{InvitationId, MessageId},
    outbox::{Delivery, Letter, MAX_ATTEMPTS, Message, MessageBody, MessageKind, Text},
    phone::PhoneNumber,
    policy::Paper,
    postal::PostalAddress,
    store::Store,
};
use kinlink_testkit::{Fixture, on_both_databases};

use crate::receiver::{Answer, Receiver};

const SECRET: [u8; 32] = [7; 32];

fn sender(url: &str) -> WebhookSender {
    let secrets = WebhookSecrets::parse(&format!("whsec_{}", STANDARD.encode(SECRET))).unwrap();
    let settings = WebhookSettings { url: url.parse().unwrap(), secrets, timeout: Duration::from_secs(1) };
    let pages = Pages {
        public_url: "https://kinlink.example".into(),
        redeem_url: Some("https://portal.example/redeem".into()),
    };
    WebhookSender::new(settings, pages).unwrap()
}

fn text(it: &Fixture) -> Message {
    let now = it.ports.clock.now();
    let to = PhoneNumber::parse("+1 617 555 0123", None).unwrap();
    let expires_at = now + TimeDelta::days(90);
    let text = Text::Invitation { organization: "Here".into(), code: "AAAA-BBBB-CCCC".into(), expires_at };
    Message {
        id: MessageId::new(now, &*it.ports.random),
        organization: it.here.id,
        body: MessageBody::Text { to, text },
        due_at: now,
        expires_at: Some(expires_at),
        attempts: 0,
    }
}

async fn enqueue(it: &Fixture, message: &Message) {
    let mut unit = it.store.begin().await.unwrap();
    unit.send(message.clone());
    unit.save().await.unwrap();
}

fn worker(it: &Fixture, kind: MessageKind, sender: WebhookSender) -> OutboxWorker {
    let (store, ports) = (Arc::new(it.store.clone()), it.ports.clone());
    OutboxWorker::new(store, kind, Arc::new(sender), ports.clock, ports.random)
}

async fn deliver(it: &Fixture, url: &str) -> Delivery {
    sender(url).send(&text(it), it.ports.clock.now()).await
}

on_both_databases! {
    async fn a_text_arrives_once_signed_so_that_another_implementation_believes_it(it: Fixture) {
        let receiver = Receiver::start(&[Answer::Status(204)]);
        let message = text(it);
        enqueue(it, &message).await;
        let worker = worker(it, MessageKind::Text, sender(&receiver.url));
        assert_eq!(worker.step().await.unwrap(), 1);
        it.clock.advance(TimeDelta::days(1));
        assert_eq!(worker.step().await.unwrap(), 0);
        let all = receiver.received();
        let [one] = all.as_slice() else { panic!("{} arrived", all.len()) };
        assert_eq!(one.id, message.id.to_string());
        assert_eq!(one.timestamp, message.due_at.timestamp().to_string());
        let signed = [one.id.as_bytes(), b".", one.timestamp.as_bytes(), b".", &one.body].concat();
        let signature = STANDARD.decode(one.signature.strip_prefix("v1,").unwrap()).unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, &SECRET);
        hmac::verify(&key, &signed, &signature).unwrap();
        let body: serde_json::Value = serde_json::from_slice(&one.body).unwrap();
        assert_eq!(body["type"], "message.text");
        assert_eq!(body["timestamp"], "2026-03-01T12:00:00Z");
        assert_eq!(body["data"]["to"], "+16175550123");
        assert_eq!(body["data"]["template"], "invitation");
        let words = body["data"]["text"].as_str().unwrap();
        assert!(words.contains("AAAA-BBBB-CCCC") && words.contains("redeem#code=AAAA"), "{words}");
        receiver.stop().await;
    }
}

on_both_databases! {
    async fn a_letter_arrives_with_its_address_and_its_page(it: Fixture) {
        let receiver = Receiver::start(&[Answer::Status(200)]);
        let now = it.ports.clock.now();
        let letter = Letter::Invitation {
            organization: "Here".into(),
            return_address: vec![],
            paper: Paper::A4,
            issued_at: now,
            code: "AAAA-BBBB-CCCC-DDDD".into(),
            expires_at: now,
            asks_birth_date: false,
            invitation: InvitationId::new(now, &*it.ports.random),
        };
        let to = PostalAddress { name: "Ann Lee".into(), lines: vec!["1 Main Street".into(), "Here".into()] };
        enqueue(it, &Message { body: MessageBody::Letter { to, letter }, ..text(it) }).await;
        assert_eq!(worker(it, MessageKind::Letter, sender(&receiver.url)).step().await.unwrap(), 1);
        let body: serde_json::Value = serde_json::from_slice(&receiver.received()[0].body).unwrap();
        assert_eq!(body["type"], "message.letter");
        assert_eq!(body["data"]["to"], serde_json::json!({"name": "Ann Lee", "lines": ["1 Main Street", "Here"]}));
        let html = body["data"]["html"].as_str().unwrap();
        assert!(html.starts_with("<!doctype html>") && html.contains("Ann Lee") && html.contains("<svg"));
        receiver.stop().await;
    }
}

on_both_databases! {
    async fn a_receiver_that_fails_gets_the_same_message_again_and_may_ask_for_a_pause(it: Fixture) {
        let receiver = Receiver::start(&[Answer::Status(500), Answer::RetryAfter(429, "600"), Answer::Status(200)]);
        enqueue(it, &text(it)).await;
        let worker = worker(it, MessageKind::Text, sender(&receiver.url));
        assert_eq!(worker.step().await.unwrap(), 1);
        it.clock.advance(TimeDelta::seconds(5));
        assert_eq!(worker.step().await.unwrap(), 1, "five seconds after the first try");
        it.clock.advance(TimeDelta::seconds(599));
        assert_eq!(worker.step().await.unwrap(), 0, "not before the pause that it asked for is over");
        it.clock.advance(TimeDelta::seconds(1));
        assert_eq!(worker.step().await.unwrap(), 1);
        let all = receiver.received();
        assert_eq!(all.len(), 3);
        for again in &all[1..] {
            assert_eq!((&again.id, &again.body), (&all[0].id, &all[0].body), "so that it knows the second copy");
            assert_ne!(again.signature, all[0].signature, "each try is signed with its own time");
        }
        assert_eq!(it.database.count("select count(*) from outbox_message where status = 'sent'").await, 1);
        receiver.stop().await;
    }
}

on_both_databases! {
    async fn a_message_that_is_never_taken_is_dead_in_the_end_and_nothing_of_it_is_kept(it: Fixture) {
        let receiver = Receiver::start(&[Answer::Status(503)]);
        enqueue(it, &text(it)).await;
        let worker = worker(it, MessageKind::Text, sender(&receiver.url));
        for _ in 0..MAX_ATTEMPTS {
            assert_eq!(worker.step().await.unwrap(), 1);
            it.clock.advance(TimeDelta::hours(1));
        }
        assert_eq!(worker.step().await.unwrap(), 0);
        assert_eq!(receiver.received().len(), usize::from(MAX_ATTEMPTS));
        let dead = "select count(*) from outbox_message where status = 'dead' and sealed is null and error = 'HTTP 503'";
        assert_eq!(it.database.count(dead).await, 1);
        receiver.stop().await;
    }
}

on_both_databases! {
    async fn what_is_wrong_with_a_receiver_decides_what_becomes_of_the_message(it: Fixture) {
        for (answer, expected, requests) in [
            (Answer::Status(400), Delivery::dead("HTTP 400"), 1),
            (Answer::Status(410), Delivery::dead("HTTP 410"), 1),
            (Answer::Status(408), Delivery::retry("HTTP 408"), 1),
            // One request: the redirect was not followed.
            (Answer::Redirect, Delivery::retry("HTTP 302"), 1),
            (Answer::Slow, Delivery::retry("the webhook did not answer in time"), 1),
        ] {
            let receiver = Receiver::start(&[answer]);
            assert_eq!(deliver(it, &receiver.url).await, expected, "{answer:?}");
            assert_eq!(receiver.received().len(), requests, "{answer:?}");
            receiver.stop().await;
        }
        let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let refused = deliver(it, &format!("http://{nobody}/")).await;
        assert_eq!(refused, Delivery::retry("the connection to the webhook failed"));
    }
}

on_both_databases! {
    async fn an_answer_that_is_no_http_is_tried_again(it: Fixture) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let babbling = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut some = [0; 64];
            let _ = stream.read(&mut some).unwrap();
            let _ = stream.write_all(b"\x00\xffhello\r\n\r\n");
        });
        assert!(matches!(deliver(it, &url).await, Delivery::Retry { after: None, .. }));
        babbling.join().unwrap();
    }
}

use std::{io::Write, net::TcpListener};

use chrono::{DateTime, TimeDelta, Utc};
use kinlink_domain::{
    event::LinkEventKind,
    outbox::MAX_ATTEMPTS,
    page::Page,
    stream::{EventDelivery, EventStream},
};
use kinlink_testkit::{Fixture, on_both_databases};

use super::{client, happens, push, pushed, stream, worker};
use crate::event_receiver::{Answer, Arrived, EventReceiver};

async fn the_stream(it: &Fixture) -> EventStream {
    it.begin().await.streams(None).await.unwrap().remove(0)
}

async fn dead(it: &Fixture) -> Vec<EventDelivery> {
    it.begin().await.dead_events(None, Page { after: None, limit: 50 }).await.unwrap().items
}

async fn replay(it: &Fixture, now: DateTime<Utc>) -> u64 {
    let mut unit = it.begin().await;
    let replayed = unit.replay_events(None, None, now).await.unwrap();
    unit.save().await.unwrap();
    replayed
}

on_both_databases! {
    async fn a_receiver_that_is_down_is_asked_with_one_event_and_gets_all_when_it_is_back(it: Fixture) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        pushed(it, &format!("http://{address}/events")).await;
        happens(it, "anna", LinkEventKind::Closed).await;
        assert_eq!(worker(it).step().await.unwrap(), 1);
        for n in 0..10 {
            happens(it, &format!("person-{n}"), LinkEventKind::Closed).await;
        }
        assert_eq!(worker(it).step().await.unwrap(), 0, "it is left alone for a while");
        it.clock.advance(TimeDelta::seconds(6));
        assert_eq!(worker(it).step().await.unwrap(), 1, "one event shows whether it is back");
        let failing = the_stream(it).await.failing.unwrap();
        assert_eq!(failing.error, "the connection to the webhook failed");
        assert_eq!(it.ports.clock.now() - failing.since, TimeDelta::seconds(6), "since the first time");
        let back = EventReceiver::on(TcpListener::bind(address).unwrap(), |_, _| Answer::Status(202));
        it.clock.advance(TimeDelta::minutes(1));
        assert_eq!(worker(it).step().await.unwrap(), 11);
        assert_eq!(back.arrived().len(), 11);
        assert_eq!(the_stream(it).await.failing, None);
        back.stop().await;
    }
}

on_both_databases! {
    async fn an_answer_that_is_no_http_loses_nothing(it: Fixture) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/events", listener.local_addr().unwrap());
        let garbage = std::thread::spawn(move || {
            let (mut connection, _) = listener.accept().unwrap();
            connection.write_all(b"\x16\x03\x01 what is this?\r\n\r\n").unwrap();
        });
        let client = client(it, &[it.here.id]).await;
        let made = stream(it, client, push(&url)).await;
        happens(it, "anna", LinkEventKind::Closed).await;
        assert_eq!(worker(it).step().await.unwrap(), 1);
        garbage.join().unwrap();
        let receiver = EventReceiver::start(|_, _| Answer::Status(202));
        let mut unit = it.begin().await;
        unit.update_stream(&EventStream { outlet: push(&receiver.url), ..made }).await.unwrap();
        unit.save().await.unwrap();
        it.clock.advance(TimeDelta::minutes(1));
        assert_eq!(worker(it).step().await.unwrap(), 1);
        assert_eq!(receiver.arrived().len(), 1);
        receiver.stop().await;
    }
}

on_both_databases! {
    async fn an_event_that_the_receiver_says_it_cannot_take_is_given_up_and_can_be_replayed(it: Fixture) {
        let receiver = EventReceiver::start(|_, before| match before {
            0 => Answer::Body(400, r#"{"err":"invalid_audience","description":"anna"}"#),
            _ => Answer::Status(202),
        });
        pushed(it, &receiver.url).await;
        happens(it, "anna", LinkEventKind::Closed).await;
        worker(it).step().await.unwrap();
        let given_up = dead(it).await;
        assert_eq!(given_up.len(), 1);
        assert_eq!(given_up[0].error.as_deref(), Some("HTTP 400, invalid_audience"));
        it.clock.advance(TimeDelta::days(2));
        assert_eq!(worker(it).step().await.unwrap(), 0);
        assert_eq!(replay(it, it.ports.clock.now()).await, 1);
        worker(it).step().await.unwrap();
        let jtis: Vec<_> = receiver.arrived().iter().map(Arrived::jti).collect();
        assert_eq!(jtis, [given_up[0].id.to_string(), given_up[0].id.to_string()], "known as the same");
        assert!(dead(it).await.is_empty());
        receiver.stop().await;
    }
}

on_both_databases! {
    async fn a_receiver_that_refuses_for_good_ends_with_dead_events_and_the_next_goes_on(it: Fixture) {
        let receiver = EventReceiver::start(|_, _| Answer::Body(404, "no such thing"));
        pushed(it, &receiver.url).await;
        happens(it, "anna", LinkEventKind::Opened).await;
        it.clock.advance(TimeDelta::seconds(1));
        happens(it, "anna", LinkEventKind::Closed).await;
        for _ in 0..MAX_ATTEMPTS {
            assert_eq!(dead(it).await.len(), 0);
            worker(it).step().await.unwrap();
            it.clock.advance(TimeDelta::hours(1));
        }
        assert_eq!(dead(it).await.len(), 1);
        let last = receiver.arrived().last().unwrap().jti();
        assert_ne!(last, receiver.arrived()[0].jti(), "the second is tried once the first is given up");
        assert!(the_stream(it).await.failing.is_some());
        receiver.stop().await;
    }
}

on_both_databases! {
    async fn a_receiver_that_asks_for_time_gets_it(it: Fixture) {
        let receiver = EventReceiver::start(|_, before| match before {
            0 => Answer::After(429, "120"),
            _ => Answer::Status(202),
        });
        pushed(it, &receiver.url).await;
        happens(it, "anna", LinkEventKind::Closed).await;
        worker(it).step().await.unwrap();
        happens(it, "ben", LinkEventKind::Closed).await;
        it.clock.advance(TimeDelta::seconds(119));
        assert_eq!(worker(it).step().await.unwrap(), 0);
        it.clock.advance(TimeDelta::seconds(1));
        assert_eq!(worker(it).step().await.unwrap(), 2);
        receiver.stop().await;
    }
}

on_both_databases! {
    async fn housekeeping_forgets_what_has_served_and_nothing_else(it: Fixture) {
        let receiver = EventReceiver::start(|arrived, _| match arrived.sub().as_str() {
            "anna" => Answer::Status(202),
            _ => Answer::Body(400, r#"{"err":"invalid_request"}"#),
        });
        pushed(it, &receiver.url).await;
        let client = client(it, &[it.here.id]).await;
        stream(it, client, kinlink_domain::stream::Outlet::Poll).await;
        for sub in ["anna", "ben"] {
            happens(it, sub, LinkEventKind::Closed).await;
        }
        worker(it).step().await.unwrap();
        let mut kept = Vec::new();
        for days in [7, 14, 90] {
            it.clock.advance(TimeDelta::days(days) + TimeDelta::seconds(1));
            it.store.housekeeping(it.ports.clock.now()).await.unwrap();
            kept.push(it.database.count("select count(*) from event_delivery").await);
        }
        // The sent one, then two that nobody polls, then the dead one.
        assert_eq!(kept, [3, 1, 0]);
        receiver.stop().await;
    }
}

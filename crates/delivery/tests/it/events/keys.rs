use chrono::TimeDelta;
use kinlink_delivery::{published_keys, rotate_event_key};
use kinlink_domain::event::LinkEventKind;
use kinlink_testkit::{Fixture, on_both_databases};

use super::{happens, pushed, signed::verified, worker};
use crate::event_receiver::{Answer, EventReceiver};

async fn published(it: &Fixture) -> Vec<String> {
    let keys = published_keys(&it.store, it.ports.clock.now()).await.unwrap();
    keys.into_iter().map(|key| key.kid).collect()
}

async fn signing(it: &Fixture, receiver: &EventReceiver) -> String {
    happens(it, "anna", LinkEventKind::Changed).await;
    worker(it).step().await.unwrap();
    let arrived = receiver.arrived();
    let last = arrived.last().unwrap();
    verified(it, last).await;
    jsonwebtoken::decode_header(&last.body).unwrap().kid.unwrap()
}

on_both_databases! {
    async fn a_new_key_is_published_before_it_signs_and_the_old_one_after(it: Fixture) {
        let receiver = EventReceiver::start(|_, _| Answer::Status(202));
        pushed(it, &receiver.url).await;
        let old = signing(it, &receiver).await;
        assert_eq!(published(it).await, [old.as_str()]);
        let new = rotate_event_key(&it.store, it.ports.clock.now(), false).await.unwrap().kid;
        assert_eq!(published(it).await, [&*old, &*new], "at once");
        assert_eq!(signing(it, &receiver).await, old, "not yet");
        it.clock.advance(TimeDelta::hours(1));
        assert_eq!(signing(it, &receiver).await, new);
        assert_eq!(published(it).await, [&*old, &*new], "what the old one signed can still be checked");
        it.clock.advance(TimeDelta::hours(24));
        assert_eq!(published(it).await, [new.as_str()]);
        receiver.stop().await;
    }
}

on_both_databases! {
    async fn a_key_that_somebody_may_have_seen_is_gone_at_once(it: Fixture) {
        let receiver = EventReceiver::start(|_, _| Answer::Status(202));
        pushed(it, &receiver.url).await;
        let old = signing(it, &receiver).await;
        let new = rotate_event_key(&it.store, it.ports.clock.now(), true).await.unwrap().kid;
        assert_eq!(published(it).await, [new.as_str()]);
        assert_ne!(old, new);
        assert_eq!(signing(it, &receiver).await, new);
        receiver.stop().await;
    }
}

on_both_databases! {
    async fn replicas_that_start_at_once_make_one_key(it: Fixture) {
        let now = it.ports.clock.now();
        let made = futures_util::future::join_all((0..4).map(|_| published_keys(&it.store, now))).await;
        let kids: std::collections::HashSet<_> =
            made.into_iter().flat_map(Result::unwrap).map(|key| key.kid).collect();
        assert_eq!(kids.len(), 1);
        let private = it.database.count("select count(*) from event_key where length(sealed) > 1000").await;
        assert_eq!(private, 1);
    }
}

use chrono::TimeDelta;
use kinlink_domain::signing_key::{KeyPurpose, SIGNS_FOR};
use kinlink_signing::rotate_key;
use kinlink_testkit::{Fixture, on_both_databases};

use crate::verifier::{believed, published, signed, signer};

async fn rotate(it: &Fixture, purpose: KeyPurpose, at_once: bool) -> String {
    rotate_key(&it.store, &it.ports, purpose, at_once).await.unwrap().kid
}

on_both_databases! {
    async fn a_new_key_is_published_before_it_signs_and_the_old_one_until_what_it_signed_is_old(it: Fixture) {
        for purpose in KeyPurpose::ALL {
            // One replica that goes on through it all, with what it keeps in memory.
            let replica = signer(it, purpose);
            let (token, old) = signed(&replica).await;
            assert_eq!(published(it, purpose).await, [old.as_str()]);
            let new = rotate(it, purpose, false).await;
            assert_eq!(published(it, purpose).await, [&*old, &*new], "at once");
            it.clock.advance(TimeDelta::minutes(59));
            assert_eq!(signed(&replica).await.1, old, "not yet");
            it.clock.advance(TimeDelta::minutes(1));
            let (next, by) = signed(&replica).await;
            assert_eq!(by, new);
            assert_eq!(published(it, purpose).await, [&*old, &*new]);
            assert!(believed(it, purpose, &token).await && believed(it, purpose, &next).await);
            it.clock.advance(TimeDelta::hours(24) - TimeDelta::seconds(1));
            assert!(believed(it, purpose, &token).await, "until it is retired");
            it.clock.advance(TimeDelta::seconds(1));
            assert_eq!(published(it, purpose).await, [new.as_str()]);
            assert!(!believed(it, purpose, &token).await && believed(it, purpose, &next).await);
        }
    }
}

on_both_databases! {
    async fn a_key_that_somebody_may_have_seen_is_gone_at_once(it: Fixture) {
        for purpose in KeyPurpose::ALL {
            let replica = signer(it, purpose);
            let (token, old) = signed(&replica).await;
            let announced = rotate(it, purpose, false).await;
            let new = rotate(it, purpose, true).await;
            assert_eq!(published(it, purpose).await, [new.as_str()], "and not {old} or {announced}");
            assert!(!believed(it, purpose, &token).await);
            assert_eq!(signed(&signer(it, purpose)).await.1, new);
            it.clock.advance(TimeDelta::seconds(10));
            let (token, by) = signed(&replica).await;
            assert_eq!(by, new, "by a replica that kept the old one in memory, too");
            assert!(believed(it, purpose, &token).await);
        }
    }
}

on_both_databases! {
    async fn keys_follow_one_another_by_themselves_every_ninety_days(it: Fixture) {
        for purpose in KeyPurpose::ALL {
            let replica = signer(it, purpose);
            let (token, old) = signed(&replica).await;
            it.clock.advance(SIGNS_FOR - TimeDelta::minutes(61));
            assert_eq!(signed(&replica).await.1, old);
            assert_eq!(published(it, purpose).await, [old.as_str()]);
            it.clock.advance(TimeDelta::minutes(1));
            assert_eq!(signed(&replica).await.1, old, "which is when the next one is announced");
            let both = published(it, purpose).await;
            let [_, new] = &both[..] else { unreachable!("two are published") };
            it.clock.advance(TimeDelta::hours(1));
            assert_eq!(signed(&replica).await.1, *new);
            assert!(believed(it, purpose, &token).await);
            it.clock.advance(TimeDelta::hours(24));
            assert_eq!(published(it, purpose).await, [new.as_str()]);
        }
    }
}

on_both_databases! {
    async fn housekeeping_removes_the_private_halves_of_ended_keys_and_numbers_go_on(it: Fixture) {
        for purpose in KeyPurpose::ALL {
            signed(&signer(it, purpose)).await;
            rotate(it, purpose, true).await;
        }
        assert_eq!(it.database.count("select count(*) from signing_key").await, 4);
        let now = it.ports.clock.now();
        assert_eq!(it.store.housekeeping(now).await.unwrap().signing_keys, 0);
        assert_eq!(it.store.housekeeping(now + TimeDelta::seconds(1)).await.unwrap().signing_keys, 2);
        let new = rotate_key(&it.store, &it.ports, KeyPurpose::Event, false).await.unwrap();
        assert_eq!(new.number, 3);
    }
}

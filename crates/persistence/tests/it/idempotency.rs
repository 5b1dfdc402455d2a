//! A request sent again gets the answer that it got, even while the first is still at work.

use chrono::TimeDelta;
use kinlink_domain::store::{IdempotencyClaim, IdempotencyKey, Store};
use kinlink_testkit::{Fixture, on_both_databases};

const KEY: IdempotencyKey = IdempotencyKey { request: [1; 16], body: [2; 16] };

async fn claim(it: &Fixture, key: &IdempotencyKey) -> IdempotencyClaim {
    it.begin().await.claim(key, it.ports.clock.now()).await.unwrap()
}

async fn answer(it: &Fixture) {
    let mut unit = it.begin().await;
    assert_eq!(unit.claim(&KEY, it.ports.clock.now()).await.unwrap(), IdempotencyClaim::Fresh);
    unit.keep_answer(&KEY, 201, b"the answer").await.unwrap();
    unit.save().await.unwrap();
}

on_both_databases! {
    async fn the_same_request_gets_the_same_answer_and_another_body_is_told_apart(it: Fixture) {
        answer(it).await;
        let answered = IdempotencyClaim::Answered { status: 201, body: b"the answer".to_vec() };
        assert_eq!(claim(it, &KEY).await, answered);
        let other_body = IdempotencyKey { body: [3; 16], ..KEY };
        assert_eq!(claim(it, &other_body).await, IdempotencyClaim::OtherBody);
        let other_request = IdempotencyKey { request: [3; 16], ..KEY };
        assert_eq!(claim(it, &other_request).await, IdempotencyClaim::Fresh);
    }
}

on_both_databases! {
    async fn a_claim_that_is_dropped_or_released_leaves_the_key_free(it: Fixture) {
        assert_eq!(claim(it, &KEY).await, IdempotencyClaim::Fresh);
        let mut unit = it.begin().await;
        assert_eq!(unit.claim(&KEY, it.ports.clock.now()).await.unwrap(), IdempotencyClaim::Fresh);
        unit.release(&KEY).await.unwrap();
        unit.save().await.unwrap();
        assert_eq!(claim(it, &KEY).await, IdempotencyClaim::Fresh);
    }
}

on_both_databases! {
    async fn of_requests_at_once_one_is_done_and_all_get_its_answer(it: Fixture) {
        let mut requests = tokio::task::JoinSet::new();
        for n in 0..12_u8 {
            let (store, now) = (it.store.clone(), it.ports.clock.now());
            requests.spawn(async move {
                let mut unit = store.begin().await.unwrap();
                match unit.claim(&KEY, now).await.unwrap() {
                    IdempotencyClaim::Fresh => {
                        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                        unit.keep_answer(&KEY, 200, &[n]).await.unwrap();
                        unit.save().await.unwrap();
                        (true, vec![n])
                    }
                    IdempotencyClaim::Answered { body, .. } => (false, body),
                    IdempotencyClaim::OtherBody => panic!("the body is the same"),
                }
            });
        }
        let outcomes = requests.join_all().await;
        assert_eq!(outcomes.iter().filter(|(done, _)| *done).count(), 1);
        assert!(outcomes.iter().all(|(_, body)| *body == outcomes[0].1), "{outcomes:?}");
    }
}

on_both_databases! {
    async fn an_answer_is_forgotten_after_a_day(it: Fixture) {
        answer(it).await;
        it.clock.advance(TimeDelta::hours(24));
        assert_eq!(it.store.housekeeping(it.ports.clock.now()).await.unwrap().answers, 0);
        it.clock.advance(TimeDelta::microseconds(1));
        assert_eq!(it.store.housekeeping(it.ports.clock.now()).await.unwrap().answers, 1);
        assert_eq!(claim(it, &KEY).await, IdempotencyClaim::Fresh);
    }
}

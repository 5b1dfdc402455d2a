//! Wrong tries are all counted, as the domain counts them, and no more are let through than allowed.

use chrono::TimeDelta;
use kinlink_domain::{
    attempt::{AttemptCounter, AttemptScope},
    store::Store,
};
use kinlink_testkit::on_both_databases;

const SCOPE: AttemptScope = AttemptScope::Account;

on_both_databases! {
    async fn tries_at_once_on_a_counter_that_is_new_never_pass_the_limit(it: Fixture) {
        let mut tries = tokio::task::JoinSet::new();
        for _ in 0..40 {
            let (store, now) = (it.store.clone(), it.ports.clock.now());
            tries.spawn(async move {
                let mut unit = store.begin().await.unwrap();
                let counter = unit.attempts_for_update(SCOPE, [7; 16], now).await.unwrap();
                let locked = counter.and_then(|counter| counter.locked_until(SCOPE.limit(), now)).is_some();
                if !locked {
                    unit.count_failure(SCOPE, [7; 16], now).await.unwrap();
                }
                unit.save().await.unwrap();
                !locked
            });
        }
        let let_through = tries.join_all().await.into_iter().filter(|passed| *passed).count();
        assert_eq!(let_through, 10);
    }
}

on_both_databases! {
    async fn a_window_is_counted_as_the_domain_counts_it(it: Fixture) {
        let mut expected = None;
        // On both sides of the window's end, with whole and broken seconds.
        for micros in [0, 1, 1_500_000, 3_598_499_998, 1, 5_000_000, 3_594_999_999, 7_200_000_000, 3] {
            it.clock.advance(TimeDelta::microseconds(micros));
            let now = it.ports.clock.now();
            expected = Some(AttemptCounter::after_failure(expected, SCOPE.limit(), now));
            let mut unit = it.begin().await;
            let counted = unit.count_failure(SCOPE, [7; 16], now).await.unwrap();
            unit.save().await.unwrap();
            assert_eq!(Some(counted), expected, "after {micros} more");
        }
    }
}

on_both_databases! {
    async fn a_counter_is_of_one_scope_and_key_and_looking_does_not_count(it: Fixture) {
        let now = it.ports.clock.now();
        let mut unit = it.begin().await;
        assert_eq!(unit.attempts_for_update(SCOPE, [7; 16], now).await.unwrap(), None);
        unit.save().await.unwrap();
        let mut unit = it.begin().await;
        assert_eq!(unit.attempts(SCOPE, [7; 16]).await.unwrap(), None);
        unit.count_failure(SCOPE, [7; 16], now).await.unwrap();
        assert_eq!(unit.attempts(AttemptScope::Address, [7; 16]).await.unwrap(), None);
        assert_eq!(unit.attempts(SCOPE, [8; 16]).await.unwrap(), None);
        assert_eq!(unit.attempts(SCOPE, [7; 16]).await.unwrap().unwrap().failures, 1);
    }
}

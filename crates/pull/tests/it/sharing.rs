use kinlink_domain::source::{Source, SourceState};
use kinlink_pull::{PullError, PullWorker};
use kinlink_testkit::on_both_databases;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    following::{Seen, change, pull, puller, source, stored},
    server::{FhirDouble, patient},
};

on_both_databases! {
    async fn workers_pull_what_is_due_once_and_again_when_told(it: Fixture) {
        let server = FhirDouble::start(vec![patient("q1", "2026-01-01T00:00:00Z")]);
        let source = source(it, &server).await;
        let stop = CancellationToken::new();
        let (one, two) = (PullWorker::new(puller(it)), PullWorker::new(puller(it)));
        let (first, second) = tokio::join!(one.step(&stop), two.step(&stop));
        assert!(first.unwrap() ^ second.unwrap(), "one of two replicas pulls it");
        assert_eq!(server.asked().len(), 1);
        assert!(!one.step(&stop).await.unwrap(), "it is not due again yet");
        change(it, &source, |source| source.notify(it.ports.clock.now())).await;
        assert!(two.step(&stop).await.unwrap());
        it.clock.advance(source.every);
        assert!(one.step(&stop).await.unwrap());
        server.stop().await;
    }
}

on_both_databases! {
    async fn a_lease_keeps_others_away_and_does_not_outlive_whoever_held_it(it: Fixture) {
        let server = FhirDouble::start(vec![patient("q1", "2026-01-01T00:00:00Z")]);
        let source = source(it, &server).await;
        let now = it.ports.clock.now();
        change(it, &source, |source| source.take(Uuid::from_u128(7), now).unwrap()).await;
        let error = pull(it, &source, &mut Seen::default()).await.unwrap_err();
        assert!(matches!(error, PullError::Busy(_)), "{error}");
        assert!(!PullWorker::new(puller(it)).step(&CancellationToken::new()).await.unwrap());
        it.clock.advance(kinlink_domain::source::LEASE);
        assert!(PullWorker::new(puller(it)).step(&CancellationToken::new()).await.unwrap());
        let after = stored(it, &source).await;
        assert_eq!((after.state, after.last.unwrap().upserted.created), (SourceState::Waiting, 1));
        server.stop().await;
    }
}

on_both_databases! {
    async fn a_stopped_run_is_due_at_once_and_does_not_count_as_failed(it: Fixture) {
        let server = FhirDouble::start(vec![patient("q1", "2026-01-01T00:00:00Z")]);
        let source = source(it, &server).await;
        let stop = CancellationToken::new();
        stop.cancel();
        assert!(PullWorker::new(puller(it)).step(&stop).await.unwrap());
        let Source { failures, due_at, state, .. } = stored(it, &source).await;
        assert_eq!((failures, due_at, state), (0, it.ports.clock.now(), SourceState::Waiting));
        server.stop().await;
    }
}

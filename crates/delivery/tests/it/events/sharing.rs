use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use kinlink_domain::{event::LinkEventKind, store::EventQueue, stream::Room};
use kinlink_testkit::on_both_databases;
use tokio_util::sync::CancellationToken;

use super::{happens, pushed, worker};
use crate::event_receiver::{Answer, Arrived, EventReceiver};

on_both_databases! {
    async fn two_replicas_share_the_work_and_send_nothing_twice(it: Fixture) {
        let receiver = EventReceiver::start(|_, _| Answer::Status(202));
        pushed(it, &receiver.url).await;
        let stop = CancellationToken::new();
        let replicas: Vec<_> =
            (0..2).map(|_| tokio::spawn(worker(it).run(stop.clone()))).collect();
        for n in 0..80 {
            happens(it, &format!("person-{}", n % 20), LinkEventKind::Changed).await;
        }
        let patience = Instant::now();
        while receiver.arrived().len() < 80 && patience.elapsed() < Duration::from_secs(20) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // Long enough for a second copy to show itself.
        tokio::time::sleep(Duration::from_millis(500)).await;
        stop.cancel();
        for replica in replicas {
            replica.await.unwrap();
        }
        let jtis: Vec<_> = receiver.arrived().iter().map(Arrived::jti).collect();
        assert_eq!(jtis.len(), 80);
        assert_eq!(jtis.into_iter().collect::<HashSet<_>>().len(), 80);
        assert_eq!(it.database.count("select count(*) from event_delivery where status = 'sent'").await, 80);
        receiver.stop().await;
    }
}

on_both_databases! {
    async fn what_a_dead_worker_had_taken_is_sent_when_its_lease_is_over(it: Fixture) {
        let receiver = EventReceiver::start(|_, _| Answer::Status(202));
        pushed(it, &receiver.url).await;
        happens(it, "anna", LinkEventKind::Closed).await;
        let now = it.ports.clock.now();
        let taken = it.store.take_events(now, now + TimeDelta::minutes(1), &Room::default()).await.unwrap();
        assert_eq!(taken.len(), 1);
        assert_eq!(worker(it).step().await.unwrap(), 0, "it may be under way");
        it.clock.advance(TimeDelta::minutes(1));
        assert_eq!(worker(it).step().await.unwrap(), 1);
        assert_eq!(receiver.arrived()[0].jti(), taken[0].delivery.id.to_string());
        receiver.stop().await;
    }
}

on_both_databases! {
    async fn a_slow_receiver_holds_up_no_other(it: Fixture) {
        let slow = EventReceiver::start(|_, _| Answer::Slow(Duration::from_secs(9)));
        let fast = EventReceiver::start(|_, _| Answer::Status(202));
        pushed(it, &slow.url).await;
        pushed(it, &fast.url).await;
        // More than one stream may have under way at once.
        for n in 0..40 {
            happens(it, &format!("person-{n}"), LinkEventKind::Closed).await;
        }
        let stop = CancellationToken::new();
        let running = tokio::spawn(worker(it).run(stop.clone()));
        let began = Instant::now();
        while fast.arrived().len() < 40 {
            assert!(began.elapsed() < Duration::from_secs(9), "{} of 40", fast.arrived().len());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(slow.arrived().len() <= 32);
        stop.cancel();
        running.await.unwrap();
        slow.stop().await;
        fast.stop().await;
    }
}

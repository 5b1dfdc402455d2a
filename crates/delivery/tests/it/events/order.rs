use chrono::TimeDelta;
use kinlink_domain::{event::LinkEventKind, stream::StreamStatus};
use kinlink_testkit::on_both_databases;

use super::{client, happens, happens_at, push, pushed, stream, worker};
use crate::event_receiver::{Answer, Arrived, EventReceiver};

on_both_databases! {
    async fn what_comes_later_for_an_account_waits_while_the_first_is_tried_again_and_nobody_else_does(
        it: Fixture
    ) {
        let receiver = EventReceiver::start(|arrived, before| match (arrived.sub().as_str(), before) {
            ("anna", 0..4) => Answer::Body(500, "<html>"),
            _ => Answer::Status(202),
        });
        pushed(it, &receiver.url).await;
        happens(it, "anna", LinkEventKind::Opened).await;
        it.clock.advance(TimeDelta::seconds(1));
        happens(it, "anna", LinkEventKind::Closed).await;
        happens(it, "ben", LinkEventKind::Opened).await;
        it.clock.advance(TimeDelta::seconds(1));
        happens(it, "ben", LinkEventKind::Closed).await;
        worker(it).step().await.unwrap();
        let subs = |receiver: &EventReceiver| -> Vec<_> { receiver.arrived().iter().map(Arrived::sub).collect() };
        let mut first = subs(&receiver);
        first.sort_unstable();
        assert_eq!(first, ["anna", "ben", "ben"]);
        it.clock.advance(TimeDelta::seconds(10));
        worker(it).step().await.unwrap();
        assert_eq!(subs(&receiver)[3..], ["anna"], "the same again, and nothing before it arrived");
        it.clock.advance(TimeDelta::seconds(20));
        worker(it).step().await.unwrap();
        assert_eq!(subs(&receiver)[4..], ["anna", "anna"]);
        let of_anna: Vec<_> = receiver.arrived().into_iter().filter(|set| set.sub() == "anna").collect();
        let jtis: Vec<_> = of_anna.iter().map(Arrived::jti).collect();
        assert!(jtis[0] == jtis[1] && jtis[1] == jtis[2] && jtis[2] != jtis[3], "{jtis:?}");
        let at = |n: usize| of_anna[n].claims()["events"].as_object().unwrap().values().next().unwrap()
            ["event_timestamp"].as_i64().unwrap();
        assert!(at(2) < at(3));
        receiver.stop().await;
    }
}

on_both_databases! {
    async fn one_unit_tells_each_account_once_however_many_links_it_changes(it: Fixture) {
        let receiver = EventReceiver::start(|_, _| Answer::Status(202));
        pushed(it, &receiver.url).await;
        let account = it.account("anna").await.id;
        let now = it.ports.clock.now();
        let mut unit = it.begin().await;
        for _ in 0..3 {
            unit.happened(kinlink_domain::event::LinkEvent {
                id: kinlink_domain::id::Id::new(now, &*it.ports.random),
                account,
                organization: it.here.id,
                patient: kinlink_domain::id::Id::new(now, &*it.ports.random),
                link: kinlink_domain::id::Id::new(now, &*it.ports.random),
                kind: LinkEventKind::Closed,
                at: now,
            });
        }
        unit.save().await.unwrap();
        assert_eq!(worker(it).step().await.unwrap(), 1);
        receiver.stop().await;
    }
}

on_both_databases! {
    async fn a_stream_hears_of_its_organizations_and_of_whom_it_wants_to(it: Fixture) {
        let (here, there) =
            (EventReceiver::start(|_, _| Answer::Status(202)), EventReceiver::start(|_, _| Answer::Status(202)));
        let ours = client(it, &[it.here.id]).await;
        let ours = stream(it, ours, push(&here.url)).await;
        let theirs = client(it, &[it.there.id]).await;
        stream(it, theirs, push(&there.url)).await;
        let ben = it.account("ben").await.id;
        let hear = async |wanted: bool| {
            let mut unit = it.begin().await;
            unit.hear_of(ours.client, ours.id, ben, wanted).await.unwrap();
            unit.save().await.unwrap();
        };
        hear(false).await;
        hear(false).await;
        for sub in ["anna", "ben"] {
            happens(it, sub, LinkEventKind::Closed).await;
        }
        worker(it).step().await.unwrap();
        let subs = |receiver: &EventReceiver| -> Vec<_> { receiver.arrived().iter().map(Arrived::sub).collect() };
        assert_eq!(subs(&here), ["anna"]);
        assert!(there.arrived().is_empty(), "the neighbour's client hears nothing");
        hear(true).await;
        happens(it, "ben", LinkEventKind::Opened).await;
        happens_at(it, it.there.id, "anna", LinkEventKind::Opened).await;
        worker(it).step().await.unwrap();
        assert_eq!((subs(&here), subs(&there)), (vec!["anna".into(), "ben".into()], vec!["anna".to_owned()]));
        here.stop().await;
        there.stop().await;
    }
}

on_both_databases! {
    async fn a_paused_stream_gets_later_what_a_disabled_one_never_gets(it: Fixture) {
        let receiver = EventReceiver::start(|_, _| Answer::Status(202));
        let client = client(it, &[it.here.id]).await;
        let made = stream(it, client, push(&receiver.url)).await;
        let set = async |status: StreamStatus| {
            let mut unit = it.begin().await;
            let stream = unit.stream(client, made.id).await.unwrap().unwrap();
            let stream = kinlink_domain::stream::EventStream { status, ..stream };
            let by = kinlink_domain::actor::Actor::Client(client);
            kinlink_domain::service::streams::change(&mut *unit, &it.ports, by, stream).await.unwrap();
            unit.save().await.unwrap();
        };
        set(StreamStatus::Paused).await;
        happens(it, "anna", LinkEventKind::Opened).await;
        assert_eq!(worker(it).step().await.unwrap(), 0);
        set(StreamStatus::Enabled).await;
        assert_eq!(worker(it).step().await.unwrap(), 1);
        set(StreamStatus::Paused).await;
        happens(it, "anna", LinkEventKind::Opened).await;
        set(StreamStatus::Disabled).await;
        happens(it, "anna", LinkEventKind::Opened).await;
        set(StreamStatus::Enabled).await;
        assert_eq!(worker(it).step().await.unwrap(), 0);
        receiver.stop().await;
    }
}

on_both_databases! {
    async fn a_client_that_serves_the_organization_no_more_is_told_nothing_that_waited(it: Fixture) {
        let receiver = EventReceiver::start(|_, _| Answer::Status(202));
        let client = client(it, &[it.here.id]).await;
        stream(it, client, push(&receiver.url)).await;
        happens(it, "anna", LinkEventKind::Opened).await;
        let mut unit = it.begin().await;
        let mut known = unit.client(client).await.unwrap().unwrap();
        known.organizations = vec![it.there.id];
        unit.update_client(&known).await.unwrap();
        unit.save().await.unwrap();
        worker(it).step().await.unwrap();
        assert!(receiver.arrived().is_empty());
        receiver.stop().await;
    }
}

//! The change feed: whoever follows it misses nothing, and a listener hears before a writer is answered.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
};

use chrono::TimeDelta;
use kinlink_domain::{
    id::{AccountId, ClientId},
    store::{Change, ChangeFeed, ChangeListener, Store},
};
use kinlink_persistence::SeaStore;
use kinlink_testkit::{Fixture, on_both_databases};

/// Follows the feed from its beginning and panics where an entry is missed.
struct Follower {
    seen: HashMap<u16, i64>,
    changes: HashSet<Change>,
}

impl Follower {
    async fn catch_up(&mut self, store: &SeaStore) {
        for head in store.heads().await.unwrap() {
            let seen = self.seen.entry(head.partition).or_default();
            if head.seq == *seen {
                continue;
            }
            for entry in store.changes(head.partition, *seen, 1_000).await.unwrap() {
                assert_eq!(entry.seq, *seen + 1, "partition {} has a gap", head.partition);
                *seen = entry.seq;
                self.changes.insert(entry.change);
            }
            assert!(*seen >= head.seq, "partition {}: the head is ahead of its entries", head.partition);
        }
    }
}

#[derive(Debug, Default)]
struct Ear(Mutex<Vec<Change>>);

impl ChangeListener for Ear {
    fn committed(&self, changes: &[Change]) {
        self.0.lock().unwrap().extend_from_slice(changes);
    }
}

fn account(it: &Fixture) -> AccountId {
    AccountId::new(it.ports.clock.now(), &*it.ports.random)
}

on_both_databases! {
    async fn a_follower_misses_no_change_of_writers_at_once(it: Fixture) {
        let mut writers = tokio::task::JoinSet::new();
        let mut expected = HashSet::new();
        for _ in 0..8 {
            // Units that change several partitions each, in any order.
            let units: Vec<Vec<_>> =
                (0..20).map(|_| (0..5).map(|_| Change::Account(account(it))).collect()).collect();
            expected.extend(units.iter().flatten().copied());
            let store = it.store.clone();
            writers.spawn(async move {
                for changes in units {
                    let mut unit = store.begin().await.unwrap();
                    for change in changes {
                        unit.changed(change);
                    }
                    unit.save().await.unwrap();
                }
            });
        }
        let mut follower = Follower { seen: HashMap::new(), changes: HashSet::new() };
        while !writers.is_empty() {
            follower.catch_up(&it.store).await;
            while let Some(ended) = writers.try_join_next() {
                ended.unwrap();
            }
        }
        follower.catch_up(&it.store).await;
        assert_eq!(follower.changes, expected);
    }
}

on_both_databases! {
    async fn every_kind_of_change_reads_back(it: Fixture) {
        let client = ClientId::new(it.ports.clock.now(), &*it.ports.random);
        let changes =
            [Change::Account(account(it)), Change::Client(client), Change::Organization(it.here.id)];
        let mut unit = it.begin().await;
        changes.into_iter().chain(changes).for_each(|change| unit.changed(change));
        unit.save().await.unwrap();
        let mut follower = Follower { seen: HashMap::new(), changes: HashSet::new() };
        follower.catch_up(&it.store).await;
        assert_eq!(follower.changes, HashSet::from(changes));
        assert_eq!(follower.seen.values().sum::<i64>(), 3, "a change told twice is written once");
    }
}

on_both_databases! {
    async fn a_listener_hears_of_commits_only(it: Fixture) {
        let ear = Arc::new(Ear::default());
        let store = it.store.clone().with_listener(ear.clone());
        let [kept, dropped] = [account(it), account(it)].map(Change::Account);
        let mut unit = store.begin().await.unwrap();
        unit.changed(dropped);
        drop(unit);
        let mut unit = store.begin().await.unwrap();
        unit.changed(kept);
        assert!(ear.0.lock().unwrap().is_empty());
        unit.save().await.unwrap();
        assert_eq!(*ear.0.lock().unwrap(), [kept]);
    }
}

on_both_databases! {
    async fn a_pruned_feed_keeps_its_heads_with_their_changes_and_goes_on(it: Fixture) {
        let change = Change::Account(account(it));
        for _ in 0..2 {
            let mut unit = it.begin().await;
            unit.changed(change);
            unit.save().await.unwrap();
        }
        let before = it.store.heads().await.unwrap();
        it.clock.advance(TimeDelta::hours(1));
        assert_eq!(it.store.prune(it.ports.clock.now()).await.unwrap(), 1);
        assert!(before.iter().all(|head| head.entry.map_or(0, |entry| entry.seq) == head.seq));
        assert_eq!(it.store.heads().await.unwrap(), before);
        let mut unit = it.begin().await;
        unit.changed(change);
        unit.save().await.unwrap();
        let partition = before.iter().find(|head| head.seq == 2).unwrap().partition;
        let entries = it.store.changes(partition, 0, 10).await.unwrap();
        assert_eq!(entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [2, 3]);
    }
}

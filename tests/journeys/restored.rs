//! The database is put back behind the back of a replica that runs on: from a backup, or by a standby that took over
//! without the last commits. Nothing that was lost with it is answered any more, and nobody misses what comes after.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use kinlink_cache::{Caches, Follower, Forget, Freshness, GuardedCache};
use kinlink_domain::{
    id::AccountId,
    store::{Change, ChangeFeed, FeedEntry, FeedHead, Store, StoreError},
};
use kinlink_persistence::SeaStore;
use kinlink_testkit::{Fixture, Kind, on_both_databases};
use serde_json::json;

use crate::app::{App, Caller};

/// Waits until a lookup of this login finds so many links, for no longer than a second.
async fn finds(caller: &Caller, asked: &serde_json::Value, links: usize, when: &str) {
    let began = Instant::now();
    loop {
        let reply = caller.post("/v1/links/lookup", asked.clone()).await;
        let found = reply.body["links"].as_array().map(Vec::len);
        if (reply.status, found) == (200, Some(links)) {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(1), "{when}: {} {}", reply.status, reply.body);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// On SQLite, a file that is put back under a running process is a broken file: the process is stopped first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_runs_through_a_restore_says_no_stale_yes() {
    let app = App::start(Kind::Postgres).await;
    let (_, client, _) = app.client(&[app.fixture.here.id]).await;
    let (url, replica) = app.replica_apart().await;
    let elsewhere = app.at(&url, &client);
    let code = app.registrar().invites("p1").await.text("/code").to_owned();
    let backup = app.fixture.database.copy().await;
    let (anna, asked) = (app.person("anna"), app.account("anna"));
    anna.redeems(&code).await.expect(201);
    finds(&elsewhere, &asked, 1, "before the restore").await;

    app.fixture.database.put_back(&backup).await;
    finds(&elsewhere, &asked, 0, "the link was lost with the database").await;
    // The numbers that were given out before the restore are given out again.
    let link = anna.redeems(&code).await.expect(201).text("/link/id").to_owned();
    finds(&elsewhere, &asked, 1, "redeemed again").await;
    let ended = Instant::now();
    anna.post(&format!("/v1/links/{link}/revoke"), json!({"reason": "not_me"})).await.expect(200);
    finds(&elsewhere, &asked, 0, "revoked after the restore").await;
    assert!(ended.elapsed() < Duration::from_secs(1));
    replica.stop().await;
    backup.close().await;
    app.close().await;
}

/// What a replica reaches under one address, where another database comes to stand.
#[derive(Debug)]
struct Address(Mutex<SeaStore>);

impl Address {
    fn store(&self) -> SeaStore {
        self.0.lock().unwrap().clone()
    }
}

#[async_trait::async_trait]
impl ChangeFeed for Address {
    async fn heads(&self) -> Result<Vec<FeedHead>, StoreError> {
        self.store().heads().await
    }
    async fn changes(&self, partition: u16, after: i64, limit: u32) -> Result<Vec<FeedEntry>, StoreError> {
        self.store().changes(partition, after, limit).await
    }
    async fn prune(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        self.store().prune(before).await
    }
}

#[derive(Debug)]
struct Accounts(GuardedCache<AccountId, ()>);

impl Forget for Accounts {
    fn forget(&self, change: &Change) {
        if let Change::Account(id) = change {
            self.0.forget(id);
        }
    }
    fn forget_everything(&self) {
        self.0.forget_everything();
    }
}

async fn commit(it: &Fixture, store: &SeaStore, account: AccountId) {
    it.clock.advance(TimeDelta::seconds(1));
    let mut unit = store.begin().await.unwrap();
    unit.changed(Change::Account(account));
    unit.save().await.unwrap();
}

on_both_databases! {
    async fn another_database_under_the_same_address_is_found_out_wherever_its_numbers_stand(it: Fixture) {
        let account = |n: u128| AccountId::from_uuid(uuid::Uuid::from_u128(64 * n));
        // Commits after the backup: fewer than were lost, as many, and more.
        for after in 0..4 {
            let freshness = Freshness::new(Duration::from_hours(1));
            let address = Arc::new(Address(Mutex::new(it.store.clone())));
            let cache = Arc::new(Accounts(GuardedCache::new(10_000, freshness.clone())));
            let caches = Caches::new(vec![cache.clone()]);
            let mut follower = Follower::new(address.clone(), caches, freshness, Duration::ZERO);
            let keep = |n| cache.0.keep(cache.0.ticket(&account(n)), account(n), ());
            let has = |n| cache.0.get(&account(n)).is_some();
            commit(it, &it.store, account(1)).await;
            let backup = it.database.copy().await;
            // On PostgreSQL the copy cut the connection, and a reading that fails starts anew by itself.
            let _ = follower.step().await;
            for _ in 0..2 {
                commit(it, &it.store, account(1)).await;
            }
            follower.step().await.unwrap();
            keep(2);
            follower.step().await.unwrap();
            assert!(has(2), "nothing changed");

            let restored = SeaStore::new(backup.database().clone(), it.ports.clone());
            for _ in 0..after {
                commit(it, &restored, account(3)).await;
            }
            *address.0.lock().unwrap() = restored.clone();
            follower.step().await.unwrap();
            assert!(!has(2), "{after} commits after the backup");
            keep(3);
            follower.step().await.unwrap();
            assert!(has(3), "once is enough");
            commit(it, &restored, account(3)).await;
            follower.step().await.unwrap();
            assert!(!has(3), "it follows what stands there now");
            backup.close().await;
        }
    }
}

use std::{collections::HashMap, sync::Arc, time::Duration};

use kinlink_domain::store::{Change, ChangeFeed, ChangeListener, StoreError};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{Forget, Freshness};

/// Entries read at once; a partition that is further behind is cheaper forgotten whole.
const BATCH: u32 = 1_000;

/// All caches of this replica. As the store's [`ChangeListener`] it makes them forget what this replica
/// itself commits, before the commit is acknowledged to anybody.
#[derive(Debug, Clone, Default)]
pub struct Caches(Vec<Arc<dyn Forget>>);

impl Caches {
    /// These caches.
    pub fn new(caches: Vec<Arc<dyn Forget>>) -> Self {
        Self(caches)
    }

    fn forget_everything(&self) {
        self.0.iter().for_each(|cache| cache.forget_everything());
    }
}

impl ChangeListener for Caches {
    fn committed(&self, changes: &[Change]) {
        for change in changes {
            self.0.iter().for_each(|cache| cache.forget(change));
        }
    }
}

/// Follows the change feed, so that caches forget what other replicas commit.
#[derive(Debug)]
pub struct Follower {
    feed: Arc<dyn ChangeFeed>,
    caches: Caches,
    freshness: Freshness,
    every: Duration,
    /// The last change seen of each partition; none before the first reading.
    seen: Option<HashMap<u16, i64>>,
}

impl Follower {
    /// A follower that asks again `every` so often.
    pub fn new(feed: Arc<dyn ChangeFeed>, caches: Caches, freshness: Freshness, every: Duration) -> Self {
        Self { feed, caches, freshness, every, seen: None }
    }

    /// Follows until `stop`. While the feed cannot be read, caches fall silent by themselves.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut failing = false;
        loop {
            match self.step().await {
                Ok(()) => {
                    if std::mem::take(&mut failing) {
                        tracing::info!("the change feed answers again; caches are used");
                    }
                }
                Err(error) => {
                    if !std::mem::replace(&mut failing, true) {
                        tracing::warn!(%error, "the change feed does not answer; caches are not used");
                    }
                }
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(self.every) => {}
            }
        }
    }

    /// Reads the feed once.
    pub async fn step(&mut self) -> Result<(), StoreError> {
        let asked = Instant::now();
        let heads = self.feed.heads().await?;
        match self.seen.take() {
            // What is cached from before the first reading may be of any age.
            None => {
                self.caches.forget_everything();
                self.seen = Some(heads.iter().map(|head| (head.partition, head.seq)).collect());
            }
            Some(mut seen) => {
                for head in heads {
                    let from = seen.get(&head.partition).copied().unwrap_or(0);
                    // On an error, `seen` stays empty: the next reading then forgets everything.
                    self.catch_up(head.partition, from, head.seq).await?;
                    seen.insert(head.partition, head.seq.max(from));
                }
                self.seen = Some(seen);
            }
        }
        self.freshness.confirm(asked);
        Ok(())
    }

    async fn catch_up(&self, partition: u16, from: i64, to: i64) -> Result<(), StoreError> {
        if to <= from {
            return Ok(());
        }
        let entries = self.feed.changes(partition, from, BATCH).await?;
        let complete = entries.first().is_some_and(|first| first.seq == from + 1)
            && entries.last().is_some_and(|last| last.seq >= to);
        if complete {
            let changes: Vec<Change> = entries.iter().map(|entry| entry.change).collect();
            self.caches.committed(&changes);
        } else {
            tracing::info!(partition, from, to, "too far behind the change feed; caches start anew");
            self.caches.forget_everything();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;
    use kinlink_domain::{
        id::AccountId,
        store::{FeedEntry, FeedHead},
    };

    use super::*;
    use crate::GuardedCache;

    /// A feed of one partition that a test writes by hand.
    #[derive(Debug, Default)]
    struct ScriptedFeed {
        entries: Mutex<Vec<FeedEntry>>,
        broken: Mutex<bool>,
    }

    #[async_trait]
    impl ChangeFeed for ScriptedFeed {
        async fn heads(&self) -> Result<Vec<FeedHead>, StoreError> {
            if *self.broken.lock().unwrap() {
                return Err(StoreError::Unavailable("cut".into()));
            }
            let seq = self.entries.lock().unwrap().last().map_or(0, |entry| entry.seq);
            Ok(vec![FeedHead { partition: 0, seq }])
        }
        async fn changes(&self, _: u16, after: i64, limit: u32) -> Result<Vec<FeedEntry>, StoreError> {
            let entries = self.entries.lock().unwrap();
            Ok(entries.iter().filter(|e| e.seq > after).take(limit as usize).copied().collect())
        }
        async fn prune(&self, _: chrono::DateTime<chrono::Utc>) -> Result<u64, StoreError> {
            Ok(0)
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

    fn account(n: u128) -> AccountId {
        AccountId::from_uuid(uuid::Uuid::from_u128(n))
    }

    struct Setup {
        feed: Arc<ScriptedFeed>,
        cache: Arc<Accounts>,
        follower: Follower,
    }

    fn setup() -> Setup {
        let freshness = Freshness::new(Duration::from_secs(1));
        let feed = Arc::new(ScriptedFeed::default());
        let cache = Arc::new(Accounts(GuardedCache::new(1_000_000, freshness.clone())));
        let caches = Caches::new(vec![cache.clone()]);
        let follower = Follower::new(feed.clone(), caches, freshness, Duration::from_millis(200));
        Setup { feed, cache, follower }
    }

    impl Setup {
        fn commit(&self, seq: i64, n: u128) {
            let change = Change::Account(account(n));
            self.feed.entries.lock().unwrap().push(FeedEntry { seq, change });
        }
        fn keep(&self, n: u128) {
            self.cache.0.keep(self.cache.0.ticket(&account(n)), account(n), ());
        }
        fn has(&self, n: u128) -> bool {
            self.cache.0.get(&account(n)).is_some()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_elsewhere_is_forgotten_here() {
        let mut it = setup();
        it.follower.step().await.unwrap();
        it.keep(1);
        assert!(it.has(1));
        it.commit(1, 1);
        it.follower.step().await.unwrap();
        assert!(!it.has(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_gap_in_the_feed_forgets_everything() {
        let mut it = setup();
        it.follower.step().await.unwrap();
        it.keep(1);
        it.commit(5, 2);
        it.follower.step().await.unwrap();
        assert!(!it.has(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_feed_that_does_not_answer_silences_the_caches_within_the_bound() {
        let mut it = setup();
        it.follower.step().await.unwrap();
        it.keep(1);
        *it.feed.broken.lock().unwrap() = true;
        tokio::time::advance(Duration::from_millis(1001)).await;
        assert!(it.follower.step().await.is_err());
        assert!(!it.has(1));
    }
}

use std::{collections::HashMap, sync::Arc, time::Duration};

use kinlink_domain::store::{Change, ChangeFeed, ChangeListener, FeedEntry, FeedHead, StoreError};
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
///
/// The database may be put back behind its back: from a backup, or by a standby that lacks the last commits. Numbers
/// are then given out a second time, so what was seen last is compared, not only counted: a head that went back, or
/// another change where the last one stood, and caches start anew.
#[derive(Debug)]
pub struct Follower {
    feed: Arc<dyn ChangeFeed>,
    caches: Caches,
    freshness: Freshness,
    every: Duration,
    /// The last change seen of each partition; none before the first reading and after one that failed.
    seen: Option<HashMap<u16, FeedHead>>,
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
        // On an error, `seen` stays empty, and the next reading forgets everything: what was cached since the last
        // one may be of commits that the feed never told of, and that a standby which took over does not have.
        let seen = self.seen.take();
        let heads = self.feed.heads().await?;
        match seen {
            // What is cached from before the first reading may be of any age.
            None => self.caches.forget_everything(),
            Some(seen) => {
                for head in &heads {
                    self.catch_up(seen.get(&head.partition), head).await?;
                }
            }
        }
        self.seen = Some(heads.into_iter().map(|head| (head.partition, head)).collect());
        self.freshness.confirm(asked);
        Ok(())
    }

    async fn catch_up(&self, seen: Option<&FeedHead>, head: &FeedHead) -> Result<(), StoreError> {
        if seen == Some(head) {
            return Ok(());
        }
        let (from, last) = seen.map_or((0, None), |seen| (seen.seq, seen.entry));
        if head.seq <= from {
            self.start_anew(head, from, PUT_BACK);
            return Ok(());
        }
        // From the last one on, to see whether it is still the same.
        let after = from - i64::from(last.is_some());
        let entries = self.feed.changes(head.partition, after, BATCH).await?;
        match news(&entries, last, from, head.seq) {
            Ok(news) => {
                let changes: Vec<Change> = news.iter().map(|entry| entry.change).collect();
                self.caches.committed(&changes);
            }
            Err(why) => self.start_anew(head, from, why),
        }
        Ok(())
    }

    fn start_anew(&self, head: &FeedHead, from: i64, why: &str) {
        let (partition, to) = (head.partition, head.seq);
        tracing::warn!(partition, from, to, "{why}; caches start anew");
        self.caches.forget_everything();
    }
}

const PUT_BACK: &str = "the database was put back, or another took its place";
const BEHIND: &str = "too far behind the change feed";

/// The changes after `from`, whose last one was `last`, up to `to` at least; or why there is no telling them.
fn news(
    entries: &[FeedEntry],
    last: Option<FeedEntry>,
    from: i64,
    to: i64,
) -> Result<&[FeedEntry], &'static str> {
    let news = match (last, entries.split_first()) {
        (None, _) => entries,
        (Some(last), Some((first, news))) if *first == last => news,
        (Some(_), Some((first, _))) if first.seq == from => return Err(PUT_BACK),
        (Some(_), _) => return Err(BEHIND),
    };
    let begins = news.first().is_some_and(|first| first.seq == from + 1);
    let ends = news.last().is_some_and(|last| last.seq >= to);
    if begins && ends { Ok(news) } else { Err(BEHIND) }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;
    use chrono::{DateTime, Utc};
    use kinlink_domain::id::AccountId;

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
            let entry = self.entries.lock().unwrap().last().copied();
            Ok(vec![FeedHead { partition: 0, seq: entry.map_or(0, |entry| entry.seq), entry }])
        }
        async fn changes(&self, _: u16, after: i64, limit: u32) -> Result<Vec<FeedEntry>, StoreError> {
            let entries = self.entries.lock().unwrap();
            Ok(entries.iter().filter(|e| e.seq > after).take(limit as usize).copied().collect())
        }
        async fn prune(&self, _: DateTime<Utc>) -> Result<u64, StoreError> {
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
            let at = DateTime::from_timestamp(seq, 0).unwrap();
            self.feed.entries.lock().unwrap().push(FeedEntry { seq, change, at });
        }
        /// Puts the first entries back, as they were when `kept` of them were there.
        fn restore(&self, kept: usize) {
            self.feed.entries.lock().unwrap().truncate(kept);
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

    /// Follows three commits, and has an answer about an account that none of them was about.
    async fn followed() -> Setup {
        let mut it = setup();
        for seq in 1..=3 {
            it.commit(seq, 2);
        }
        it.follower.step().await.unwrap();
        it.keep(1);
        it.follower.step().await.unwrap();
        assert!(it.has(1), "what did not change is kept");
        it
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_went_back_forgets_everything_and_what_follows_it_is_heard() {
        let mut it = followed().await;
        it.restore(1);
        it.follower.step().await.unwrap();
        assert!(!it.has(1));
        // A number that was seen before, for another change.
        it.keep(1);
        it.commit(2, 1);
        it.follower.step().await.unwrap();
        assert!(!it.has(1));
    }

    #[tokio::test(start_paused = true)]
    async fn another_change_under_the_last_number_forgets_everything() {
        for beyond in [3, 4] {
            let mut it = followed().await;
            it.restore(2);
            for seq in 3..=beyond {
                it.commit(seq, 3);
            }
            it.follower.step().await.unwrap();
            assert!(!it.has(1), "the head is at {beyond}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_cached_before_the_feed_failed_is_not_used_after() {
        let mut it = followed().await;
        *it.feed.broken.lock().unwrap() = true;
        assert!(it.follower.step().await.is_err());
        *it.feed.broken.lock().unwrap() = false;
        it.follower.step().await.unwrap();
        assert!(!it.has(1));
        it.keep(1);
        it.commit(4, 1);
        it.follower.step().await.unwrap();
        assert!(!it.has(1), "it follows again");
    }
}

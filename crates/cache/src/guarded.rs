use std::{
    hash::{BuildHasher, Hash},
    sync::atomic::{AtomicU64, Ordering},
};

use moka::sync::Cache;

use crate::Freshness;

const SHARDS: usize = 256;

/// A bounded cache that answers only while the change feed is fresh.
pub struct GuardedCache<K, V> {
    entries: Cache<K, Entry<V>>,
    /// Counts what was forgotten, by shard of the key: a value read before a forgetting is not kept after.
    generations: [AtomicU64; SHARDS],
    hasher: std::hash::RandomState,
    freshness: Freshness,
}

#[derive(Clone)]
struct Entry<V> {
    generation: u64,
    value: V,
}

/// The right to keep a value that is about to be read from the database.
#[derive(Debug, Clone, Copy)]
pub struct Ticket {
    shard: usize,
    generation: u64,
}

impl<K, V> std::fmt::Debug for GuardedCache<K, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GuardedCache").finish_non_exhaustive()
    }
}

impl<K, V> GuardedCache<K, V>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// A cache of at most `capacity` values.
    pub fn new(capacity: u64, freshness: Freshness) -> Self {
        Self {
            entries: Cache::new(capacity),
            generations: [const { AtomicU64::new(0) }; SHARDS],
            hasher: std::hash::RandomState::new(),
            freshness,
        }
    }

    /// The value, if there is one that may be used now.
    pub fn get(&self, key: &K) -> Option<V> {
        if !self.freshness.is_fresh() {
            return None;
        }
        let entry = self.entries.get(key)?;
        (entry.generation == self.generation(self.shard(key))).then_some(entry.value)
    }

    /// To be taken before the value is read from the database.
    pub fn ticket(&self, key: &K) -> Ticket {
        let shard = self.shard(key);
        Ticket { shard, generation: self.generation(shard) }
    }

    /// Keeps a value, unless something was forgotten since the ticket was taken. Should that happen between
    /// the check and the insertion, the entry is of an old generation and [`GuardedCache::get`] passes it over.
    pub fn keep(&self, ticket: Ticket, key: K, value: V) {
        if self.generation(ticket.shard) == ticket.generation {
            self.entries.insert(key, Entry { generation: ticket.generation, value });
        }
    }

    /// Forgets this key, and with it the few others of its shard.
    pub fn forget(&self, key: &K) {
        self.generations[self.shard(key)].fetch_add(1, Ordering::AcqRel);
        self.entries.invalidate(key);
    }

    /// Forgets everything.
    pub fn forget_everything(&self) {
        for generation in &self.generations {
            generation.fetch_add(1, Ordering::AcqRel);
        }
        self.entries.invalidate_all();
    }

    fn shard(&self, key: &K) -> usize {
        usize::try_from(self.hasher.hash_one(key) % 256).unwrap_or_default()
    }

    fn generation(&self, shard: usize) -> u64 {
        self.generations[shard].load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::*;

    fn fresh_cache() -> (GuardedCache<u8, &'static str>, Freshness) {
        let freshness = Freshness::new(Duration::from_secs(1));
        freshness.confirm(Instant::now());
        (GuardedCache::new(100, freshness.clone()), freshness)
    }

    #[tokio::test(start_paused = true)]
    async fn a_stale_feed_silences_the_cache_and_a_fresh_one_lets_it_speak_again() {
        let (cache, freshness) = fresh_cache();
        cache.keep(cache.ticket(&1), 1, "one");
        assert_eq!(cache.get(&1), Some("one"));
        tokio::time::advance(Duration::from_millis(1001)).await;
        assert_eq!(cache.get(&1), None);
        freshness.confirm(Instant::now());
        assert_eq!(cache.get(&1), Some("one"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_value_read_before_a_change_is_not_kept_after_it() {
        let (cache, _freshness) = fresh_cache();
        let ticket = cache.ticket(&1);
        cache.forget(&1);
        cache.keep(ticket, 1, "revoked");
        assert_eq!(cache.get(&1), None);
    }

    #[tokio::test(start_paused = true)]
    async fn forgetting_everything_forgets_what_is_being_read_too() {
        let (cache, _freshness) = fresh_cache();
        cache.keep(cache.ticket(&1), 1, "one");
        let ticket = cache.ticket(&2);
        cache.forget_everything();
        cache.keep(ticket, 2, "two");
        assert_eq!((cache.get(&1), cache.get(&2)), (None, None));
    }
}

//! Counts lookups in memory and writes the counts to the audit every few seconds. What a killed process had
//! counted since is lost; a graceful stop writes it.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use kinlink_domain::{
    id::{AccountId, ClientId, OrganizationId},
    service::Ports,
    store::{LookupAudit, LookupCount, StoreError},
};
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

const SHARDS: usize = 32;
/// Entries written in one transaction.
const BATCH: usize = 1_000;
/// Counts kept while the database does not answer; a lookup is refused then anyway, unless it is cached.
const MOST: usize = 200_000;

type Key = (OrganizationId, ClientId, AccountId);
type Counts = HashMap<Key, u32>;

#[derive(Debug)]
pub(crate) struct LookupCounter {
    shards: [Mutex<Counts>; SHARDS],
    hasher: RandomState,
}

impl LookupCounter {
    pub(crate) fn new() -> Self {
        Self { shards: std::array::from_fn(|_| Mutex::default()), hasher: RandomState::new() }
    }

    /// Counts one lookup.
    pub(crate) fn count(&self, organization: OrganizationId, client: ClientId, account: AccountId) {
        self.add((organization, client, account), 1);
    }

    /// Counts one lookup at each organization; an organization's links stand together.
    pub(crate) fn count_each(
        &self,
        organizations: impl Iterator<Item = OrganizationId>,
        client: ClientId,
        account: AccountId,
    ) {
        let mut counted = None;
        for organization in organizations {
            if counted.replace(organization) != Some(organization) {
                self.count(organization, client, account);
            }
        }
    }

    fn add(&self, key: Key, count: u32) {
        let shard = usize::try_from(self.hasher.hash_one(key.2) % 32).unwrap_or_default();
        let mut counts = self.shards[shard].lock();
        if counts.len() < MOST / SHARDS || counts.contains_key(&key) {
            let sum = counts.entry(key).or_default();
            *sum = sum.saturating_add(count);
        } else {
            metrics::counter!("kinlink_lookup_audit_lost_total").increment(1);
        }
    }

    fn take(&self) -> Vec<LookupCount> {
        let taken = self.shards.iter().flat_map(|shard| std::mem::take(&mut *shard.lock()));
        taken
            .map(|((organization, client, account), count)| LookupCount {
                organization,
                client,
                account,
                count,
            })
            .collect()
    }

    /// Writes what was counted; puts back what could not be written.
    async fn flush(&self, audit: &dyn LookupAudit, ports: &Ports) -> Result<(), StoreError> {
        let minute = minute(ports.clock.now());
        let counts = self.take();
        let mut batches = counts.chunks(BATCH);
        for batch in batches.by_ref() {
            if let Err(error) = audit.record_lookups(batch, minute, &*ports.random).await {
                let unwritten = batch.iter().chain(batches.flatten());
                unwritten.for_each(|c| self.add((c.organization, c.client, c.account), c.count));
                return Err(error);
            }
        }
        Ok(())
    }
}

/// The minute that a moment is in.
fn minute(now: DateTime<Utc>) -> DateTime<Utc> {
    let into_minute = TimeDelta::seconds(now.timestamp().rem_euclid(60));
    now.trunc_subsecs(0) - into_minute
}

/// Writes counts every `interval` until `stop`, and once more after it.
pub(crate) async fn run(
    counter: Arc<LookupCounter>,
    audit: Arc<dyn LookupAudit>,
    ports: Ports,
    interval: Duration,
    stop: CancellationToken,
) {
    loop {
        let stopped = tokio::select! {
            () = stop.cancelled() => true,
            () = tokio::time::sleep(interval) => false,
        };
        if let Err(error) = counter.flush(&*audit, &ports).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "counts of lookups wait to be written");
        }
        if stopped {
            return;
        }
    }
}

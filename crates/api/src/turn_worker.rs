//! Tells beforehand what the clock will do to proxies' links, and tells listeners once it, or a policy, changed what a
//! link gives.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use kinlink_domain::{
    id::LinkId,
    service::{Ports, turn::look},
    store::{Store, StoreError, TurnQueue},
};
use tokio_util::sync::CancellationToken;

/// How long a link stays with the worker that took it.
const LEASE: TimeDelta = TimeDelta::minutes(2);
/// Links taken at once.
const BATCH: u16 = 50;
/// Links of one organization that are made due at once, after its policy changed.
const WOKEN: u16 = 1_000;

/// Looks at what is due, until it is stopped. Several replicas share the work.
#[derive(Debug)]
pub struct TurnWorker {
    store: Arc<dyn Store>,
    queue: Arc<dyn TurnQueue>,
    ports: Ports,
    idle: Duration,
}

impl TurnWorker {
    /// A worker that looks every ten seconds, at an index of what is due. `store` tells this process's caches of
    /// what it commits.
    pub fn new<S: Store + TurnQueue + 'static>(store: Arc<S>, ports: Ports) -> Self {
        Self { store: store.clone(), queue: store, ports, idle: Duration::from_secs(10) }
    }

    /// Works until `stop`, and finishes what it took.
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let pause = match self.process_due().await {
                Ok(0) => self.idle,
                Ok(_) => continue,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "links cannot be read");
                    self.idle
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Takes what is due and looks at it. If nothing is, what a changed policy concerns is made due. Returns how many
    /// links it took or made due.
    pub async fn process_due(&self) -> Result<usize, StoreError> {
        let now = self.ports.clock.now();
        let taken = self.queue.take_turns(now, now + LEASE, BATCH).await?;
        if taken.is_empty() {
            let woken = self.queue.wake_links(now, WOKEN).await?;
            return Ok(usize::try_from(woken).unwrap_or(usize::MAX));
        }
        for link in &taken {
            // One that fails is due again when its lease ends, and holds up no other.
            if let Err(error) = self.process_one(*link).await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(%link, error, "a link could not be looked at, and will be again");
            }
        }
        Ok(taken.len())
    }

    async fn process_one(&self, link: LinkId) -> Result<(), StoreError> {
        let mut unit = self.store.begin().await?;
        let outcome = look(&mut *unit, &self.ports, link).await?;
        unit.save().await?;
        if let Some(outcome) = outcome {
            metrics::counter!("kinlink_turns_total", "outcome" => outcome).increment(1);
        }
        Ok(())
    }
}

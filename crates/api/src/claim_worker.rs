//! Matches submitted claims and access requests in the background, so that the answer to a submission takes as long for one as for
//! another.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use kinlink_domain::{
    comparison::Matcher,
    id::{ClaimId, OrganizationId, RequestId},
    service::{Ports, process_claim::process, process_request},
    store::{ClaimQueue, RequestQueue, Store, StoreError},
};
use tokio_util::sync::CancellationToken;

/// How long a claim stays with the worker that took it: longer than any matching takes.
const LEASE: TimeDelta = TimeDelta::minutes(2);
/// Claims taken at once.
const BATCH: u16 = 20;

/// Matches what is submitted, until it is stopped. Several replicas share the work.
#[derive(Debug)]
pub struct ClaimWorker {
    store: Arc<dyn Store>,
    queue: Arc<dyn ClaimQueue>,
    requests: Arc<dyn RequestQueue>,
    matcher: Arc<dyn Matcher>,
    ports: Ports,
    idle: Duration,
}

impl ClaimWorker {
    /// A worker that looks for claims every second. `store` tells this process's caches of what it commits.
    pub fn new<S: Store + ClaimQueue + RequestQueue + 'static>(
        store: Arc<S>,
        matcher: Arc<dyn Matcher>,
        ports: Ports,
    ) -> Self {
        Self {
            store: store.clone(),
            queue: store.clone(),
            requests: store,
            matcher,
            ports,
            idle: Duration::from_secs(1),
        }
    }

    /// Works until `stop`, and finishes what it took.
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let pause = match self.process_due().await {
                Ok(0) => self.idle,
                Ok(_) => continue,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "claims cannot be read");
                    self.idle * 10
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Takes what is due and matches it; returns how many claims and requests it took.
    pub async fn process_due(&self) -> Result<usize, StoreError> {
        let now = self.ports.clock.now();
        let taken = self.queue.take_submitted(now, now + LEASE, BATCH).await?;
        for (organization, claim) in &taken {
            // One that fails is due again when its lease ends, and holds up no other.
            if let Err(error) = self.process_one(*organization, *claim).await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(%claim, error, "a claim could not be matched, and will be tried again");
            }
        }
        Ok(taken.len() + self.process_requests().await?)
    }

    async fn process_requests(&self) -> Result<usize, StoreError> {
        let now = self.ports.clock.now();
        let taken = self.requests.take_requests(now, now + LEASE, BATCH).await?;
        for (organization, request) in &taken {
            if let Err(error) = self.process_request(*organization, *request).await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(%request, error, "an access request could not be matched, and will be tried again");
            }
        }
        Ok(taken.len())
    }

    async fn process_request(&self, organization: OrganizationId, id: RequestId) -> Result<(), StoreError> {
        let mut unit = self.store.begin().await?;
        let matcher = &*self.matcher;
        let outcome = process_request::process(&mut *unit, &self.ports, matcher, organization, id).await?;
        unit.save().await?;
        if let Some(outcome) = outcome {
            metrics::counter!("kinlink_access_requests_processed_total", "outcome" => outcome).increment(1);
        }
        Ok(())
    }

    async fn process_one(&self, organization: OrganizationId, claim: ClaimId) -> Result<(), StoreError> {
        let mut unit = self.store.begin().await?;
        let outcome = process(&mut *unit, &self.ports, &*self.matcher, organization, claim).await?;
        unit.save().await?;
        if let Some(outcome) = outcome {
            metrics::counter!("kinlink_claims_processed_total", "outcome" => outcome).increment(1);
        }
        Ok(())
    }
}

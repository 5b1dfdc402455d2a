use std::{sync::Arc, time::Duration};

use kinlink_domain::{actor::Actor, patient::FhirId, source::PullRun};
use tokio_util::sync::CancellationToken;

use crate::{
    error::PullError,
    pull::{Puller, Watch},
};

/// Pulls what is due, until it is stopped. Several replicas share the sources.
#[derive(Debug)]
pub struct PullWorker {
    puller: Arc<Puller>,
    idle: Duration,
}

/// What is to be told stands in the log and with the source.
struct Silent;

impl Watch for Silent {
    fn page(&mut self, _: &PullRun) {}
    fn rejected(&mut self, _: Option<&FhirId>, _: &str) {}
}

impl PullWorker {
    /// A worker that looks for due sources every second.
    pub fn new(puller: Puller) -> Self {
        Self { puller: Arc::new(puller), idle: Duration::from_secs(1) }
    }

    /// Works until `stop`; a run under way ends after the page that is being written.
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let pause = match self.step(&stop).await {
                Ok(true) => continue,
                Ok(false) => self.idle,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "sources cannot be read");
                    self.idle * 10
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Pulls the source that is due for longest; false if there is none. That a run failed is noted with its source
    /// and no error of this.
    pub async fn step(&self, stop: &CancellationToken) -> Result<bool, PullError> {
        let puller = &self.puller;
        let mut unit = puller.store.begin().await?;
        let Some(source) = unit.due_source_for_update(puller.ports.clock.now()).await? else {
            return Ok(false);
        };
        let id = source.id;
        let (source, lease) = puller.take(unit, source).await?;
        let outcome = match puller.pull(source, lease, Actor::System, stop, &mut Silent).await {
            Ok(run) => {
                let upserted = run.upserted;
                tracing::info!(source = %id, run.pages, ?upserted, run.deleted, run.rejected, "pulled");
                "done"
            }
            Err(PullError::Stopped) => "stopped",
            Err(error) => {
                tracing::warn!(source = %id, error = &error as &dyn std::error::Error, "a source could not be pulled");
                "failed"
            }
        };
        metrics::counter!("kinlink_pulls_total", "outcome" => outcome).increment(1);
        Ok(true)
    }
}

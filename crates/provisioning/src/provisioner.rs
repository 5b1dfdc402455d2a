use std::{collections::HashMap, sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::StreamExt;
use kinlink_domain::{
    id::ProvisioningTargetId,
    provisioning::{ProvisioningTarget, ProvisioningTask, RunKind},
    service::Ports,
    store::{LinkReader, Store, StoreError},
};
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use crate::server::{self, SetupError, UserAttributes};

/// How long an account stays with the worker that took it: longer than a batch takes in which every request
/// runs into its timeout.
pub(crate) const LEASE: TimeDelta = TimeDelta::minutes(5);
/// Accounts taken at once.
const BATCH: u16 = 16;
/// Accounts looked after at once.
const PARALLEL: usize = 4;
/// How often it is looked for targets whose night has come.
const NIGHT_WATCH: Duration = Duration::from_mins(1);

/// What a provisioner does side by side, so that neither waits for another.
#[derive(Debug, Clone, Copy)]
enum Work {
    Send,
    Reconcile,
    WatchTheNight,
}

type Connected = (DateTime<Utc>, Arc<dyn UserAttributes>);

/// Keeps attributes true at all targets: sends what is due, goes on with reconciles, begins the nightly ones.
/// Several replicas share the work.
#[derive(Debug)]
pub struct Provisioner {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) links: Arc<dyn LinkReader>,
    pub(crate) ports: Ports,
    /// With the time of the change that each was made after.
    servers: Mutex<HashMap<ProvisioningTargetId, Connected>>,
    idle: Duration,
    /// Between two accounts of a reconcile.
    pub(crate) pace: Duration,
}

impl Provisioner {
    /// One that looks for work every second, and reconciles at most twenty accounts a second.
    pub fn new<S: Store + LinkReader + 'static>(store: Arc<S>, ports: Ports) -> Self {
        Self {
            store: store.clone(),
            links: store,
            ports,
            servers: Mutex::new(HashMap::new()),
            idle: Duration::from_secs(1),
            pace: Duration::from_millis(50),
        }
    }

    /// The same with another pause between two accounts of a reconcile.
    #[must_use]
    pub fn with_pace(self, pace: Duration) -> Self {
        Self { pace, ..self }
    }

    /// Works until `stop`, and finishes what it took.
    pub async fn run(self, stop: CancellationToken) {
        tokio::join!(
            self.repeat(Work::Send, self.idle, &stop),
            self.repeat(Work::Reconcile, self.idle, &stop),
            self.repeat(Work::WatchTheNight, NIGHT_WATCH, &stop),
        );
    }

    /// Does `work` until `stop`, with a pause after it found nothing to do.
    async fn repeat(&self, work: Work, idle: Duration, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            let found = match work {
                Work::Send => self.send_due().await.map(|taken| taken > 0),
                Work::Reconcile => self.reconcile_step(None, stop).await.map(|run| run.is_some()),
                Work::WatchTheNight => self.begin_nightly().await.map(|_| false),
            };
            let pause = match found {
                Ok(true) => continue,
                Ok(false) => idle,
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, ?work, "provisioning cannot be gone on with");
                    idle * 10
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Takes accounts that are due and looks after them; returns how many it took.
    pub async fn send_due(&self) -> Result<usize, StoreError> {
        let now = self.ports.clock.now();
        let mut unit = self.store.begin().await?;
        let tasks = unit.take_provisioning(now, now + LEASE, BATCH).await?;
        unit.save().await?;
        let taken = tasks.len();
        let sent: Vec<_> = futures_util::stream::iter(tasks)
            .map(|task| self.send(task))
            .buffer_unordered(PARALLEL)
            .collect()
            .await;
        sent.into_iter().collect::<Result<(), _>>()?;
        Ok(taken)
    }

    async fn send(&self, task: ProvisioningTask) -> Result<(), StoreError> {
        let mut unit = self.store.begin_read().await?;
        let target = unit.provisioning_target(task.organization, task.target).await?;
        drop(unit);
        // Removed since: its rows went with it.
        let Some(target) = target else { return Ok(()) };
        let result = self.compare(&target, task.account, RunKind::Reconcile).await?;
        self.settle(&target, &task, &result).await
    }

    /// What speaks to this target's server; made anew once the target was changed.
    pub(crate) fn server(&self, target: &ProvisioningTarget) -> Result<Arc<dyn UserAttributes>, SetupError> {
        let mut servers = self.servers.lock();
        if let Some((of, server)) = servers.get(&target.id)
            && *of == target.updated_at
        {
            return Ok(server.clone());
        }
        let server = server::connect(target, &self.ports.clock)?;
        servers.insert(target.id, (target.updated_at, server.clone()));
        Ok(server)
    }
}

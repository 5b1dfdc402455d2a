//! One account at one target: what its attributes should say, and what became of saying it.

use chrono::TimeDelta;
use kinlink_domain::{
    actor::Actor,
    audit::{Action, Subject},
    outbox::{MAX_ATTEMPTS, backoff},
    provisioning::{ProvisioningOutcome, ProvisioningTarget, ProvisioningTask, Values},
    store::{StoreError, UnitOfWork},
};

use crate::{Provisioner, server::ServerError};

/// A server may ask for a pause of at most so long.
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(24);
/// How long a server that does not accept Kinlink's client is left alone.
const REFUSED_PAUSE: TimeDelta = TimeDelta::minutes(1);

/// An account whose attributes are in order now.
#[derive(Debug)]
pub(crate) struct Kept {
    /// What they were.
    pub(crate) held: Values,
    /// What they are.
    pub(crate) desired: Values,
}

impl Kept {
    fn was_written(&self) -> bool {
        self.held != self.desired
    }
}

impl Provisioner {
    /// Works out what the account's attributes should say now, and says it.
    pub(crate) async fn keep(
        &self,
        target: &ProvisioningTarget,
        task: &ProvisioningTask,
    ) -> Result<Result<Kept, ServerError>, StoreError> {
        let server = match self.server(target) {
            Ok(server) => server,
            Err(error) => {
                return Ok(Err(ServerError::Unavailable { why: error.to_string(), after: None }));
            }
        };
        let mut unit = self.store.begin_read().await?;
        let account = unit.account(task.account).await?;
        drop(unit);
        let gone = || StoreError::Corrupt { what: "provisioned account", why: "its account is gone".into() };
        let user = account.ok_or_else(gone)?.key.sub;
        // Neither is a user, and both would lead elsewhere in a path.
        if matches!(user.as_str(), "." | "..") {
            return Ok(Err(ServerError::Gone));
        }
        let links = self.links.answerable_links(task.account).await?;
        let desired = target.desired(&links, self.ports.clock.now());
        Ok(server.keep(user.as_str(), &desired).await.map(|held| Kept { held, desired }))
    }

    /// Notes what became of it.
    pub(crate) async fn settle(
        &self,
        target: &ProvisioningTarget,
        task: &ProvisioningTask,
        result: &Result<Kept, ServerError>,
    ) -> Result<(), StoreError> {
        let now = self.ports.clock.now();
        let outcome = match result {
            Ok(kept) => ProvisioningOutcome::Done { written: kept.desired.digest() },
            Err(error) => self.failed(task, error),
        };
        let mut unit = self.store.begin().await?;
        unit.settle_provisioning(task, &outcome, now).await?;
        if let Err(error) = result {
            self.pause(&mut *unit, target, error).await?;
        }
        if let Ok(kept) = result
            && kept.was_written()
        {
            let subject = Subject { account: Some(task.account), ..Subject::default() };
            let detail = serde_json::json!({"target": target.id, "set": !kept.desired.is_empty()});
            let (by, action) = (Actor::System, Action::ProvisioningWrite);
            unit.record(self.ports.audit(target.organization, by, action, subject, detail));
        }
        unit.save().await?;
        note(task, &outcome);
        Ok(())
    }

    fn failed(&self, task: &ProvisioningTask, error: &ServerError) -> ProvisioningOutcome {
        let attempts = task.attempts + 1;
        // A server that asks for patience is not a reason to give anybody up.
        let counts = !matches!(error, ServerError::Throttled { .. });
        match error {
            ServerError::Gone => ProvisioningOutcome::Gone,
            // A reconcile comes back to it by itself.
            _ if !task.waiting && error.concerns_all() => ProvisioningOutcome::Untouched,
            _ if !error.is_passing() || (counts && attempts >= MAX_ATTEMPTS) => {
                ProvisioningOutcome::Dead { error: error.to_string() }
            }
            _ => {
                let at = self.ports.clock.now() + self.wait(attempts, error);
                ProvisioningOutcome::Retry { error: error.to_string(), at, counts }
            }
        }
    }

    /// How long to wait after the `attempts`-th failure.
    pub(crate) fn wait(&self, attempts: u16, error: &ServerError) -> TimeDelta {
        let mut jitter = [0];
        self.ports.random.fill(&mut jitter);
        let pause = backoff(attempts, jitter[0]);
        error.after().map_or(pause, |asked| pause.max(asked).min(LONGEST_PAUSE))
    }

    /// Leaves a server alone that would refuse all others likewise.
    async fn pause(
        &self,
        unit: &mut dyn UnitOfWork,
        target: &ProvisioningTarget,
        error: &ServerError,
    ) -> Result<(), StoreError> {
        let pause = match error {
            ServerError::Throttled { .. } => self.wait(1, error),
            ServerError::Unauthorized { .. } => REFUSED_PAUSE,
            ServerError::Unavailable { after: Some(after), .. } => (*after).min(LONGEST_PAUSE),
            _ => return Ok(()),
        };
        unit.pause_provisioning(target.organization, target.id, self.ports.clock.now() + pause).await
    }
}

fn note(task: &ProvisioningTask, outcome: &ProvisioningOutcome) {
    let count = |outcome: &'static str| {
        metrics::counter!("kinlink_provisioning_total", "outcome" => outcome).increment(1);
    };
    let (target, account) = (task.target, task.account);
    match outcome {
        ProvisioningOutcome::Done { .. } => count("done"),
        ProvisioningOutcome::Gone => {
            count("gone");
            tracing::info!(%target, %account, "an account's user is gone");
        }
        ProvisioningOutcome::Untouched => count("untouched"),
        ProvisioningOutcome::Retry { error, .. } => {
            count("retry");
            tracing::info!(%target, %account, attempts = task.attempts + 1, error, "attributes will be sent again");
        }
        ProvisioningOutcome::Dead { error } => {
            count("dead");
            tracing::warn!(%target, %account, attempts = task.attempts + 1, error, "attributes were given up");
        }
    }
}

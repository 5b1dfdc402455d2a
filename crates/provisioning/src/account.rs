//! One account at one target: what its attributes should say, and what became of saying it or of looking.

use std::sync::Arc;

use chrono::TimeDelta;
use kinlink_domain::{
    account::Sub,
    actor::Actor,
    audit::{Action, Subject},
    id::AccountId,
    outbox::{MAX_ATTEMPTS, backoff},
    provisioning::{
        Change, Desired, Known, ProvisioningOutcome, ProvisioningTarget, ProvisioningTask, RunKind, Values,
        Verdict, drift,
    },
    store::{StoreError, UnitOfWork},
};

use crate::{
    Provisioner,
    server::{ServerError, UserAttributes},
};

/// A server may ask for a pause of at most so long.
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(24);
/// How long a server that does not accept Kinlink's client is left alone.
const REFUSED_PAUSE: TimeDelta = TimeDelta::minutes(1);

/// An account whose attributes were read.
#[derive(Debug)]
pub(crate) struct Compared {
    /// What they were.
    held: Values,
    /// What they should be.
    desired: Desired,
}

impl Compared {
    fn change(&self) -> Option<Change> {
        Change::between(&self.held, &self.desired.values)
    }

    pub(crate) fn verdict(&self, known: Known) -> Verdict {
        let drift = drift(&self.held, &self.desired.values, known);
        Verdict::Compared { drift, change: self.change(), basis: self.desired.basis }
    }
}

/// What is needed to compare an account.
struct Prepared {
    server: Arc<dyn UserAttributes>,
    user: Sub,
    desired: Desired,
}

impl Provisioner {
    /// Works out what the account's attributes should say now, and says it or only looks what they say.
    pub(crate) async fn compare(
        &self,
        target: &ProvisioningTarget,
        account: AccountId,
        kind: RunKind,
    ) -> Result<Result<Compared, ServerError>, StoreError> {
        let Prepared { server, user, desired } = match self.prepare(target, account).await? {
            Ok(prepared) => prepared,
            Err(error) => return Ok(Err(error)),
        };
        let held = match kind {
            RunKind::Reconcile => server.keep(user.as_str(), &desired.values).await,
            RunKind::Preview => server.read(user.as_str()).await,
        };
        Ok(held.map(|held| Compared { held, desired }))
    }

    async fn prepare(
        &self,
        target: &ProvisioningTarget,
        account: AccountId,
    ) -> Result<Result<Prepared, ServerError>, StoreError> {
        let server = match self.server(target) {
            Ok(server) => server,
            Err(error) => return Ok(Err(error.into())),
        };
        let mut unit = self.store.begin_read().await?;
        let found = unit.account(account).await?;
        drop(unit);
        let gone = || StoreError::Corrupt { what: "provisioned account", why: "its account is gone".into() };
        let user = found.ok_or_else(gone)?.key.sub;
        // Neither is a user, and both would lead elsewhere in a path.
        if matches!(user.as_str(), "." | "..") {
            return Ok(Err(ServerError::Gone));
        }
        let links = self.links.answerable_links(account).await?;
        let desired = target.desired(&links, self.ports.clock.now());
        Ok(Ok(Prepared { server, user, desired }))
    }

    /// Notes what became of it.
    pub(crate) async fn settle(
        &self,
        target: &ProvisioningTarget,
        task: &ProvisioningTask,
        result: &Result<Compared, ServerError>,
    ) -> Result<(), StoreError> {
        let now = self.ports.clock.now();
        let outcome = match result {
            Ok(kept) => ProvisioningOutcome::Done { written: kept.desired.values.digest() },
            Err(error) => self.failed(task, error),
        };
        let mut unit = self.store.begin().await?;
        unit.settle_provisioning(task, &outcome, now).await?;
        if let Err(error) = result {
            self.pause(&mut *unit, target, error).await?;
        }
        if let Ok(kept) = result
            && kept.change().is_some()
        {
            let subject = Subject { account: Some(task.account), ..Subject::default() };
            let detail = serde_json::json!({"target": target.id, "set": !kept.desired.values.is_empty()});
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
            _ if !task.known.waiting && error.concerns_all() => ProvisioningOutcome::Untouched,
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

//! Compares what a target's users hold with what they should, account by account, and mends it or only tells.
//!
//! A batch at a time, with a lease, so that one replica does it and another goes on where it died. What closes by
//! the clock alone (the end of a period, an age, a death) tells nobody when it does; this is what finds it.

use chrono::{DateTime, Utc};
use kinlink_domain::{
    actor::Actor,
    audit::{Action, Subject},
    id::{AccountId, ProvisioningTargetId},
    outbox::MAX_ATTEMPTS,
    provisioning::{
        Cause, Ended, Finding, Known, ProvisioningTarget, Run, RunKind, RunPhase, TargetState, Verdict,
        last_night,
    },
    store::StoreError,
};
use tokio_util::sync::CancellationToken;

use crate::{Provisioner, provisioner::LEASE, server::ServerError};

/// Accounts before how far it is is written.
const BATCH: u16 = 25;

/// A comparison that this worker has for a while.
#[derive(Debug)]
pub(crate) struct Stretch {
    pub(crate) run: Run,
    findings: Vec<Finding>,
    lease: DateTime<Utc>,
}

impl Stretch {
    fn found(&mut self, account: AccountId, verdict: Verdict) {
        self.run.counts.add(&verdict, self.run.kind);
        self.run.after = Some(account);
        self.run.failures = 0;
        if verdict.is_notable() {
            self.findings.push(Finding { account, verdict });
        }
    }

    pub(crate) fn finish(&mut self, ended: Ended, now: DateTime<Utc>) {
        self.run = self.run.clone().finish(ended, now);
    }
}

impl Provisioner {
    /// Goes on with a comparison that is under way, of any target or this one; returns how far it is, or nothing
    /// if none can be gone on with just now.
    pub async fn reconcile_step(
        &self,
        only: Option<(ProvisioningTargetId, RunKind)>,
        stop: &CancellationToken,
    ) -> Result<Option<Run>, StoreError> {
        let now = self.ports.clock.now();
        let lease = now + LEASE;
        let mut unit = self.store.begin().await?;
        let run = unit.take_provisioning_run(only, now, lease).await?;
        let Some(run) = run else { return Ok(None) };
        let target = unit.provisioning_target(run.organization, run.target).await?;
        let accounts = unit.provisioned_accounts(run.organization, run.target, run.after, BATCH).await?;
        unit.save().await?;
        let Some(target) = target else { return Ok(None) };
        let mut stretch = Stretch { run, findings: Vec::new(), lease };
        if !accounts.is_empty() {
            self.go_over(&target, &mut stretch, accounts, stop).await?;
        } else if stretch.run.kind == RunKind::Preview {
            self.sweep(&target, &mut stretch).await?;
        } else {
            stretch.finish(Ended::Completed, self.ports.clock.now());
        }
        self.keep_run(&stretch).await?;
        Ok(Some(stretch.run))
    }

    async fn go_over(
        &self,
        target: &ProvisioningTarget,
        stretch: &mut Stretch,
        accounts: Vec<(AccountId, Known)>,
        stop: &CancellationToken,
    ) -> Result<(), StoreError> {
        for (account, known) in accounts {
            // A slow server must not outlast the lease; what is left is gone on with in the next stretch.
            if stop.is_cancelled() || self.ports.clock.now() + LEASE / 2 > stretch.lease {
                break;
            }
            let found = match stretch.run.kind {
                RunKind::Reconcile => self.mend(target, account).await?,
                RunKind::Preview => self
                    .compare(target, account, RunKind::Preview)
                    .await?
                    .map(|compared| compared.verdict(known)),
            };
            match found {
                Err(error) if error.concerns_all() => return self.trouble(target, stretch, &error).await,
                Err(ServerError::Gone) => stretch.found(account, Verdict::Gone),
                Err(error) => stretch.found(account, Verdict::Failed { error: error.to_string() }),
                Ok(verdict) => stretch.found(account, verdict),
            }
            tokio::time::sleep(self.pace).await;
        }
        Ok(())
    }

    async fn mend(
        &self,
        target: &ProvisioningTarget,
        account: AccountId,
    ) -> Result<Result<Verdict, ServerError>, StoreError> {
        let now = self.ports.clock.now();
        let mut unit = self.store.begin().await?;
        let task = unit.lease_provisioning(target, account, now, now + LEASE).await?;
        unit.save().await?;
        let Some(task) = task else { return Ok(Ok(Verdict::Busy)) };
        let result = self.compare(target, account, RunKind::Reconcile).await?;
        self.settle(target, &task, &result).await?;
        Ok(result.map(|compared| compared.verdict(task.known)))
    }

    /// Waits for a server that would refuse all others likewise, or gives up.
    pub(crate) async fn trouble(
        &self,
        target: &ProvisioningTarget,
        stretch: &mut Stretch,
        error: &ServerError,
    ) -> Result<(), StoreError> {
        stretch.run.failures += 1;
        if error.is_passing() && stretch.run.failures < MAX_ATTEMPTS {
            return self.wait_for(target, stretch.run.failures, error).await;
        }
        stretch.finish(Ended::GivenUp { error: error.to_string() }, self.ports.clock.now());
        Ok(())
    }

    async fn wait_for(
        &self,
        target: &ProvisioningTarget,
        failures: u16,
        error: &ServerError,
    ) -> Result<(), StoreError> {
        let until = self.ports.clock.now() + self.wait(failures, error);
        let mut unit = self.store.begin().await?;
        unit.pause_provisioning(target.organization, target.id, until).await?;
        unit.save().await
    }

    async fn keep_run(&self, stretch: &Stretch) -> Result<(), StoreError> {
        let run = &stretch.run;
        let mut unit = self.store.begin().await?;
        let ours = unit.keep_provisioning_run(run, &stretch.findings, stretch.lease).await?;
        if ours && run.phase == RunPhase::Idle {
            let detail = serde_json::json!({"target": run.target, "kind": run.kind, "report": run.last});
            let (by, action) = (Actor::System, Action::ProvisioningReconcile);
            unit.record(self.ports.audit(run.organization, by, action, Subject::default(), detail));
            tell(run);
        }
        unit.save().await
    }

    /// Begins the reconcile of every target whose night has come since the last one; returns how many.
    pub async fn begin_nightly(&self) -> Result<usize, StoreError> {
        let now = self.ports.clock.now();
        let idle = self.store.begin_read().await?.idle_provisioning_runs().await?;
        let mut begun = 0;
        for run in idle {
            let mut unit = self.store.begin().await?;
            let target = unit.provisioning_target(run.organization, run.target).await?;
            let organization = unit.organization(run.organization).await?;
            let (Some(target), Some(organization)) = (target, organization) else { continue };
            let night = last_night(organization.policy.family.time_zone, now);
            if target.state != TargetState::Off
                && run.requested_at < night
                && unit
                    .begin_provisioning_run(&target, RunKind::Reconcile, Cause::Nightly, Some(night), now)
                    .await?
            {
                begun += 1;
                unit.save().await?;
            }
        }
        Ok(begun)
    }
}

fn tell(run: &Run) {
    let (counts, kind) = (&run.counts, run.kind);
    let drifted = [
        ("missing", counts.missing),
        ("by_hand", counts.by_hand),
        ("stale", counts.stale),
        ("gone", counts.gone),
    ];
    // What a preview finds, the reconcile after it finds again.
    for (kind, accounts) in drifted.into_iter().filter(|_| run.kind == RunKind::Reconcile) {
        metrics::counter!("kinlink_provisioning_drift_total", "kind" => kind).increment(accounts);
    }
    let (target, drifted) = (run.target, counts.drifted());
    tracing::info!(%target, ?kind, checked = counts.checked, drifted, failed = counts.failed, "a target was compared");
}

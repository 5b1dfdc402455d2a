//! Compares what a target's users hold with what they should, account by account, and mends it.
//!
//! A batch at a time, with a lease, so that one replica does it and another goes on where it died. What closes by
//! the clock alone (the end of a period, an age, a death) tells nobody when it does; this is what finds it.

use chrono::{DateTime, Utc};
use kinlink_domain::{
    actor::Actor,
    audit::{Action, Subject},
    id::{AccountId, ProvisioningTargetId},
    outbox::MAX_ATTEMPTS,
    provisioning::{Cause, Drift, Ended, ProvisioningTarget, Run, RunPhase, TargetState, drift, last_night},
    store::StoreError,
};
use tokio_util::sync::CancellationToken;

use crate::{Provisioner, provisioner::LEASE, server::ServerError};

/// Accounts before how far it is is written.
const BATCH: u16 = 25;

/// What was found at one account.
enum Found {
    Held(Drift),
    Busy,
    Failed(ServerError),
}

impl Provisioner {
    /// Goes on with a reconcile that is under way, of any target or of this one; returns how far it is, or
    /// nothing if none can be gone on with just now.
    pub async fn reconcile_step(
        &self,
        only: Option<ProvisioningTargetId>,
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
        let run = if accounts.is_empty() {
            run.finish(Ended::Completed, self.ports.clock.now())
        } else {
            self.go_over(&target, run, accounts, lease, stop).await?
        };
        self.keep_run(&run, lease).await?;
        Ok(Some(run))
    }

    async fn go_over(
        &self,
        target: &ProvisioningTarget,
        mut run: Run,
        accounts: Vec<AccountId>,
        lease: DateTime<Utc>,
        stop: &CancellationToken,
    ) -> Result<Run, StoreError> {
        for account in accounts {
            // A slow server must not outlast the lease; what is left is gone on with in the next step.
            if stop.is_cancelled() || self.ports.clock.now() + LEASE / 2 > lease {
                break;
            }
            match self.look_at(target, account).await? {
                Found::Failed(error) if error.concerns_all() => {
                    run.failures += 1;
                    if run.failures >= MAX_ATTEMPTS {
                        run = run.finish(Ended::GivenUp { error: error.to_string() }, self.ports.clock.now());
                    } else {
                        self.wait_for(target, run.failures, &error).await?;
                    }
                    break;
                }
                found => run = counted(run, account, &found),
            }
            tokio::time::sleep(self.pace).await;
        }
        Ok(run)
    }

    async fn look_at(&self, target: &ProvisioningTarget, account: AccountId) -> Result<Found, StoreError> {
        let now = self.ports.clock.now();
        let mut unit = self.store.begin().await?;
        let task = unit.lease_provisioning(target, account, now, now + LEASE).await?;
        unit.save().await?;
        let Some(task) = task else { return Ok(Found::Busy) };
        let result = self.keep(target, &task).await?;
        self.settle(target, &task, &result).await?;
        Ok(match result {
            Ok(kept) => Found::Held(drift(&kept.held, &kept.desired, &task)),
            Err(error) => Found::Failed(error),
        })
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

    async fn keep_run(&self, run: &Run, lease: DateTime<Utc>) -> Result<(), StoreError> {
        let mut unit = self.store.begin().await?;
        let ours = unit.keep_provisioning_run(run, lease).await?;
        if ours && run.phase == RunPhase::Idle {
            let detail = serde_json::json!({"target": run.target, "report": run.last});
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
                && unit.begin_provisioning_run(&target, Cause::Nightly, Some(night), now).await?
            {
                begun += 1;
                unit.save().await?;
            }
        }
        Ok(begun)
    }
}

fn counted(mut run: Run, account: AccountId, found: &Found) -> Run {
    let counts = &mut run.counts;
    counts.checked += 1;
    match found {
        Found::Held(drift) => counts.add(*drift),
        Found::Busy => counts.busy += 1,
        Found::Failed(ServerError::Gone) => counts.gone += 1,
        Found::Failed(_) => counts.failed += 1,
    }
    Run { after: Some(account), failures: 0, ..run }
}

fn tell(run: &Run) {
    let counts = &run.counts;
    let drifted = [
        ("missing", counts.missing),
        ("by_hand", counts.by_hand),
        ("stale", counts.stale),
        ("gone", counts.gone),
    ];
    for (kind, accounts) in drifted {
        metrics::counter!("kinlink_provisioning_drift_total", "kind" => kind).increment(accounts);
    }
    let (target, drifted) = (run.target, counts.drifted());
    tracing::info!(%target, checked = counts.checked, drifted, failed = counts.failed, "a target was reconciled");
}

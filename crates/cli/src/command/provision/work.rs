use std::{process::ExitCode, sync::Arc, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};
use kinlink_domain::{
    id::ProvisioningTargetId,
    provisioning::{Cause, Ended, ProvisioningTarget, Report, Run, RunPhase, TargetState},
    store::{Store, StoreError},
};
use kinlink_provisioning::{Provisioner, Weight};
use tokio_util::sync::CancellationToken;

use super::{find, journal, look::words};
use crate::{
    command::{context::Context, serve},
    exit::{CHECK_FAILED, UsageError},
    output,
};

/// How often it is looked how far another process is.
const LOOK: Duration = Duration::from_millis(500);

#[derive(Debug, clap::Args)]
pub(super) struct Remove {
    /// The server's id.
    id: ProvisioningTargetId,
    /// Take every attribute away first.
    #[arg(long)]
    clear: bool,
    /// Leave every attribute as it is.
    #[arg(long, conflicts_with = "clear")]
    leave_attributes: bool,
}

/// Looks whether a server is set up right.
pub(super) async fn check(context: &Context, id: ProvisioningTargetId) -> anyhow::Result<ExitCode> {
    let target = find(&mut *context.store.begin_read().await?, id).await?;
    let remarks = kinlink_provisioning::check(&target, &context.ports.clock).await?;
    for remark in &remarks {
        let word = match remark.weight {
            Weight::Good => "good    ",
            Weight::Doubtful => "doubtful",
            Weight::Wrong => "wrong   ",
        };
        output::line(format!("{word}  {}", remark.text));
    }
    let wrong = remarks.iter().any(|remark| remark.weight == Weight::Wrong);
    Ok(if wrong { ExitCode::from(CHECK_FAILED) } else { ExitCode::SUCCESS })
}

/// Compares all accounts at a server, and says what it found.
pub(super) async fn reconcile(context: &Context, id: ProvisioningTargetId) -> anyhow::Result<ExitCode> {
    let target = find(&mut *context.store.begin_read().await?, id).await?;
    if target.state == TargetState::Off {
        return Err(UsageError(format!("{id} is off; `kinlink provision update {id} --on`")).into());
    }
    let Some(report) = go_over(context, &target).await? else {
        output::line("It was stopped before the end. Run it again, or leave it to `kinlink serve`.");
        return Ok(ExitCode::SUCCESS);
    };
    output::line(words(&report));
    Ok(if went_well(&report) { ExitCode::SUCCESS } else { ExitCode::from(CHECK_FAILED) })
}

fn went_well(report: &Report) -> bool {
    report.ended == Ended::Completed && report.counts.failed == 0
}

/// Begins a comparison, or joins the one under way, and goes on with it until its end or Ctrl-C.
async fn go_over(context: &Context, target: &ProvisioningTarget) -> anyhow::Result<Option<Report>> {
    let mut unit = context.store.begin().await?;
    let now = context.ports.clock.now();
    unit.begin_provisioning_run(target, Cause::Asked, None, now).await?;
    unit.save().await?;
    let stop = CancellationToken::new();
    tokio::spawn(serve::cancel_on_signal(stop.clone()));
    let provisioner = Provisioner::new(Arc::new(context.store.clone()), context.ports.clone());
    let bar = bar()?;
    let report = loop {
        if stop.is_cancelled() {
            break None;
        }
        let taken = provisioner.reconcile_step(Some(target.id), &stop).await?;
        let pause = taken.is_none();
        let run = now_at(context, target).await?;
        bar.set_length(run.total);
        bar.set_position(run.counts.checked);
        if run.phase == RunPhase::Idle {
            break run.last;
        }
        if pause {
            // Another process has it, or the server asked for a pause.
            tokio::time::sleep(LOOK).await;
        }
    };
    bar.finish_and_clear();
    Ok(report)
}

async fn now_at(context: &Context, target: &ProvisioningTarget) -> anyhow::Result<Run> {
    let run = context.store.begin_read().await?.provisioning_run(target.organization, target.id).await?;
    let gone = || StoreError::Corrupt { what: "provisioning target", why: "it was removed meanwhile".into() };
    Ok(run.ok_or_else(gone)?)
}

/// Hidden where standard error is no terminal.
fn bar() -> anyhow::Result<ProgressBar> {
    let bar = ProgressBar::new(0);
    bar.set_style(ProgressStyle::with_template(
        "{wide_bar} {percent}%  {pos} of {len} accounts, {per_sec}  {elapsed} so far, {eta} left",
    )?);
    Ok(bar)
}

impl Remove {
    pub(super) async fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        if !self.clear && !self.leave_attributes {
            let hint = "say --clear to take every attribute away first, or --leave-attributes";
            return Err(UsageError(format!("what stays behind goes on opening records: {hint}")).into());
        }
        let target = find(&mut *context.store.begin_read().await?, self.id).await?;
        if self.clear && !clear(context, &target).await? {
            output::line("Not all attributes could be taken away, so it is kept. Run the same again.");
            return Ok(ExitCode::from(CHECK_FAILED));
        }
        let mut unit = context.store.begin().await?;
        unit.remove_provisioning_target(target.organization, target.id).await?;
        let detail = serde_json::json!({"target": target.id, "removed": true, "cleared": self.clear});
        journal(&mut *unit, context, &target, detail);
        unit.save().await?;
        output::line(format!("{} is removed", target.id));
        Ok(ExitCode::SUCCESS)
    }
}

/// Takes every attribute away; whether all are.
async fn clear(context: &Context, target: &ProvisioningTarget) -> anyhow::Result<bool> {
    let updated_at = context.ports.clock.now();
    let clearing = ProvisioningTarget { state: TargetState::Clearing, updated_at, ..target.clone() };
    let mut unit = context.store.begin().await?;
    unit.update_provisioning_target(&clearing).await?;
    let detail = serde_json::json!({"target": target.id, "clearing": true});
    journal(&mut *unit, context, &clearing, detail);
    unit.save().await?;
    // One that was under way before has not cleared those that it was past.
    if now_at(context, &clearing).await?.phase == RunPhase::Running {
        go_over(context, &clearing).await?;
    }
    let Some(report) = go_over(context, &clearing).await? else { return Ok(false) };
    output::line(words(&report));
    Ok(went_well(&report) && report.counts.busy == 0)
}

//! Comparing all accounts at a server: mending them, or only saying what would be done.

use std::{process::ExitCode, sync::Arc, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};
use kinlink_domain::{
    id::ProvisioningTargetId,
    provisioning::{Cause, Ended, Finding, ProvisioningTarget, Report, Run, RunKind, RunPhase, TargetState},
    store::{Store, StoreError},
};
use kinlink_provisioning::Provisioner;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::{find, look};
use crate::{
    command::{context::Context, serve},
    exit::{CHECK_FAILED, UsageError},
    output::{self, Format},
};

/// How often it is looked how far another process is.
const LOOK: Duration = Duration::from_millis(500);
/// Findings read at once.
const PAGE: u16 = 1_000;

#[derive(Debug, clap::Args)]
pub(super) struct Compare {
    /// The server's id.
    id: ProvisioningTargetId,
    /// Write nothing: only say what would be set, changed and cleared.
    #[arg(long)]
    dry_run: bool,
    /// Begin nothing: show what the last one found.
    #[arg(long)]
    last: bool,
    /// Name the accounts too, by their ids in Kinlink.
    #[arg(long)]
    list: bool,
    /// With all accounts that were not as they should be.
    #[command(flatten)]
    format: Format,
}

#[derive(Serialize)]
struct Told {
    dry_run: bool,
    report: Report,
    accounts: Vec<Finding>,
}

impl Compare {
    pub(super) async fn run(self, context: &Context) -> anyhow::Result<ExitCode> {
        let kind = if self.dry_run { RunKind::Preview } else { RunKind::Reconcile };
        let target = find(&mut *context.store.begin_read().await?, self.id).await?;
        if self.last {
            let run = now_at(context, &target, kind).await?;
            let none = || UsageError("none has ended yet; without --last, one is made".into());
            return self.ended(context, &target, run.last.ok_or_else(none)?).await;
        }
        if kind == RunKind::Reconcile && target.state == TargetState::Off {
            let hint =
                format!("`kinlink provision update {} --on`, or --dry-run to see what it would do", self.id);
            return Err(UsageError(format!("{} is off; {hint}", self.id)).into());
        }
        let Some(report) = go_over(context, &target, kind).await? else {
            output::remark("It was stopped before the end. Run it again, or leave it to `kinlink serve`.");
            return Ok(ExitCode::from(CHECK_FAILED));
        };
        self.ended(context, &target, report).await
    }

    async fn ended(
        &self,
        context: &Context,
        target: &ProvisioningTarget,
        report: Report,
    ) -> anyhow::Result<ExitCode> {
        let in_order = went_well(&report) && (!self.dry_run || would_change(&report) == 0);
        self.tell(context, target, report).await?;
        Ok(if in_order { ExitCode::SUCCESS } else { ExitCode::from(CHECK_FAILED) })
    }

    async fn tell(
        &self,
        context: &Context,
        target: &ProvisioningTarget,
        report: Report,
    ) -> anyhow::Result<()> {
        let kind = if self.dry_run { RunKind::Preview } else { RunKind::Reconcile };
        if self.format.json {
            let accounts = findings(context, target, kind).await?;
            output::line(serde_json::to_string_pretty(&Told { dry_run: self.dry_run, report, accounts })?);
            return Ok(());
        }
        output::line(if self.dry_run { look::preview(&report) } else { look::words(&report) });
        if self.list {
            look::findings(&findings(context, target, kind).await?)?;
        }
        Ok(())
    }
}

async fn findings(
    context: &Context,
    target: &ProvisioningTarget,
    kind: RunKind,
) -> anyhow::Result<Vec<Finding>> {
    let run = now_at(context, target, kind).await?;
    let mut unit = context.store.begin_read().await?;
    let mut all: Vec<Finding> = Vec::new();
    loop {
        let after = all.last().map(|finding| finding.account);
        let page = unit.provisioning_findings(&run, after, PAGE).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

pub(super) fn went_well(report: &Report) -> bool {
    report.ended == Ended::Completed && report.counts.failed == 0
}

fn would_change(report: &Report) -> u64 {
    report.counts.set + report.counts.changed + report.counts.cleared
}

/// Begins a comparison, or joins the one under way, and goes on with it until its end or Ctrl-C.
pub(super) async fn go_over(
    context: &Context,
    target: &ProvisioningTarget,
    kind: RunKind,
) -> anyhow::Result<Option<Report>> {
    begin(context, target, kind).await?;
    let stop = CancellationToken::new();
    tokio::spawn(serve::cancel_on_signal(stop.clone()));
    let provisioner = Provisioner::new(Arc::new(context.store.clone()), context.ports.clone());
    let bar = bar()?;
    let report = loop {
        if stop.is_cancelled() {
            break None;
        }
        let taken = provisioner.reconcile_step(Some((target.id, kind)), &stop).await?;
        let pause = taken.is_none();
        let run = now_at(context, target, kind).await?;
        show(&bar, &run);
        if run.phase == RunPhase::Idle {
            break run.last;
        }
        if pause {
            // Another process has it, or the server asked for a pause.
            bar.set_message("waits for the server, or for another process that is at it");
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    };
    bar.finish_and_clear();
    Ok(report)
}

async fn begin(context: &Context, target: &ProvisioningTarget, kind: RunKind) -> anyhow::Result<()> {
    let mut unit = context.store.begin().await?;
    let now = context.ports.clock.now();
    let begun = unit.begin_provisioning_run(target, kind, Cause::Asked, None, now).await?;
    unit.save().await?;
    if !begun {
        let run = now_at(context, target, kind).await?;
        let since = run.requested_at.format("%Y-%m-%d %H:%M UTC");
        output::remark(format!(
            "Goes on with the one that was begun on {since}: {} of {} accounts are done.",
            run.counts.checked, run.total
        ));
    }
    Ok(())
}

pub(super) async fn now_at(
    context: &Context,
    target: &ProvisioningTarget,
    kind: RunKind,
) -> anyhow::Result<Run> {
    let run =
        context.store.begin_read().await?.provisioning_run(target.organization, target.id, kind).await?;
    let gone = || StoreError::Corrupt { what: "provisioning target", why: "it was removed meanwhile".into() };
    Ok(run.ok_or_else(gone)?)
}

/// Hidden where standard error is no terminal.
fn bar() -> anyhow::Result<ProgressBar> {
    let bar = ProgressBar::new(0);
    bar.set_style(ProgressStyle::with_template(
        "{wide_bar} {percent}%  {pos} of {len} accounts, {per_sec}  {elapsed} so far, {eta} left  {msg}",
    )?);
    Ok(bar)
}

fn show(bar: &ProgressBar, run: &Run) {
    bar.set_length(run.total);
    bar.set_position(run.counts.checked);
    let users = run.counts.users;
    bar.set_message(if users > 0 { format!("{users} users of the server listed") } else { String::new() });
}

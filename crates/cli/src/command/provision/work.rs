use std::process::ExitCode;

use kinlink_domain::{
    id::ProvisioningTargetId,
    provisioning::{ProvisioningTarget, RunKind, RunPhase, TargetState},
    store::Store,
};
use kinlink_provisioning::Weight;

use super::{
    compare::{go_over, now_at, went_well},
    find, journal,
    look::words,
};
use crate::{
    command::context::Context,
    exit::{CHECK_FAILED, UsageError},
    output,
};

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
    let kind = RunKind::Reconcile;
    if now_at(context, &clearing, kind).await?.phase == RunPhase::Running {
        go_over(context, &clearing, kind).await?;
    }
    let Some(report) = go_over(context, &clearing, kind).await? else { return Ok(false) };
    output::line(words(&report));
    Ok(went_well(&report) && report.counts.busy == 0)
}

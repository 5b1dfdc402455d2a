use std::process::ExitCode;

use kinlink_domain::{
    actor::Actor,
    audit::{Action, Subject},
    store::Store,
};
use kinlink_persistence::{KeyUseKind, Resealing};
use tokio_util::sync::CancellationToken;

use super::uses_now;
use crate::{
    command::{context::Context, progress, serve},
    config::ConfigFlags,
    exit::CHECK_FAILED,
    output,
};

pub(super) async fn run(flags: &ConfigFlags) -> anyhow::Result<ExitCode> {
    let context = Context::open(flags).await?;
    let stop = CancellationToken::new();
    tokio::spawn(serve::cancel_on_signal(stop.clone()));
    let bar = progress::bar(left(&context).await?)?;
    let mut done = Resealing::default();
    while !stop.is_cancelled() {
        let Some(next) = context.store.reseal_next(done.clone()).await? else { break };
        done = next;
        bar.set_position(done.resealed + done.unreadable);
    }
    bar.finish_and_clear();
    if done.resealed > 0 {
        journal(&context, done.resealed).await?;
    }
    let key = context.ports.vault.current_key().0;
    output::line(format!("{} rows were sealed anew with key {key}", done.resealed));
    if done.unreadable > 0 {
        output::line(format!("{} rows do not open with the key that they name", done.unreadable));
    }
    let left = left(&context).await?;
    if left == 0 {
        output::remark(
            "Nothing is sealed with another key. `kinlink keys list --uses` says what old keys still check.",
        );
        return Ok(ExitCode::SUCCESS);
    }
    output::line(format!(
        "{left} rows are sealed with another key: run this again, when every replica uses key {key}"
    ));
    Ok(ExitCode::from(CHECK_FAILED))
}

/// Rows that another key than the current one sealed.
async fn left(context: &Context) -> anyhow::Result<u64> {
    let current = context.ports.vault.current_key();
    let uses = uses_now(context).await?;
    let other = uses.iter().filter(|one| one.kind == KeyUseKind::Sealed && one.key != current);
    Ok(other.map(|one| one.rows).sum())
}

/// Rows of every organization were rewritten, so each one's audit tells of it.
async fn journal(context: &Context, rows: u64) -> anyhow::Result<()> {
    let mut unit = context.store.begin().await?;
    let detail = serde_json::json!({"key": context.ports.vault.current_key().0, "rows": rows});
    for organization in unit.organizations().await? {
        let (id, action) = (organization.id, Action::KeysReseal);
        unit.record(context.ports.audit(id, Actor::Operator, action, Subject::default(), detail.clone()));
    }
    unit.save().await?;
    Ok(())
}

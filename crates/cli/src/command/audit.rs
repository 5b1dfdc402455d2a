mod compare;

use std::{fmt::Write, path::PathBuf, process::ExitCode};

use clap::Subcommand;
use kinlink_domain::{
    actor::Actor,
    audit::{Action, ChainVerifier, Subject},
    organization::Organization,
    store::Store,
};

use super::context::Context;
use crate::{config::ConfigFlags, exit::CHECK_FAILED, output};

/// Entries read at once.
const BATCH: u32 = 1_000;

#[derive(Debug, clap::Args)]
pub(crate) struct AuditCommand {
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Check that no entry was changed, removed or inserted. Exit code 1 if one was; says which.
    Verify {
        /// The organization's short name; all of them unless said.
        #[arg(long)]
        organization: Option<String>,
    },
    /// Print an organization's entries as NDJSON, oldest first, and the end of the chain as the last line.
    #[command(after_help = "\
Keep it elsewhere: by `kinlink audit compare`, the last line alone tells whether somebody put an older database in place
of this one, and all of it tells what a restore took away.")]
    Export {
        /// The organization's short name.
        #[arg(long)]
        organization: String,
    },
    /// Print what an export that was kept has and this database has not. Exit code 1 if there is something.
    #[command(after_help = "\
After a restore these are the decisions that were lost and are to be made again (docs/operations.md). For example, the
links that had been ended and are open again:
  kinlink audit compare kept.ndjson --organization northside |
    jq -r 'select(.action == \"link.revoke\") | .subject.link'")]
    Compare {
        /// What `kinlink audit export` printed: all of it, or its last line.
        file: PathBuf,
        /// The organization's short name.
        #[arg(long)]
        organization: String,
    },
}

impl AuditCommand {
    pub(crate) async fn run(self, flags: &ConfigFlags) -> anyhow::Result<ExitCode> {
        let context = Context::open(flags).await?;
        match self.step {
            Step::Verify { organization } => verify(&context, organization.as_deref()).await,
            Step::Export { organization } => export(&context, &organization).await,
            Step::Compare { file, organization } => compare::run(&context, &organization, &file).await,
        }
    }
}

async fn verify(context: &Context, organization: Option<&str>) -> anyhow::Result<ExitCode> {
    let organizations = match organization {
        Some(slug) => vec![context.organization(slug).await?],
        None => context.store.begin_read().await?.organizations().await?,
    };
    let mut broken = false;
    for organization in organizations {
        broken |= !verify_chain(context, &organization).await?;
    }
    Ok(if broken { ExitCode::from(CHECK_FAILED) } else { ExitCode::SUCCESS })
}

async fn verify_chain(context: &Context, organization: &Organization) -> anyhow::Result<bool> {
    // One transaction, so that what is written meanwhile does not look like a fault.
    let mut unit = context.store.begin_read().await?;
    let mut verifier = ChainVerifier::new(&*context.ports.vault);
    let mut after = 0;
    loop {
        let entries = unit.audit_chain(organization.id, after, BATCH).await?;
        let Some(last) = entries.last() else { break };
        after = last.seq;
        for entry in &entries {
            verifier.check(entry);
        }
    }
    let (read, faults) = verifier.finish(unit.audit_end(organization.id).await?.as_ref());
    for fault in &faults {
        output::line(format!("{}: {fault}", organization.slug));
    }
    if faults.is_empty() {
        output::line(format!("{}: {read} entries, none changed, removed or inserted", organization.slug));
    }
    Ok(faults.is_empty())
}

async fn export(context: &Context, slug: &str) -> anyhow::Result<ExitCode> {
    let organization = context.organization(slug).await?;
    let mut unit = context.store.begin().await?;
    let detail = serde_json::json!({});
    let (id, action) = (organization.id, Action::AuditExport);
    unit.record(context.ports.audit(id, Actor::Operator, action, Subject::default(), detail));
    unit.save().await?;
    let mut unit = context.store.begin_read().await?;
    let mut after = 0;
    loop {
        let entries = unit.audit_chain(id, after, BATCH).await?;
        let Some(last) = entries.last() else { break };
        after = last.seq;
        for chained in &entries {
            let entry = &chained.entry;
            output::line(serde_json::json!({
                "seq": chained.seq,
                "id": entry.id,
                "at": entry.at,
                "actor": entry.actor,
                "action": entry.action,
                "subject": entry.subject,
                "detail": entry.detail,
                "hash": hex(&chained.hash.bytes),
            }));
        }
    }
    if let Some(end) = unit.audit_end(id).await? {
        output::line(
            serde_json::json!({"end": {"organization": id, "seq": end.seq, "hash": hex(&end.last)}}),
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

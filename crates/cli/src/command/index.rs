use std::{process::ExitCode, time::Instant};

use clap::Subcommand;
use tokio_util::sync::CancellationToken;

use super::{context::Context, progress};
use crate::{config::ConfigFlags, output};

/// Records in one transaction: short enough for others to get in between.
const BATCH: u32 = 1_000;

#[derive(Debug, clap::Args)]
pub(crate) struct IndexCommand {
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Put records into the index that are not in it, or all of them.
    #[command(after_help = "\
Needed once after a migration that changes the index; `kinlink migrate up` and `migrate status` say so. Imports keep
the index in step by themselves. Safe while the service runs; what was interrupted is taken up where it stopped.")]
    Rebuild {
        /// The organization's short name.
        #[arg(long)]
        organization: String,
        /// Write the entries of every record anew, not only of those that have none.
        #[arg(long)]
        all: bool,
    },
}

impl IndexCommand {
    pub(crate) async fn run(self, flags: &ConfigFlags) -> anyhow::Result<ExitCode> {
        let Step::Rebuild { organization, all } = self.step;
        let context = Context::open(flags).await?;
        let organization = context.organization(&organization).await?;
        if all {
            context.store.mark_unindexed(organization.id).await?;
        }
        let stop = CancellationToken::new();
        tokio::spawn(super::serve::cancel_on_signal(stop.clone()));
        let left = context.store.count_unindexed(organization.id).await?;
        let bar = progress::bar(left)?;
        let (began, mut done) = (Instant::now(), 0);
        let finished = loop {
            if stop.is_cancelled() {
                break false;
            }
            match context.store.index_records(organization.id, BATCH).await? {
                0 => break true,
                indexed => {
                    done += indexed;
                    bar.set_position(done);
                }
            }
        };
        bar.finish_and_clear();
        output::line(format!("{done} records indexed in {:.1} s", began.elapsed().as_secs_f64()));
        if !finished {
            output::line("It was stopped before the end. Run `kinlink index rebuild` again, without --all.");
        }
        Ok(ExitCode::SUCCESS)
    }
}

use std::process::ExitCode;

use clap::Subcommand;
use kinlink_persistence::Database;
use serde::Serialize;

use super::context;
use crate::{
    config::ConfigFlags,
    exit::UsageError,
    output::{self, Format},
};

#[derive(Debug, clap::Args)]
pub(crate) struct Migrate {
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Apply pending migrations.
    Up,
    /// Take migrations back, with everything in their tables.
    Down {
        /// How many.
        #[arg(long, default_value_t = 1)]
        steps: u32,
        /// Needed, since what is in the tables is lost.
        #[arg(long)]
        yes_delete_everything_in_them: bool,
    },
    /// Show which migrations are applied.
    Status {
        #[command(flatten)]
        format: Format,
    },
}

#[derive(Serialize)]
struct Row {
    migration: String,
    applied: bool,
}

impl Migrate {
    pub(crate) async fn run(self, flags: &ConfigFlags) -> anyhow::Result<ExitCode> {
        let database = context::connect(&flags.load()?).await?;
        match self.step {
            Step::Up => {
                database.migrate_up(None).await?;
                output::line("The schema is up to date.");
            }
            Step::Down { yes_delete_everything_in_them: false, .. } => {
                let hint = "say --yes-delete-everything-in-them";
                return Err(
                    UsageError(format!("this deletes everything in the migrations' tables; {hint}")).into()
                );
            }
            Step::Down { steps, .. } => {
                database.migrate_down(steps).await?;
                output::line(format!("{steps} migrations were taken back."));
            }
            Step::Status { format } => status(&database, format).await?,
        }
        database.close().await;
        Ok(ExitCode::SUCCESS)
    }
}

async fn status(database: &Database, format: Format) -> anyhow::Result<()> {
    let status = database.migration_status().await?;
    let rows: Vec<_> = status.into_iter().map(|m| Row { migration: m.name, applied: m.applied }).collect();
    output::list(format, &rows, &["migration", "applied"], |row| {
        vec![row.migration.clone(), if row.applied { "yes" } else { "pending" }.to_owned()]
    })
}

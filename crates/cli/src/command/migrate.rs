use std::process::ExitCode;

use clap::Subcommand;
use kinlink_persistence::{Database, MigrationStatus, Unindexed};
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
    /// Whether this program has it.
    known: bool,
}

impl Migrate {
    pub(crate) async fn run(self, flags: &ConfigFlags) -> anyhow::Result<ExitCode> {
        let database = context::connect(&flags.load()?).await?;
        match self.step {
            Step::Up => {
                database.migrate_up(None).await?;
                let newer = database.migration_status().await?.iter().any(|migration| !migration.known);
                output::line(if newer {
                    "The schema is newer than this program; nothing was done."
                } else {
                    "The schema is up to date."
                });
                tell_unindexed(&database).await?;
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

/// Says which records cannot be found until they are in the index.
async fn tell_unindexed(database: &Database) -> anyhow::Result<()> {
    for Unindexed { organization, records } in database.unindexed().await? {
        output::remark(format!(
            "{records} records of {organization} are not in the index yet and are found by their FHIR id only: run \
             `kinlink index rebuild --organization {organization}`"
        ));
    }
    Ok(())
}

async fn status(database: &Database, format: Format) -> anyhow::Result<()> {
    let status = database.migration_status().await?;
    if status.iter().all(|migration| migration.applied) {
        tell_unindexed(database).await?;
    }
    let row = |one: MigrationStatus| Row { migration: one.name, applied: one.applied, known: one.known };
    let rows: Vec<_> = status.into_iter().map(row).collect();
    output::list(format, &rows, &["migration", "applied"], |row| {
        let applied = match (row.applied, row.known) {
            (true, true) => "yes",
            (true, false) => "yes, by a newer program",
            (false, _) => "pending",
        };
        vec![row.migration.clone(), applied.to_owned()]
    })
}

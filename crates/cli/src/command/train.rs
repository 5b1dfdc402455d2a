use std::{path::PathBuf, process::ExitCode};

use kinlink_evaluate::{Progress, candidates};

use super::evaluate::{Bar, Files, MAPS, fit, load, starting_model, write};
use crate::output;

/// Fit a model to records, without labels.
#[derive(Debug, clap::Args)]
#[command(after_help = format!("\
For example:
  kinlink train --map patients.toml --dedupe patients.csv --out model.toml

{MAPS}

The model holds the most frequent names and places of the records: keep it as they are kept."))]
pub(crate) struct Train {
    /// The map of columns; cluster is not needed.
    #[arg(long, value_name = "MAP.toml")]
    map: PathBuf,
    #[command(flatten)]
    files: Files,
    /// The model to begin with; the shipped one unless said.
    #[arg(long, value_name = "MODEL.toml")]
    model: Option<PathBuf>,
    /// Where to write the model.
    #[arg(long, value_name = "MODEL.toml")]
    out: PathBuf,
    /// Blocks of more records are left out, and told of.
    #[arg(long, default_value_t = 1_000)]
    widest_block: usize,
}

impl Train {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let bar = Bar::new();
        let records = load(&self.map, &self.files, false)?;
        bar.stage("looking for pairs", 0);
        let pairs = candidates(&records.people, records.first, self.widest_block);
        let start = starting_model(self.model.as_deref())?;
        let trained = fit(&records, &pairs, &start, &bar);
        bar.finish();
        write(Some(&self.out), &trained.model.to_toml())?;
        output::line(format!(
            "{} records, {} candidate pairs, about {:.0} of them of one person, after {} passes; the model is in {}",
            records.people.len(),
            pairs.pairs.len(),
            trained.matching_pairs,
            trained.passes,
            self.out.display()
        ));
        for capped in &pairs.capped {
            output::line(format!("left out: {} blocks by {}", capped.blocks, capped.kind));
        }
        for warning in &trained.warnings {
            output::line(format!("warning: {warning}"));
        }
        Ok(ExitCode::SUCCESS)
    }
}

use std::{path::PathBuf, process::ExitCode};

use clap::Subcommand;
use kinlink_vault::{KeyRing, OsRandom};

use crate::{config::ConfigFlags, output};

#[derive(Debug, clap::Args)]
pub(crate) struct KeysCommand {
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Make a key file, readable by its owner only. An existing file is never overwritten.
    Generate {
        /// Where; the configured file unless said.
        file: Option<PathBuf>,
    },
}

impl KeysCommand {
    pub(crate) fn run(self, flags: &ConfigFlags) -> anyhow::Result<ExitCode> {
        let Step::Generate { file } = self.step;
        let file = match file {
            Some(file) => file,
            None => flags.load()?.keys.file,
        };
        KeyRing::generate(&OsRandom).create(&file)?;
        output::line(format!(
            "New keys in {}. Keep a copy: without them the database cannot be read.",
            file.display()
        ));
        Ok(ExitCode::SUCCESS)
    }
}

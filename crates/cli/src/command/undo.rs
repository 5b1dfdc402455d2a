use std::process::ExitCode;

use kinlink_domain::{
    actor::Authorized,
    id::EndingId,
    service::undo_ending::{UndoError, undo},
    store::Store,
};

use super::context::Context;
use crate::{
    config::ConfigFlags,
    exit::{CHECK_FAILED, UsageError},
    output,
};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
For example:
  kinlink undo end_0197f2f31c2a7d0c8e6f2b7f5a1d9c44 --organization northside

What staff ended can be undone here. What was ended at a command line is undone by staff: at a command line
nobody can be told from anybody, and it takes a second person.")]
pub(crate) struct Undo {
    /// The ending.
    ending: String,
    /// The organization's short name.
    #[arg(long)]
    organization: String,
}

impl Undo {
    pub(crate) async fn run(self, flags: &ConfigFlags) -> anyhow::Result<ExitCode> {
        let context = Context::open(flags).await?;
        let organization = context.organization(&self.organization).await?;
        let id: EndingId =
            self.ending.parse().map_err(|error| UsageError(format!("`{}`: {error}", self.ending)))?;
        let mut unit = context.store.begin().await?;
        match undo(&mut *unit, &context.ports, Authorized::operator(organization.id), id).await {
            Ok(undone) => {
                unit.save().await?;
                output::line(format!(
                    "{} links and {} invitations are open again, {} stay closed",
                    undone.links, undone.invitations, undone.left
                ));
                Ok(ExitCode::SUCCESS)
            }
            Err(UndoError::Store(error)) => Err(error.into()),
            Err(refused @ UndoError::NotFound) => Err(UsageError(refused.to_string()).into()),
            Err(refused @ UndoError::Refused(_)) => {
                output::remark(format!("Nothing was undone: {refused}."));
                Ok(ExitCode::from(CHECK_FAILED))
            }
        }
    }
}

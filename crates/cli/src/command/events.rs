//! What clients are told, as the operator sees it: streams and webhooks, events that were given up.

mod dead;
mod retell;
mod streams;
mod webhook;

use std::process::ExitCode;

use clap::Subcommand;
use kinlink_domain::id::{ClientId, DeliveryId};

use super::context::Context;
use crate::{config::ConfigFlags, output::Format};

#[derive(Debug, clap::Args)]
pub(crate) struct EventsCommand {
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// List the streams and webhooks of clients, and how they fare.
    Streams {
        #[command(flatten)]
        format: Format,
    },
    /// List events that were given up.
    Dead {
        /// Only this client's.
        #[arg(long)]
        client: Option<ClientId>,
        #[command(flatten)]
        format: Format,
    },
    /// Send events that were given up once more. They tell what is true when they are sent.
    Replay {
        /// Which; all unless said.
        ids: Vec<DeliveryId>,
        /// Only this client's.
        #[arg(long)]
        client: Option<ClientId>,
    },
    /// Tell of every link of an organization anew, as it is now: after the database was restored, what was told may
    /// not be so any more. Saying it again does no harm.
    Retell {
        /// The organization's short name.
        #[arg(long)]
        organization: String,
    },
    /// Webhooks of clients.
    Webhook(webhook::WebhookCommand),
}

impl EventsCommand {
    pub(crate) async fn run(self, flags: &ConfigFlags) -> anyhow::Result<ExitCode> {
        let context = Context::open(flags).await?;
        match self.step {
            Step::Streams { format } => streams::list(&context, format).await?,
            Step::Dead { client, format } => dead::list(&context, client, format).await?,
            Step::Replay { ids, client } => dead::replay(&context, client, &ids).await?,
            Step::Retell { organization } => retell::run(&context, &organization).await?,
            Step::Webhook(command) => command.run(&context).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

use clap::Subcommand;
use kinlink_delivery::WebhookSecrets;
use kinlink_domain::{
    actor::Actor,
    id::{ClientId, StreamId},
    service::streams::{self, WantedStream},
    store::Store,
    stream::{EndpointSecret, EventType, Outlet},
};

use crate::{command::context::Context, exit::UsageError, output};

#[derive(Debug, clap::Args)]
pub(super) struct WebhookCommand {
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Make a webhook for a client. Its secret is printed once.
    Add {
        /// The client's id.
        #[arg(long)]
        client: ClientId,
        /// Where to post.
        #[arg(long)]
        url: String,
        /// Only tell when an account lost access.
        #[arg(long)]
        only_losses: bool,
    },
    /// Send a test event.
    Test {
        /// The client's id.
        #[arg(long)]
        client: ClientId,
        /// The webhook's id.
        id: StreamId,
    },
    /// Remove a webhook or a stream, with all that waits for it.
    Remove {
        /// The client's id.
        #[arg(long)]
        client: ClientId,
        /// Its id.
        id: StreamId,
    },
}

impl WebhookCommand {
    pub(super) async fn run(self, context: &Context) -> anyhow::Result<()> {
        match self.step {
            Step::Add { client, url, only_losses } => add(context, client, &url, only_losses).await,
            Step::Test { client, id } => {
                let mut unit = context.store.begin().await?;
                let stream = streams::find(&mut *unit, client, id).await?;
                streams::verify(&mut *unit, &context.ports, stream, None).await?;
                unit.save().await?;
                output::line("a test event is on its way");
                Ok(())
            }
            Step::Remove { client, id } => {
                let mut unit = context.store.begin().await?;
                let stream = streams::find(&mut *unit, client, id).await?;
                streams::remove(&mut *unit, &context.ports, Actor::Operator, &stream).await?;
                unit.save().await?;
                output::line(format!("{id} is gone"));
                Ok(())
            }
        }
    }
}

async fn add(context: &Context, client: ClientId, url: &str, only_losses: bool) -> anyhow::Result<()> {
    let rules = context.config.api()?.receivers;
    let url = rules.parse(url).map_err(|error| UsageError(format!("`{url}`: {error}")))?;
    let text = WebhookSecrets::draw(&*context.ports.random);
    let secret = text.clone();
    let wanted = WantedStream {
        outlet: Outlet::Webhook { url, secrets: vec![EndpointSecret { text, until: None }] },
        events: if only_losses { vec![EventType::SessionRevoked] } else { EventType::SUPPORTED.to_vec() },
        description: None,
    };
    let mut unit = context.store.begin().await?;
    if unit.client(client).await?.is_none() {
        return Err(
            UsageError(format!("there is no client {client}; `kinlink client list` shows all")).into()
        );
    }
    let made = streams::create(&mut *unit, &context.ports, Actor::Operator, client, wanted).await?;
    unit.save().await?;
    output::line(format!("webhook {}", made.id));
    output::line(format!("secret  {}", *secret));
    output::remark("The secret is not shown again.");
    Ok(())
}

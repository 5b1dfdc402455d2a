use clap::Subcommand;
use kinlink_delivery::{published_keys, rotate_event_key};
use kinlink_domain::stream::EventKey;
use serde::Serialize;

use crate::{
    command::context::Context,
    output::{self, Format},
};

#[derive(Debug, clap::Args)]
pub(super) struct EventKeysCommand {
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// List the keys that receivers are told of.
    List {
        #[command(flatten)]
        format: Format,
    },
    /// Make a new key. It is published at once and signs from an hour later on; the old one stays published for
    /// another day, so that nobody misses anything.
    Rotate {
        /// Somebody may know the key: the new one signs at once, and what the old one signed is believed no more.
        #[arg(long)]
        at_once: bool,
    },
}

#[derive(Serialize)]
struct Row {
    kid: String,
    signs_from: String,
    ends_at: Option<String>,
    signs_now: bool,
}

impl EventKeysCommand {
    pub(super) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let now = context.ports.clock.now();
        match self.step {
            Step::List { format } => list(&published_keys(&context.store, now).await?, format, now),
            Step::Rotate { at_once } => {
                let new = rotate_event_key(&context.store, now, at_once).await?;
                output::line(format!("{} signs from {}", new.kid, new.signs_from.to_rfc3339()));
                Ok(())
            }
        }
    }
}

fn list(keys: &[EventKey], format: Format, now: chrono::DateTime<chrono::Utc>) -> anyhow::Result<()> {
    let signing = EventKey::signing(keys, now).map(|key| key.number);
    let rows: Vec<_> = keys
        .iter()
        .map(|key| Row {
            kid: key.kid.clone(),
            signs_from: key.signs_from.to_rfc3339(),
            ends_at: key.ends_at.map(|end| end.to_rfc3339()),
            signs_now: Some(key.number) == signing,
        })
        .collect();
    output::list(format, &rows, &["kid", "signs from", "ends at", "signs now"], |row| {
        vec![
            row.kid.clone(),
            row.signs_from.clone(),
            row.ends_at.clone().unwrap_or_default(),
            if row.signs_now { "yes" } else { "no" }.to_owned(),
        ]
    })
}

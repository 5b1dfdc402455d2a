//! The keys that Kinlink signs with. They are in the database, sealed with the key file of `kinlink keys`.

use std::process::ExitCode;

use chrono::{DateTime, Utc};
use clap::{Subcommand, ValueEnum};
use kinlink_domain::signing_key::{KeyPurpose, SigningKey};
use kinlink_signing::{published_keys, rotate_key};
use serde::Serialize;

use super::context::Context;
use crate::{
    config::ConfigFlags,
    output::{self, Format},
};

#[derive(Debug, clap::Args)]
pub(crate) struct SigningKeysCommand {
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// List the keys that are published.
    List {
        #[command(flatten)]
        format: Format,
    },
    /// Have new keys follow. They are published at once and sign from an hour later on; the old ones stay published
    /// for another day, so that nobody misses anything. Every 90 days this happens by itself.
    Rotate {
        /// Only the keys for this; all unless said.
        #[arg(long)]
        purpose: Option<Purpose>,
        /// Somebody may know the keys: new ones sign at once, and what the old ones signed is believed no more.
        #[arg(long)]
        at_once: bool,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Purpose {
    /// Answers of the picker.
    Answer,
    /// Events to clients.
    Event,
}

#[derive(Serialize)]
struct Row {
    purpose: KeyPurpose,
    kid: String,
    signs_from: String,
    ends_at: Option<String>,
    signs_now: bool,
}

impl SigningKeysCommand {
    pub(crate) async fn run(self, flags: &ConfigFlags) -> anyhow::Result<ExitCode> {
        let context = Context::open(flags).await?;
        match self.step {
            Step::List { format } => list(&context, format).await?,
            Step::Rotate { purpose, at_once } => rotate(&context, purpose, at_once).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn rotate(context: &Context, purpose: Option<Purpose>, at_once: bool) -> anyhow::Result<()> {
    let asked = purpose.map(|purpose| match purpose {
        Purpose::Answer => KeyPurpose::Answer,
        Purpose::Event => KeyPurpose::Event,
    });
    for purpose in KeyPurpose::ALL.into_iter().filter(|purpose| asked.is_none_or(|asked| asked == *purpose)) {
        let new = rotate_key(&context.store, &context.ports, purpose, at_once).await?;
        output::line(format!("{purpose}: {} signs from {}", new.kid, new.signs_from.to_rfc3339()));
    }
    Ok(())
}

async fn list(context: &Context, format: Format) -> anyhow::Result<()> {
    let now = context.ports.clock.now();
    let mut listed = Vec::new();
    for purpose in KeyPurpose::ALL {
        listed.extend(rows(&published_keys(&context.store, purpose, now).await?, now));
    }
    output::list(format, &listed, &["purpose", "kid", "signs from", "ends at", "signs now"], |row| {
        vec![
            row.purpose.to_string(),
            row.kid.clone(),
            row.signs_from.clone(),
            row.ends_at.clone().unwrap_or_default(),
            if row.signs_now { "yes" } else { "no" }.to_owned(),
        ]
    })
}

fn rows(keys: &[SigningKey], now: DateTime<Utc>) -> Vec<Row> {
    let signing = SigningKey::signing(keys, now).map(|key| key.number);
    let row = |key: &SigningKey| Row {
        purpose: key.purpose,
        kid: key.kid.clone(),
        signs_from: key.signs_from.to_rfc3339(),
        ends_at: key.ends_at.map(|end| end.to_rfc3339()),
        signs_now: Some(key.number) == signing,
    };
    keys.iter().map(row).collect()
}

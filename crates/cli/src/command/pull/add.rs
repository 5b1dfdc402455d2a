use chrono::TimeDelta;
use kinlink_auth::issue_source_token;
use kinlink_domain::{
    id::SourceId,
    organization::FhirBase,
    source::{Source, SourceState},
    store::Store,
};

use super::{Context, Credentials, Named, context, journal, protected, show_subscription};
use crate::exit::UsageError;

#[derive(Debug, clap::Args)]
pub(super) struct Add {
    #[command(flatten)]
    named: Named,
    /// The server's FHIR base; the organization's unless given.
    #[arg(long, value_name = "URL")]
    fhir_base: Option<String>,
    #[command(flatten)]
    credentials: Credentials,
    /// How often it is pulled, told of changes or not.
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    every: u32,
    /// How far back each run begins before the last record seen: longer than a transaction of the server lasts, and than
    /// its clocks differ.
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u32).range(0..=86_400))]
    overlap: u32,
    /// Ask the server's history (`Patient/_history`) for deleted records, which no search finds, and close them.
    #[arg(long)]
    deletions: bool,
}

impl Add {
    pub(super) async fn run(self, context: &Context) -> anyhow::Result<()> {
        if !(1..=60).contains(&self.named.name.chars().count()) {
            return Err(UsageError("a name has 1 to 60 characters".into()).into());
        }
        let credentials = self.credentials.read()?;
        let mut unit = context.store.begin().await?;
        let organization = context::organization(&mut *unit, &self.named.organization).await?;
        let known = unit.sources(organization.id).await?;
        if known.iter().any(|source| source.name == self.named.name) {
            return Err(UsageError(format!("there is a source `{}` already", self.named.name)).into());
        }
        let base = self.fhir_base.as_deref().unwrap_or(organization.fhir_base.as_str());
        protected(base)?;
        let base = FhirBase::parse(base).map_err(|error| UsageError(format!("`{base}`: {error}")))?;
        let now = context.ports.clock.now();
        let id = SourceId::new(now, &*context.ports.random);
        let (text, token) = issue_source_token(&context.ports, id);
        let source = Source {
            id,
            organization: organization.id,
            name: self.named.name,
            base,
            credentials,
            token,
            every: TimeDelta::seconds(self.every.into()),
            overlap: TimeDelta::seconds(self.overlap.into()),
            deletions: self.deletions,
            since: None,
            due_at: now,
            notified_at: None,
            failures: 0,
            last: None,
            state: SourceState::Waiting,
            created_at: now,
        };
        unit.add_source(&source).await?;
        journal(&mut *unit, context, &source, "added");
        unit.save().await?;
        show_subscription(context, &self.named.organization, &source, &text);
        Ok(())
    }
}

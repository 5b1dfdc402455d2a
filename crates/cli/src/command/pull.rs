//! FHIR servers that are followed.

mod add;
mod run;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::Subcommand;
use kinlink_auth::issue_source_token;
use kinlink_domain::{
    account::Iss,
    actor::Actor,
    audit::{Action, Subject},
    fhir_user::face,
    organization::Organization,
    source::{Source, SourceCredentials, SourceState},
    store::{Store, UnitOfWork},
};
use serde::Serialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::context::{self, Context};
use crate::{
    config::ConfigFlags,
    exit::UsageError,
    output::{self, Format},
};

#[derive(Debug, clap::Args)]
pub(crate) struct PullCommand {
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Follow a FHIR server.
    #[command(after_help = "\
For example, as a SMART backend service (private_key_jwt), or with a token:
  kinlink pull add main --organization northside --client-id kinlink --key-file key.pem
  kinlink pull add main --organization northside --token-file token.txt

`kinlink serve` then pulls it every few minutes, and whenever the server tells of a change: what is printed goes into
a Subscription of that server (R4, `rest-hook`), with or without a payload.")]
    Add(add::Add),
    /// Pull a source now, and show how it goes.
    Run(run::Run),
    /// List the sources, and what became of their last runs.
    List {
        /// Only this organization's, by its short name.
        #[arg(long)]
        organization: Option<String>,
        #[command(flatten)]
        format: Format,
    },
    /// Show a server something else from now on.
    Credentials {
        #[command(flatten)]
        named: Named,
        #[command(flatten)]
        credentials: Credentials,
    },
    /// Draw a new token for the server to show; the old one is worth nothing from now on.
    Token {
        #[command(flatten)]
        named: Named,
    },
    /// Follow a FHIR server no more. The records stay.
    Remove {
        #[command(flatten)]
        named: Named,
    },
}

/// A source.
#[derive(Debug, clap::Args)]
struct Named {
    /// The source's name.
    name: String,
    /// The organization's short name.
    #[arg(long)]
    organization: String,
}

/// What Kinlink shows a FHIR server. Secrets are read from files, and kept encrypted in the database.
#[derive(Debug, clap::Args)]
#[group(id = "server_credentials")]
struct Credentials {
    /// A file with a bearer token.
    #[arg(long, value_name = "FILE", conflicts_with = "client_id")]
    token_file: Option<PathBuf>,
    /// The `client_id` that the server gave (SMART backend services).
    #[arg(long, requires = "key_file")]
    client_id: Option<String>,
    /// A file with the private key: RSA or P-384, PKCS #8 PEM.
    #[arg(long, value_name = "FILE", requires = "client_id")]
    key_file: Option<PathBuf>,
    /// The key's id in the JWK Set that the server knows.
    #[arg(long, requires = "client_id")]
    kid: Option<String>,
    /// The token endpoint; asked of the server (.well-known/smart-configuration) unless given.
    #[arg(long, value_name = "URL", requires = "client_id")]
    token_url: Option<String>,
}

impl Credentials {
    fn read(&self) -> anyhow::Result<SourceCredentials> {
        if let Some(path) = &self.token_file {
            let token = Zeroizing::new(secret(path)?.trim().to_owned());
            return Ok(SourceCredentials::Bearer { token });
        }
        let (Some(client_id), Some(path)) = (&self.client_id, &self.key_file) else {
            return Ok(SourceCredentials::None);
        };
        let key = secret(path)?;
        kinlink_pull::check_key(&key).map_err(|error| UsageError(format!("{}: {error}", path.display())))?;
        let token_url = self.token_url.as_deref().map(protected).transpose()?;
        Ok(SourceCredentials::BackendServices {
            client_id: client_id.clone(),
            key,
            kid: self.kid.clone(),
            token_url,
        })
    }
}

fn secret(path: &PathBuf) -> anyhow::Result<Zeroizing<String>> {
    let text = std::fs::read_to_string(path);
    Ok(text.map(Zeroizing::new).map_err(|error| UsageError(format!("{}: {error}", path.display())))?)
}

/// An address under https, or of this machine: the same rule as for issuers.
fn protected(text: &str) -> anyhow::Result<url::Url> {
    let url = text.parse::<url::Url>().map_err(|error| UsageError(format!("`{text}`: {error}")))?;
    Iss::parse(format!("{}://{}", url.scheme(), url.authority()))
        .map_err(|_| UsageError(format!("`{text}`: https is needed")))?;
    Ok(url)
}

impl PullCommand {
    pub(crate) async fn run(self, flags: &ConfigFlags) -> anyhow::Result<ExitCode> {
        let context = Context::open(flags).await?;
        match self.step {
            Step::Add(add) => add.run(&context).await?,
            Step::Run(run) => return run.run(&context).await,
            Step::List { organization, format } => list(&context, organization.as_deref(), format).await?,
            Step::Credentials { named, credentials } => {
                let credentials = credentials.read()?;
                change(&context, &named, "credentials", |source| Source { credentials, ..source }).await?;
            }
            Step::Token { named } => {
                let id = named.find(&context).await?.id;
                let (text, token) = issue_source_token(&context.ports, id);
                let source = change(&context, &named, "token", |source| Source { token, ..source }).await?;
                show_subscription(&context, &named.organization, &source, &text);
            }
            Step::Remove { named } => remove(&context, &named).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Named {
    async fn find(&self, context: &Context) -> anyhow::Result<Source> {
        let mut unit = context.store.begin_read().await?;
        self.find_in(&mut *unit).await
    }

    async fn find_in(&self, unit: &mut dyn UnitOfWork) -> anyhow::Result<Source> {
        let organization = context::organization(unit, &self.organization).await?;
        let sources = unit.sources(organization.id).await?;
        let found = sources.into_iter().find(|source| source.name == self.name);
        let hint = "`kinlink pull list` shows those there are";
        Ok(found.ok_or_else(|| UsageError(format!("there is no source `{}`; {hint}", self.name)))?)
    }
}

fn journal(unit: &mut dyn UnitOfWork, context: &Context, source: &Source, what: &str) {
    let detail = json!({"source": source.id, what: true});
    let action = Action::SourceConfigure;
    let entry = context.ports.audit(source.organization, Actor::Operator, action, Subject::default(), detail);
    unit.record(entry);
}

async fn change(
    context: &Context,
    named: &Named,
    what: &str,
    change: impl FnOnce(Source) -> Source,
) -> anyhow::Result<Source> {
    let mut unit = context.store.begin().await?;
    let source = named.find_in(&mut *unit).await?;
    let locked = unit.source_for_update(source.organization, source.id).await?;
    let source = change(locked.context("it was removed meanwhile")?);
    unit.update_source(&source).await?;
    journal(&mut *unit, context, &source, what);
    unit.save().await?;
    output::remark(format!("{} has other {what} now.", named.name));
    Ok(source)
}

async fn remove(context: &Context, named: &Named) -> anyhow::Result<()> {
    let mut unit = context.store.begin().await?;
    let source = named.find_in(&mut *unit).await?;
    unit.remove_source(source.organization, source.id).await?;
    journal(&mut *unit, context, &source, "removed");
    unit.save().await?;
    output::remark(format!("{} is not followed any more; its records stay.", named.name));
    Ok(())
}

/// What a Subscription of the server needs.
fn show_subscription(context: &Context, organization: &str, source: &Source, token: &str) {
    let public_url = context.config.pages().public_url;
    let base = face(&public_url, organization);
    output::line(format!("source                 {}", source.id));
    output::line(format!("header                 Authorization: Bearer {token}"));
    output::line(format!("endpoint, no payload   {base}/notify/{}", source.id));
    output::line(format!("endpoint, payload      {base}"));
    output::remark("For a Subscription of that server (R4, rest-hook). The header is not shown again.");
}

#[derive(Serialize)]
struct Row {
    name: String,
    organization: String,
    fhir_base: String,
    credentials: &'static str,
    since: Option<chrono::DateTime<chrono::Utc>>,
    due_at: chrono::DateTime<chrono::Utc>,
    pulling: bool,
    failures: u16,
    last: Option<kinlink_domain::source::PullRun>,
    id: String,
}

impl Row {
    fn new(organization: &Organization, source: Source) -> Self {
        Self {
            name: source.name,
            organization: organization.slug.to_string(),
            fhir_base: source.base.to_string(),
            credentials: source.credentials.kind(),
            since: source.since,
            due_at: source.due_at,
            pulling: matches!(source.state, SourceState::Pulling { .. }),
            failures: source.failures,
            last: source.last,
            id: source.id.to_string(),
        }
    }

    fn last(&self) -> String {
        match &self.last {
            None => "never pulled".to_owned(),
            Some(run) => match &run.failure {
                None => {
                    format!("{} rejected, {} deleted, at {}", run.rejected, run.deleted, run.at.to_rfc3339())
                }
                Some(failure) => failure.clone(),
            },
        }
    }
}

async fn list(context: &Context, only: Option<&str>, format: Format) -> anyhow::Result<()> {
    let mut unit = context.store.begin_read().await?;
    let organizations = match only {
        Some(slug) => vec![context::organization(&mut *unit, slug).await?],
        None => unit.organizations().await?,
    };
    let mut rows = Vec::new();
    for organization in &organizations {
        let sources = unit.sources(organization.id).await?;
        rows.extend(sources.into_iter().map(|source| Row::new(organization, source)));
    }
    let headings = ["name", "organization", "FHIR base", "credentials", "up to", "last run", "id"];
    output::list(format, &rows, &headings, |row| {
        vec![
            row.name.clone(),
            row.organization.clone(),
            row.fhir_base.clone(),
            row.credentials.to_owned(),
            row.since.map(|since| since.to_rfc3339()).unwrap_or_default(),
            row.last(),
            row.id.clone(),
        ]
    })
}

use std::{path::PathBuf, process::ExitCode};

use chrono::TimeDelta;
use clap::Subcommand;
use kinlink_auth::rotate_api_key;
use kinlink_domain::{
    account::Iss,
    actor::Actor,
    audit::{Action, Subject},
    client::{Client, ClientKeys, ClientStatus},
    id::ClientId,
    store::{Change, Store, UnitOfWork},
};
use serde::Serialize;

use super::context::{self, Context};
use crate::{
    config::ConfigFlags,
    exit::UsageError,
    output::{self, Format},
};

#[derive(Debug, clap::Args)]
pub(crate) struct ClientCommand {
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Register an authorization server.
    #[command(after_help = "\
For example, with a key of its own (private_key_jwt), or with an API key:
  kinlink client add --name Gateway --organization northside --jwks-uri https://login.example/jwks
  kinlink client add --name Okta --organization northside --api-key")]
    Add(Add),
    /// Give a client a new API key. The newest of its old ones lasts a little longer.
    Rotate {
        /// The client's id.
        id: ClientId,
        /// How many hours the old key lasts beside the new one.
        #[arg(long, default_value_t = 24)]
        overlap_hours: u16,
    },
    /// Refuse a client from now on.
    Disable {
        /// The client's id.
        id: ClientId,
    },
    /// Let a disabled client ask again.
    Enable {
        /// The client's id.
        id: ClientId,
    },
    /// List the clients.
    List {
        #[command(flatten)]
        format: Format,
    },
}

#[derive(Debug, clap::Args)]
struct Add {
    /// Its name for people to read.
    #[arg(long)]
    name: String,
    /// An organization whose links it may see; may be given several times.
    #[arg(long, required = true)]
    organization: Vec<String>,
    /// A file with its public keys (JWK Set).
    #[arg(long, value_name = "FILE", conflicts_with = "jwks_uri")]
    jwks: Option<PathBuf>,
    /// Where its public keys are.
    #[arg(long, value_name = "URL")]
    jwks_uri: Option<String>,
    /// Make an API key; it is printed once.
    #[arg(long)]
    api_key: bool,
}

#[derive(Serialize)]
struct Row {
    id: String,
    name: String,
    organizations: Vec<String>,
    keys: &'static str,
    live_api_keys: usize,
    enabled: bool,
}

impl ClientCommand {
    pub(crate) async fn run(self, flags: &ConfigFlags) -> anyhow::Result<ExitCode> {
        let context = Context::open(flags).await?;
        match self.step {
            Step::Add(add) => add.run(&context).await?,
            Step::Rotate { id, overlap_hours } => rotate(&context, id, overlap_hours).await?,
            Step::Disable { id } => set_status(&context, id, false).await?,
            Step::Enable { id } => set_status(&context, id, true).await?,
            Step::List { format } => list(&context, format).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Every organization that a client sees learns of its changes.
fn journal(unit: &mut dyn UnitOfWork, context: &Context, client: &Client, detail: &serde_json::Value) {
    for organization in &client.organizations {
        let subject = Subject { client: Some(client.id), ..Subject::default() };
        let action = Action::ClientConfigure;
        unit.record(context.ports.audit(*organization, Actor::Operator, action, subject, detail.clone()));
    }
    unit.changed(Change::Client(client.id));
}

async fn find(unit: &mut dyn UnitOfWork, id: ClientId) -> anyhow::Result<Client> {
    let client = unit.client(id).await?;
    Ok(client
        .ok_or_else(|| UsageError(format!("there is no client {id}; `kinlink client list` shows all")))?)
}

impl Add {
    async fn run(self, context: &Context) -> anyhow::Result<()> {
        let keys = self.keys()?;
        if keys.is_none() && !self.api_key {
            return Err(UsageError("it could not log in: say --jwks, --jwks-uri or --api-key".into()).into());
        }
        let mut unit = context.store.begin().await?;
        let mut organizations = Vec::new();
        for slug in &self.organization {
            organizations.push(context::organization(&mut *unit, slug).await?.id);
        }
        let now = context.ports.clock.now();
        let client = Client {
            id: ClientId::new(now, &*context.ports.random),
            name: self.name,
            organizations,
            keys,
            status: ClientStatus::Active,
            created_at: now,
        };
        unit.add_client(&client).await?;
        let key = if self.api_key {
            Some(rotate_api_key(&mut *unit, &context.ports, client.id, TimeDelta::zero()).await?)
        } else {
            None
        };
        let detail = serde_json::json!({"added": true, "api_key": key.as_ref().map(|key| key.key.id)});
        journal(&mut *unit, context, &client, &detail);
        unit.save().await?;
        output::line(format!("client_id {}", client.id));
        if let Some(key) = key {
            output::line(format!("api_key   {}", key.text));
            output::remark("The API key is not shown again.");
        }
        Ok(())
    }

    fn keys(&self) -> anyhow::Result<Option<ClientKeys>> {
        if let Some(path) = &self.jwks {
            let text = std::fs::read_to_string(path)
                .map_err(|error| UsageError(format!("{}: {error}", path.display())))?;
            let set: serde_json::Value = serde_json::from_str(&text)
                .map_err(|error| UsageError(format!("{} is not JSON: {error}", path.display())))?;
            if set["keys"].as_array().is_none_or(Vec::is_empty) {
                return Err(UsageError(format!("{} has no `keys`: it is no JWK Set", path.display())).into());
            }
            if set["keys"].as_array().into_iter().flatten().any(|key| key.get("d").is_some()) {
                return Err(UsageError("that is the private key; give the public one only".into()).into());
            }
            return Ok(Some(ClientKeys::Jwks(set)));
        }
        let Some(uri) = &self.jwks_uri else { return Ok(None) };
        let parsed = uri.parse::<url::Url>().map_err(|error| UsageError(format!("`{uri}`: {error}")))?;
        // The same rule as for issuers: https, or this machine.
        Iss::parse(format!("{}://{}", parsed.scheme(), parsed.authority()))
            .map_err(|_| UsageError(format!("`{uri}`: https is needed")))?;
        Ok(Some(ClientKeys::JwksUri(parsed)))
    }
}

async fn rotate(context: &Context, id: ClientId, overlap_hours: u16) -> anyhow::Result<()> {
    let mut unit = context.store.begin().await?;
    let client = find(&mut *unit, id).await?;
    let overlap = TimeDelta::hours(overlap_hours.into());
    let key = rotate_api_key(&mut *unit, &context.ports, id, overlap).await?;
    journal(&mut *unit, context, &client, &serde_json::json!({"api_key": key.key.id}));
    unit.save().await?;
    output::line(format!("api_key   {}", key.text));
    output::remark(format!("It is not shown again. The last one before it ends in {overlap_hours} hours."));
    Ok(())
}

async fn set_status(context: &Context, id: ClientId, enabled: bool) -> anyhow::Result<()> {
    let mut unit = context.store.begin().await?;
    let client = find(&mut *unit, id).await?;
    let status =
        if enabled { ClientStatus::Active } else { ClientStatus::Disabled { at: context.ports.clock.now() } };
    let client = Client { status, ..client };
    unit.update_client(&client).await?;
    journal(&mut *unit, context, &client, &serde_json::json!({"enabled": enabled}));
    unit.save().await?;
    output::line(format!("{id} {}", if enabled { "may ask again" } else { "is refused from now on" }));
    Ok(())
}

async fn list(context: &Context, format: Format) -> anyhow::Result<()> {
    let mut unit = context.store.begin_read().await?;
    let now = context.ports.clock.now();
    let mut rows = Vec::new();
    for client in unit.clients().await? {
        let mut organizations = Vec::new();
        for id in &client.organizations {
            organizations.extend(unit.organization(*id).await?.map(|found| found.slug.to_string()));
        }
        rows.push(Row {
            id: client.id.to_string(),
            name: client.name,
            organizations,
            keys: match client.keys {
                None => "none",
                Some(ClientKeys::Jwks(_)) => "jwks",
                Some(ClientKeys::JwksUri(_)) => "jwks_uri",
            },
            live_api_keys: unit.api_keys(client.id).await?.iter().filter(|key| key.is_live(now)).count(),
            enabled: client.status == ClientStatus::Active,
        });
    }
    output::list(format, &rows, &["name", "organizations", "keys", "API keys", "enabled", "id"], |row| {
        vec![
            row.name.clone(),
            row.organizations.join(" "),
            row.keys.to_owned(),
            row.live_api_keys.to_string(),
            if row.enabled { "yes" } else { "no" }.to_owned(),
            row.id.clone(),
        ]
    })
}

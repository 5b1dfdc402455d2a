use std::process::ExitCode;

use clap::Subcommand;
use kinlink_domain::{
    account::Iss,
    actor::Authorized,
    client::Client,
    connection::{Connection, ConnectionSettings, Server},
    id::{ClientId, ConnectionId},
    service::configure_connection,
    store::{Store, UnitOfWork},
};
use serde::Serialize;

use self::settings::{Kind, SettingsFlags};
use super::context::{self, Context};
use crate::{
    config::ConfigFlags,
    exit::UsageError,
    output::{self, Format},
};

mod example;
mod probe;
mod settings;

#[derive(Debug, clap::Args)]
pub(crate) struct ConnectCommand {
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Connect a client's authorization server, and print the URL to put there.
    #[command(after_help = "\
For example:
  kinlink connect add --client cli_… --organization northside --server entra \\
      --issuer https://login.microsoftonline.com/<tenant>/v2.0 --audience <app id of the API registration>
  kinlink connect add --client cli_… --organization northside --server okta \\
      --issuer https://dev-1.okta.com/oauth2/default
  kinlink connect add --client cli_… --organization northside --server hydra \\
      --issuer https://hydra.example/ --without-record refuse
  kinlink connect add --client cli_… --organization northside --server smart \\
      --issuer https://login.example --several picker --return-url https://login.example/picked

The issuer is that of the accounts, exactly as in a token's `iss`. What else to do at the server stands in
docs/connect/<server>.md.")]
    Add(Add),
    /// List the connections.
    List {
        #[command(flatten)]
        format: Format,
    },
    /// Show all settings of a connection.
    Show {
        /// The connection's id.
        id: ConnectionId,
    },
    /// Change settings of a connection. What is not named stays; a list is replaced as a whole.
    #[command(after_help = "\
For example:
  kinlink connect update con_… --claim fhirUser --claim patient=https://apps.example/patient
  kinlink connect update con_… --minimum-assurance IAL2 --several self
  kinlink connect update con_… --clear apps")]
    Update {
        /// The connection's id.
        id: ConnectionId,
        #[command(flatten)]
        settings: Box<SettingsFlags>,
        /// Go back to nothing here; may be given several times.
        #[arg(long, value_enum, value_name = "SETTING")]
        clear: Vec<settings::Clearable>,
    },
    /// Send a connection's hook what its server would send, and show what Kinlink answers.
    #[command(after_help = "\
Tells whether a fault is at your server or at Kinlink: what this shows is what the server gets.
  kinlink connect test con_… --sub 248289761001 --key-file key.txt
  kinlink connect test con_… --sub 248289761001 --key-file key.txt --url http://127.0.0.1:8080   past the proxy
  kinlink connect test con_… --key-file key.txt --body captured.json    a request that the server really sent

It asks the Kinlink that runs at the public URL, as a server does; a lookup is counted for it. Entra signs its calls
itself, so there only the way to the hook can be tried. Exit code 0: Kinlink decides; whether there is a record is
another matter, and said. 1: it refuses, or nothing answers.")]
    Test(probe::Probe),
    /// Remove a connection. Its hook is refused from now on.
    Remove {
        /// The connection's id.
        id: ConnectionId,
    },
}

#[derive(Debug, clap::Args)]
struct Add {
    /// The client that the server authenticates as; `kinlink client add` makes one.
    #[arg(long)]
    client: ClientId,
    /// The organization whose records are answered.
    #[arg(long)]
    organization: String,
    /// Which authorization server it is; `smart` is any that calls /v1/smart/context itself.
    #[arg(long, value_enum)]
    server: Kind,
    /// The issuer of the accounts.
    #[arg(long, value_name = "URL")]
    issuer: String,
    #[command(flatten)]
    settings: Box<SettingsFlags>,
}

#[derive(Serialize)]
struct Row {
    id: ConnectionId,
    server: &'static str,
    organization: String,
    client: String,
    url: String,
    issuer: String,
}

impl ConnectCommand {
    pub(crate) async fn run(self, flags: &ConfigFlags) -> anyhow::Result<ExitCode> {
        let context = Context::open(flags).await?;
        match self.step {
            Step::Add(add) => add.run(&context).await?,
            Step::List { format } => list(&context, format).await?,
            Step::Show { id } => show(&context, id).await?,
            Step::Update { id, settings, clear } => update(&context, id, *settings, &clear).await?,
            Step::Test(probe) => return probe.run(&context).await,
            Step::Remove { id } => remove(&context, id).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What the authorization server is to call.
fn url(context: &Context, connection: &Connection) -> String {
    hook(&context.config.server.public_url, connection)
}

/// The same where Kinlink is at another place.
fn hook(base: &str, connection: &Connection) -> String {
    let base = base.trim_end_matches('/');
    match connection.settings.server {
        Server::Smart => format!("{base}/v1/smart/context"),
        _ => format!("{base}/hooks/{}/{}", connection.settings.server.as_str(), connection.id),
    }
}

async fn find(unit: &mut dyn UnitOfWork, id: ConnectionId) -> anyhow::Result<Connection> {
    let connection = unit.connection(id).await?;
    Ok(connection.ok_or_else(|| {
        UsageError(format!("there is no connection {id}; `kinlink connect list` shows all"))
    })?)
}

impl Add {
    async fn run(self, context: &Context) -> anyhow::Result<()> {
        let issuer =
            Iss::parse(&*self.issuer).map_err(|error| UsageError(format!("`{}`: {error}", self.issuer)))?;
        let server = self.server.server(&self.settings)?;
        let settings = self.settings.apply(ConnectionSettings::new(server, issuer))?;
        let mut unit = context.store.begin().await?;
        let organization = context::organization(&mut *unit, &self.organization).await?;
        let client = client(&mut *unit, self.client).await?;
        let by = Authorized::operator(organization.id);
        let added = configure_connection::add(&mut *unit, &context.ports, by, &client, settings).await;
        let connection = added.map_err(|error| match error {
            configure_connection::ConnectError::NotTheClients => anyhow::Error::from(UsageError(format!(
                "{} does not see links of {}; register a client for it with `kinlink client add`",
                client.id, organization.slug
            ))),
            configure_connection::ConnectError::Store(error) => error.into(),
        })?;
        let doubts = doubts(&mut *unit, &connection).await?;
        unit.save().await?;
        output::line(format!("connection {}", connection.id));
        output::line(format!("url        {}", url(context, &connection)));
        doubts.iter().for_each(output::remark);
        output::remark(format!("What to do there: docs/connect/{}.md", self.server.page()));
        Ok(())
    }
}

async fn client(unit: &mut dyn UnitOfWork, id: ClientId) -> anyhow::Result<Client> {
    let client = unit.client(id).await?;
    Ok(client
        .ok_or_else(|| UsageError(format!("there is no client {id}; `kinlink client list` shows all")))?)
}

/// What will most likely not work as it is.
async fn doubts(unit: &mut dyn UnitOfWork, connection: &Connection) -> anyhow::Result<Vec<String>> {
    let issuer = &connection.settings.issuer;
    let mut doubts = Vec::new();
    let trusted = unit.trusted_issuers(connection.organization).await?;
    match trusted.iter().find(|trusted| trusted.issuer.iss == *issuer) {
        None => doubts.push(format!(
            "The organization does not trust {issuer}, so no login of it can have a link yet: `kinlink issuer add`."
        )),
        Some(trusted) => {
            let claim = trusted.issuer.subject_claim.to_string();
            if matches!(connection.settings.server, Server::Entra { .. }) && claim != "oid" {
                doubts.push(format!(
                    "Accounts of {issuer} are known by `{claim}`, but Entra's hook names them by `oid`: their links \
                     will not be found."
                ));
            }
        }
    }
    Ok(doubts)
}

async fn update(
    context: &Context,
    id: ConnectionId,
    flags: SettingsFlags,
    clear: &[settings::Clearable],
) -> anyhow::Result<()> {
    let mut unit = context.store.begin().await?;
    let connection = find(&mut *unit, id).await?;
    let cleared = clear.iter().fold(connection.settings.clone(), |settings, what| what.clear(settings));
    let settings = flags.apply(cleared)?;
    if settings == connection.settings {
        return Err(UsageError(
            "nothing would change; `kinlink connect update --help` shows what can".into(),
        )
        .into());
    }
    let by = Authorized::operator(connection.organization);
    configure_connection::update(&mut *unit, &context.ports, by, connection, settings).await?;
    unit.save().await?;
    output::line(format!("{id} changed; replicas that run know within a second"));
    Ok(())
}

async fn remove(context: &Context, id: ConnectionId) -> anyhow::Result<()> {
    let mut unit = context.store.begin().await?;
    let connection = find(&mut *unit, id).await?;
    let by = Authorized::operator(connection.organization);
    configure_connection::remove(&mut *unit, &context.ports, by, &connection).await?;
    unit.save().await?;
    output::line(format!("{id} removed"));
    Ok(())
}

async fn show(context: &Context, id: ConnectionId) -> anyhow::Result<()> {
    let mut unit = context.store.begin_read().await?;
    let connection = find(&mut *unit, id).await?;
    let organization = unit.organization(connection.organization).await?;
    let shown = serde_json::json!({
        "id": connection.id,
        "url": url(context, &connection),
        "client": connection.client,
        "organization": organization.map(|organization| organization.slug),
        "created_at": connection.created_at,
        "settings": connection.settings,
    });
    output::line(serde_json::to_string_pretty(&shown)?);
    Ok(())
}

async fn list(context: &Context, format: Format) -> anyhow::Result<()> {
    let mut unit = context.store.begin_read().await?;
    let mut rows = Vec::new();
    for connection in unit.connections().await? {
        let organization = unit.organization(connection.organization).await?;
        let client = unit.client(connection.client).await?;
        rows.push(Row {
            id: connection.id,
            server: connection.settings.server.as_str(),
            organization: organization.map(|found| found.slug.to_string()).unwrap_or_default(),
            client: client.map(|found| found.name).unwrap_or_default(),
            url: url(context, &connection),
            issuer: connection.settings.issuer.to_string(),
        });
    }
    output::list(format, &rows, &["server", "organization", "client", "issuer", "id", "url"], |row| {
        vec![
            row.server.to_owned(),
            row.organization.clone(),
            row.client.clone(),
            row.issuer.clone(),
            row.id.to_string(),
            row.url.clone(),
        ]
    })
}

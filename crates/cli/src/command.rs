//! One file for each command.

mod audit;
mod client;
mod config;
mod connect;
mod context;
mod demo;
mod end;
mod evaluate;
mod events;
mod explain;
mod import;
mod index;
mod invite;
mod issuer;
mod keys;
mod migrate;
mod organization;
mod policy;
mod progress;
mod provision;
mod pull;
mod report;
mod serve;
mod signing_keys;
mod train;
mod undo;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::{config::ConfigFlags, output};

/// Decides which patient records a login account may open.
///
/// Staff invite, patients redeem, authorization servers ask.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "\
First steps:
  kinlink demo                      everything at work, with invented people
  kinlink demo --walkthrough        the main job, played and checked

In earnest:
  kinlink migrate up
  kinlink organization add northside --name 'Northside General' --fhir-base https://fhir.example/r4
  kinlink issuer add --organization northside --iss https://login.example --audience kinlink --accounts
  kinlink import patients.ndjson --organization northside
  kinlink client add --name 'Our login server' --organization northside --api-key
  kinlink connect add --client cli_… --organization northside --server okta --issuer https://login.example
  kinlink serve

Exit codes: 0 done, 1 a check failed, 2 wrong usage, 3 wrong configuration, 4 the database."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    config: ConfigFlags,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the service.
    Serve(serve::Serve),
    /// Show everything at work, with invented people.
    Demo(demo::Demo),
    /// Bring the database's schema up to date, or back.
    Migrate(migrate::Migrate),
    /// Look at the configuration.
    Config(config::ConfigCommand),
    /// Custodians of patient records.
    Organization(organization::OrganizationCommand),
    /// An organization's rules: what evidence is worth, how long codes live.
    Policy(policy::PolicyCommand),
    /// Identity providers that organizations trust.
    Issuer(issuer::IssuerCommand),
    /// Authorization servers that may ask.
    Client(client::ClientCommand),
    /// What goes into the tokens of an authorization server.
    Connect(connect::ConnectCommand),
    /// Servers without a hook, whose users carry `fhirUser` as an attribute.
    Provision(provision::ProvisionCommand),
    /// Read patients from FHIR NDJSON.
    Import(import::Import),
    /// FHIR servers that are followed: add, pull, list.
    Pull(pull::PullCommand),
    /// The index by which records are found.
    Index(index::IndexCommand),
    /// Issue invitations: one, or many from CSV.
    Invite(invite::Invite),
    /// Say what a login opens, and why or why not, now or at a time in the past.
    Explain(explain::Explain),
    /// End every access to a record, or of an account, in one act.
    End(end::End),
    /// Take an ending back.
    Undo(undo::Undo),
    /// What is unusual.
    Report(report::ReportCommand),
    /// Measure how well a model finds the records of one person, on labelled CSV.
    Evaluate(evaluate::Evaluate),
    /// Fit a model to records, without labels.
    Train(train::Train),
    /// What clients are told: streams, webhooks, events that were given up.
    Events(events::EventsCommand),
    /// Check and export the audit.
    Audit(audit::AuditCommand),
    /// The key file, which what is secret in the database is sealed with.
    Keys(keys::KeysCommand),
    /// The keys that events and the picker's answers are signed with.
    SigningKeys(signing_keys::SigningKeysCommand),
    /// Print the API's OpenAPI document.
    Openapi,
}

/// Runs a command.
pub(crate) async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let flags = &cli.config;
    match cli.command {
        Command::Serve(command) => command.run(flags).await,
        Command::Demo(command) => command.run().await,
        Command::Migrate(command) => command.run(flags).await,
        Command::Config(command) => command.run(flags).await,
        Command::Organization(command) => command.run(flags).await,
        Command::Policy(command) => command.run(flags).await,
        Command::Issuer(command) => command.run(flags).await,
        Command::Client(command) => command.run(flags).await,
        Command::Connect(command) => command.run(flags).await,
        Command::Provision(command) => command.run(flags).await,
        Command::Import(command) => command.run(flags).await,
        Command::Pull(command) => command.run(flags).await,
        Command::Index(command) => command.run(flags).await,
        Command::Invite(command) => command.run(flags).await,
        Command::Events(command) => command.run(flags).await,
        Command::Explain(command) => command.run(flags).await,
        Command::End(command) => command.run(flags).await,
        Command::Undo(command) => command.run(flags).await,
        Command::Report(command) => command.run(flags).await,
        Command::Audit(command) => command.run(flags).await,
        Command::Evaluate(command) => command.run(),
        Command::Train(command) => command.run(),
        Command::Keys(command) => command.run(flags).await,
        Command::SigningKeys(command) => command.run(flags).await,
        Command::Openapi => {
            output::line(kinlink_api::openapi::document().trim_end());
            Ok(ExitCode::SUCCESS)
        }
    }
}

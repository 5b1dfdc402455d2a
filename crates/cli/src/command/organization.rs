mod update;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::Subcommand;
use kinlink_domain::{
    actor::Actor,
    audit::{Action, Subject},
    id::OrganizationId,
    organization::{FhirBase, Organization, Slug},
    policy::Policy,
    store::{Constraint, Store, StoreError, UnitOfWork},
};
use serde::Serialize;

use super::context::{self, Context};
use crate::{
    config::ConfigFlags,
    exit::UsageError,
    output::{self, Format},
    policy_file,
};

#[derive(Debug, clap::Args)]
pub(crate) struct OrganizationCommand {
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Add an organization.
    #[command(after_help = "\
For example:
  kinlink organization add northside --name 'Northside General' --fhir-base https://fhir.northside.example/r4
  kinlink organization add northside … --policy policy.toml     rules of your own; see `kinlink policy --help`")]
    Add {
        /// A short name for command lines and URLs: 2 to 40 of a-z, 0-9 and '-'.
        slug: String,
        /// Its name for people to read; it stands in mails.
        #[arg(long)]
        name: String,
        /// The base URL of its FHIR server, for `fhirUser`.
        #[arg(long, value_name = "URL")]
        fhir_base: String,
        /// A file with its policy; the defaults unless said.
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
    },
    /// Change an organization's name or FHIR base.
    #[command(after_help = "\
The FHIR base is where the same records, with the same ids, are reached by: another address of the same server. Lookups
and hooks name the new one at once; clients hear of every link by an event, and servers without a hook get new
attributes. With a FHIR base that is in force already everybody is told again: needed only after an update that was
interrupted. Tokens that were issued keep the old base until they end.")]
    Update {
        /// Its short name, which stays.
        slug: String,
        /// Its name for people to read.
        #[arg(long)]
        name: Option<String>,
        /// The base URL of its FHIR server.
        #[arg(long, value_name = "URL", required_unless_present = "name")]
        fhir_base: Option<String>,
    },
    /// Show an organization.
    Show {
        /// Its short name.
        slug: String,
        #[command(flatten)]
        format: Format,
    },
    /// List the organizations.
    List {
        #[command(flatten)]
        format: Format,
    },
}

#[derive(Serialize)]
struct Row {
    id: String,
    slug: String,
    name: String,
    fhir_base: String,
    patients: u64,
    created_at: String,
}

impl OrganizationCommand {
    pub(crate) async fn run(self, flags: &ConfigFlags) -> anyhow::Result<ExitCode> {
        let context = Context::open(flags).await?;
        match self.step {
            Step::Add { slug, name, fhir_base, policy } => {
                let policy = policy.map_or_else(|| Ok(Policy::default()), |file| policy_file::load(&file))?;
                add(&context, slug, name, &fhir_base, policy).await?;
            }
            Step::Update { slug, name, fhir_base } => update::run(&context, &slug, name, fhir_base).await?,
            Step::Show { slug, format } => show(&context, &slug, format).await?,
            Step::List { format } => list(&context, format).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn add(
    context: &Context,
    slug: String,
    name: String,
    fhir_base: &str,
    policy: Policy,
) -> anyhow::Result<()> {
    let usage = |error: &dyn std::fmt::Display| UsageError(error.to_string());
    let name = valid_name(&name)?;
    let now = context.ports.clock.now();
    let organization = Organization {
        id: OrganizationId::new(now, &*context.ports.random),
        slug: Slug::parse(slug).map_err(|error| usage(&error))?,
        name,
        fhir_base: FhirBase::parse(fhir_base).map_err(|error| usage(&error))?,
        policy,
        created_at: now,
    };
    let mut unit = context.store.begin().await?;
    match unit.add_organization(&organization).await {
        Err(StoreError::Conflict(Constraint::OrganizationSlug)) => {
            return Err(
                UsageError(format!("there is an organization `{}` already", organization.slug)).into()
            );
        }
        other => other?,
    }
    let detail = serde_json::json!({
        "slug": organization.slug,
        "fhir_base": organization.fhir_base,
        "policy": Policy::default().changes(&organization.policy),
    });
    let (id, action) = (organization.id, Action::OrganizationConfigure);
    unit.record(context.ports.audit(id, Actor::Operator, action, Subject::default(), detail));
    unit.save().await.context("the organization was not added")?;
    output::line(format!("{} {}", organization.id, organization.slug));
    Ok(())
}

fn valid_name(name: &str) -> Result<String, UsageError> {
    let name = name.trim().to_owned();
    if name.is_empty() || name.chars().count() > 200 || name.chars().any(char::is_control) {
        return Err(UsageError("a name has 1 to 200 characters".into()));
    }
    Ok(name)
}

async fn row(unit: &mut dyn UnitOfWork, organization: Organization) -> anyhow::Result<Row> {
    Ok(Row {
        id: organization.id.to_string(),
        patients: unit.count_patients(organization.id).await?,
        slug: organization.slug.to_string(),
        name: organization.name,
        fhir_base: organization.fhir_base.to_string(),
        created_at: organization.created_at.to_rfc3339(),
    })
}

async fn show(context: &Context, slug: &str, format: Format) -> anyhow::Result<()> {
    let mut unit = context.store.begin_read().await?;
    let organization = context::organization(&mut *unit, slug).await?;
    let row = row(&mut *unit, organization).await?;
    if format.json {
        output::line(serde_json::to_string_pretty(&row)?);
        return Ok(());
    }
    for (what, value) in [
        ("short name", &row.slug),
        ("name", &row.name),
        ("FHIR base", &row.fhir_base),
        ("patients", &row.patients.to_string()),
        ("added", &row.created_at),
        ("id", &row.id),
    ] {
        output::line(format!("{what:11} {value}"));
    }
    output::remark(format!("`kinlink policy show --organization {slug}` shows its rules."));
    Ok(())
}

async fn list(context: &Context, format: Format) -> anyhow::Result<()> {
    let mut unit = context.store.begin_read().await?;
    let mut rows = Vec::new();
    for organization in unit.organizations().await? {
        rows.push(row(&mut *unit, organization).await?);
    }
    output::list(format, &rows, &["short name", "name", "patients", "FHIR base", "id"], |row| {
        vec![
            row.slug.clone(),
            row.name.clone(),
            row.patients.to_string(),
            row.fhir_base.clone(),
            row.id.clone(),
        ]
    })
}

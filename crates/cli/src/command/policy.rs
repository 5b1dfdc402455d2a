mod evidence;
mod explain;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Subcommand;
use kinlink_domain::{
    actor::Authorized,
    organization::Organization,
    policy::{Policy, PolicyChange, Severity},
    service::{
        reassess::{Progress, reassess_next},
        set_policy::{SetPolicyError, set as set_policy},
    },
    store::Store,
};

use self::evidence::EvidenceArgument;
use super::context::Context;
use crate::{
    config::ConfigFlags,
    exit::{CHECK_FAILED, UsageError},
    output::{self, Format},
    policy_file,
};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
A policy is a TOML file; a member that it leaves out keeps its default. docs/policy.md explains each, and
policy.example.toml lists them all.

From the first look to a change:
  kinlink policy show --organization northside > policy.toml
  kinlink policy explain --evidence code:post:on_record --evidence birth_date policy.toml
  kinlink policy check policy.toml --organization northside
  kinlink policy set policy.toml --organization northside")]
pub(crate) struct PolicyCommand {
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Show the policy in force, defaults included, as a file that `set` takes.
    Show {
        /// The organization's short name.
        #[arg(long)]
        organization: String,
        #[command(flatten)]
        format: Format,
    },
    /// Say what is wrong or doubtful with a file, and where. Exit code 1 if something is wrong.
    Check {
        file: PathBuf,
        /// Also say what it would change for this organization.
        #[arg(long)]
        organization: Option<String>,
    },
    /// Put a file in force, and look at every link again if what evidence is worth changed.
    Set {
        file: PathBuf,
        /// The organization's short name.
        #[arg(long)]
        organization: String,
    },
    /// Look at every link again: needed only after a `set` that was interrupted.
    Reassess {
        /// The organization's short name.
        #[arg(long)]
        organization: String,
    },
    /// Say what evidence is worth, which rule gives it, and what would raise it.
    #[command(after_help = explain::HELP)]
    Explain {
        /// A policy file; the defaults unless said.
        #[arg(conflicts_with = "organization")]
        file: Option<PathBuf>,
        /// The policy in force at this organization.
        #[arg(long)]
        organization: Option<String>,
        /// A piece of evidence; give it once for each.
        #[arg(long, value_name = "EVIDENCE")]
        evidence: Vec<EvidenceArgument>,
    },
}

impl PolicyCommand {
    pub(crate) async fn run(self, flags: &ConfigFlags) -> anyhow::Result<ExitCode> {
        match self.step {
            Step::Show { organization, format } => {
                let policy = of(flags, &organization).await?.policy;
                let text = if format.json {
                    serde_json::to_string_pretty(&policy)?
                } else {
                    toml::to_string_pretty(&policy)?
                };
                output::line(text.trim_end());
            }
            Step::Check { file, organization } => return check(flags, &file, organization.as_deref()).await,
            Step::Set { file, organization } => set(flags, &file, &organization).await?,
            Step::Reassess { organization } => {
                let context = Context::open(flags).await?;
                let organization = context.organization(&organization).await?;
                reassess(&context, &organization).await?;
            }
            Step::Explain { file, organization, evidence } => {
                let policy = match (file, organization) {
                    (Some(file), _) => policy_file::load(&file)?,
                    (None, Some(slug)) => of(flags, &slug).await?.policy,
                    (None, None) => Policy::default(),
                };
                let facts: Vec<_> = evidence.into_iter().map(|one| one.0).collect();
                output::line(explain::page(&facts, &policy.proofing).trim_end());
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn of(flags: &ConfigFlags, slug: &str) -> anyhow::Result<Organization> {
    Context::open(flags).await?.organization(slug).await
}

async fn check(flags: &ConfigFlags, file: &Path, slug: Option<&str>) -> anyhow::Result<ExitCode> {
    let reading = policy_file::read_file(file)?;
    for complaint in &reading.complaints {
        output::line(complaint.of(file));
    }
    let count = |severity| reading.complaints.iter().filter(|one| one.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    output::line(format!("{}: {errors} errors, {warnings} warnings", file.display()));
    let Some(policy) = reading.policy else { return Ok(ExitCode::from(CHECK_FAILED)) };
    if let Some(slug) = slug {
        let context = Context::open(flags).await?;
        let organization = context.organization(slug).await?;
        distrusted(&context, &organization, &policy).await?;
        let changes = organization.policy.changes(&policy);
        output::line(format!("it would change {} members for {slug}", changes.len()));
        show(&changes);
    }
    Ok(ExitCode::SUCCESS)
}

/// Rules about issuers whose logins the organization does not take: they would never count.
async fn distrusted(context: &Context, organization: &Organization, policy: &Policy) -> anyhow::Result<()> {
    let trusted = context.store.begin_read().await?.trusted_issuers(organization.id).await?;
    for (index, rule) in policy.proofing.federated.iter().enumerate() {
        if !trusted.iter().any(|trust| trust.issuer.iss == rule.iss && trust.accounts) {
            output::line(format!(
                "warning: proofing.federated[{index}].iss: {} does not accept accounts of {}; `kinlink issuer add` does",
                organization.slug, rule.iss
            ));
        }
    }
    Ok(())
}

async fn set(flags: &ConfigFlags, file: &Path, slug: &str) -> anyhow::Result<()> {
    let policy = policy_file::load(file)?;
    let context = Context::open(flags).await?;
    let organization = context.organization(slug).await?;
    let proofing_changes = organization.policy.proofing != policy.proofing;
    let mut unit = context.store.begin().await?;
    let by = Authorized::operator(organization.id);
    let changes = set_policy(&mut *unit, &context.ports, by, policy).await.map_err(|error| match error {
        SetPolicyError::Store(error) => anyhow::Error::from(error),
        refused @ (SetPolicyError::NotFound | SetPolicyError::Invalid(_)) => {
            UsageError(refused.to_string()).into()
        }
    })?;
    unit.save().await?;
    output::line(format!("{} members changed for {slug}", changes.len()));
    show(&changes);
    if proofing_changes {
        reassess(&context, &organization).await?;
    }
    Ok(())
}

fn show(changes: &[PolicyChange]) {
    for change in changes {
        output::line(format!("  {}: {} → {}", change.at, change.from, change.to));
    }
}

async fn reassess(context: &Context, organization: &Organization) -> anyhow::Result<()> {
    let mut so_far = Progress::default();
    loop {
        let mut unit = context.store.begin().await?;
        let next = reassess_next(&mut *unit, &context.ports, organization.id, so_far).await?;
        let Some(next) = next else { break };
        unit.save().await?;
        so_far = next;
    }
    output::line(format!(
        "{} links looked at again, {} are worth something else now",
        so_far.seen, so_far.changed
    ));
    Ok(())
}

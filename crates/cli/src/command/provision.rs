//! Servers without a hook, whose users carry `fhirUser` as an attribute.

mod compare;
mod look;
mod server;
mod set_up;
mod work;

use std::process::ExitCode;

use clap::Subcommand;
use kinlink_domain::{
    actor::Actor,
    audit::{Action, Subject},
    id::ProvisioningTargetId,
    provisioning::ProvisioningTarget,
    store::UnitOfWork,
};

use super::context::Context;
use crate::{config::ConfigFlags, exit::UsageError, output::Format};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
For an authorization server that can call nobody when it makes a token: Kinlink writes each user's fhirUser into a
user attribute when a link is made, and takes it away when the link ends. docs/connect/keycloak.md and
docs/connect/entra-attributes.md say what to set up there.

  kinlink provision add --organization northside --kind keycloak --secret-file secret.txt \\
      --issuer https://id.example/realms/patients --client-id kinlink
  kinlink provision check prv_…
  kinlink provision status

`kinlink serve` sends what changes within a second or so, and compares all accounts every night at two o'clock: what
ends by the clock alone (a period, an age, days after a death) is taken away then.")]
pub(crate) struct ProvisionCommand {
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Keep attributes true at a server.
    #[command(after_help = "\
Keycloak, with its address and realm taken from the issuer:
  kinlink provision add --organization northside --kind keycloak --secret-file secret.txt \\
      --issuer https://id.example/realms/patients --client-id kinlink

Microsoft Entra, with the tenant taken from the issuer and the extension made on the application APP_ID:
  pass kinlink-graph | kinlink provision add --organization northside --kind graph --secret-file - \\
      --issuer https://login.microsoftonline.com/TENANT/v2.0 --client-id APP_ID

The accounts that have a link already are sent as soon as `kinlink serve` runs; with --off, once it is switched on.")]
    Add(Box<set_up::Add>),
    /// List the servers.
    List {
        /// Only of this organization, by its short name.
        #[arg(long)]
        organization: Option<String>,
        #[command(flatten)]
        format: Format,
    },
    /// Show how a server is set up. Its secret is shown to nobody.
    Show {
        /// The server's id.
        id: ProvisioningTargetId,
    },
    /// Change a server's client or secret, or switch it on or off.
    #[command(after_help = "\
A new secret takes effect at once; accounts that were given up are tried again.
  kinlink provision update prv_… --secret-file new-secret.txt
  kinlink provision update prv_… --off      what happens is noted, and sent when it is switched on again")]
    Update(set_up::Update),
    /// Keep attributes true there no more.
    #[command(after_help = "\
An attribute that stays behind goes on opening a record, whatever happens to the link. So say which it shall be:
  kinlink provision remove prv_… --clear              take every attribute away first
  kinlink provision remove prv_… --leave-attributes   the server is gone, or its mappers are")]
    Remove(work::Remove),
    /// Look whether a server is set up right, without changing anything there.
    Check {
        /// The server's id.
        id: ProvisioningTargetId,
    },
    /// Compare all accounts at a server with what they should be, and mend them; or only say what would be done.
    #[command(after_help = "\
Before the first user is written, add the server with --off, look, and switch it on:
  kinlink provision reconcile prv_… --dry-run           how many would be set, changed and cleared
  kinlink provision reconcile prv_… --dry-run --list    which accounts, by their ids in Kinlink
  kinlink provision reconcile prv_… --dry-run --last --json    the same again, if it ended elsewhere
  kinlink provision update prv_… --on

A dry run writes nothing at the server, and can be made while it is off. It also goes through the server's own list of
users, and counts those who have the attribute without an account that is linked here: Kinlink neither keeps nor clears
theirs, so whoever set them has to.

Either can be stopped or killed and run again: it goes on where it was, at most 25 accounts before (after a kill, once
five minutes are over). `kinlink serve` goes on with it too. It asks at most twenty times a second, and less often when
the server asks for a pause (429, Retry-After): count on 40 minutes for 40,000 accounts.

The report counts drift: missing (somebody took the attribute away), by hand (somebody else set it), stale (something
ended by the clock, or a rule changed), gone (there is no such user any more). Nothing is written for an account that is
open to a proxy only, or that has several records of its own which nobody merged: the report counts both, and --list
names the latter.

Exit code 0: all is as it should be; after a reconcile, by now. 1: a dry run found something to do, or something could
not be read or written, or it was stopped before the end.")]
    Reconcile(compare::Compare),
    /// Show how far each server is, and what the last comparison found.
    Status {
        /// Only of this organization, by its short name.
        #[arg(long)]
        organization: Option<String>,
        #[command(flatten)]
        format: Format,
    },
}

impl ProvisionCommand {
    pub(crate) async fn run(self, flags: &ConfigFlags) -> anyhow::Result<ExitCode> {
        let context = Context::open(flags).await?;
        match self.step {
            Step::Add(add) => add.run(&context).await?,
            Step::Update(update) => update.run(&context).await?,
            Step::List { organization, format } => {
                look::list(&context, organization.as_deref(), format).await?;
            }
            Step::Show { id } => look::show(&context, id).await?,
            Step::Status { organization, format } => {
                look::status(&context, organization.as_deref(), format).await?;
            }
            Step::Check { id } => return work::check(&context, id).await,
            Step::Reconcile(compare) => return compare.run(&context).await,
            Step::Remove(remove) => return remove.run(&context).await,
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn find(unit: &mut dyn UnitOfWork, id: ProvisioningTargetId) -> anyhow::Result<ProvisioningTarget> {
    for organization in unit.organizations().await? {
        if let Some(target) = unit.provisioning_target(organization.id, id).await? {
            return Ok(target);
        }
    }
    Err(UsageError(format!("there is no server {id}; `kinlink provision list` shows all")).into())
}

/// The audit says that a target was changed, and how, without its secret.
fn journal(
    unit: &mut dyn UnitOfWork,
    context: &Context,
    target: &ProvisioningTarget,
    detail: serde_json::Value,
) {
    let action = Action::ProvisioningConfigure;
    unit.record(context.ports.audit(
        target.organization,
        Actor::Operator,
        action,
        Subject::default(),
        detail,
    ));
}

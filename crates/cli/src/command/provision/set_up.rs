use std::path::PathBuf;

use kinlink_domain::{
    account::Iss,
    id::{OrganizationId, ProvisioningTargetId},
    provisioning::{ProvisioningTarget, TargetState},
    store::{Store, UnitOfWork},
};

use super::{
    find, journal,
    server::{Kind, ServerFlags},
};
use crate::{
    command::context::{self, Context},
    exit::UsageError,
    output,
};

#[derive(Debug, clap::Args)]
pub(super) struct Add {
    /// The organization's short name.
    #[arg(long)]
    organization: String,
    /// What kind of server.
    #[arg(long)]
    kind: Kind,
    /// Whose accounts its users are: the `iss` of their tokens, which the organization trusts.
    #[arg(long, value_name = "URL")]
    issuer: String,
    /// Kinlink's own client at the server.
    #[arg(long)]
    client_id: String,
    /// A file with that client's secret; - for standard input.
    #[arg(long, value_name = "FILE")]
    secret_file: PathBuf,
    #[command(flatten)]
    server: ServerFlags,
    /// Send nothing yet.
    #[arg(long)]
    off: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Update {
    /// The server's id.
    id: ProvisioningTargetId,
    /// Another client.
    #[arg(long)]
    client_id: Option<String>,
    /// A file with another secret; - for standard input.
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// Send again.
    #[arg(long)]
    on: bool,
    /// Send nothing for now.
    #[arg(long, conflicts_with = "on")]
    off: bool,
}

impl Add {
    pub(super) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let issuer = Iss::parse(self.issuer.as_str()).map_err(|error| UsageError(error.to_string()))?;
        let settings = self.server.settings(self.kind, &issuer, &self.client_id)?;
        let secret = context::secret(&self.secret_file)?;
        let mut unit = context.store.begin().await?;
        let organization = context::organization(&mut *unit, &self.organization).await?;
        is_trusted(&mut *unit, organization.id, &issuer, self.kind).await?;
        let now = context.ports.clock.now();
        let target = ProvisioningTarget {
            id: ProvisioningTargetId::new(now, &*context.ports.random),
            organization: organization.id,
            issuer,
            settings,
            client_id: self.client_id,
            secret,
            state: if self.off { TargetState::Off } else { TargetState::On },
            created_at: now,
            updated_at: now,
        };
        unit.add_provisioning_target(&target).await?;
        let accounts = unit.add_provisioned_accounts(&target, true, now).await?;
        let detail = serde_json::json!({"target": target.id, "added": true, "settings": target.settings});
        journal(&mut *unit, context, &target, detail);
        unit.save().await?;
        output::line(target.id);
        output::remark(format!(
            "{accounts} accounts are due. `kinlink provision check {id}` looks whether it is set up right, and `kinlink \
             provision reconcile {id} --dry-run` what it would do.",
            id = target.id
        ));
        Ok(())
    }
}

/// What is not trusted has no accounts, and whose `sub` is not the user's id would write to nobody.
async fn is_trusted(
    unit: &mut dyn UnitOfWork,
    organization: OrganizationId,
    issuer: &Iss,
    kind: Kind,
) -> anyhow::Result<()> {
    let trusted = unit.trusted_issuers(organization).await?;
    let Some(trusted) = trusted.into_iter().find(|trusted| trusted.issuer.iss == *issuer && trusted.accounts)
    else {
        let hint = "`kinlink issuer add … --accounts` comes first";
        return Err(UsageError(format!("the organization does not take accounts of {issuer}; {hint}")).into());
    };
    let (found, needed) = (trusted.issuer.subject_claim.to_string(), kind.subject_claim());
    if found != needed {
        return Err(UsageError(format!(
            "the subject of this issuer is `{found}`, which is not a user's id at the server: `{needed}` is"
        ))
        .into());
    }
    Ok(())
}

impl Update {
    pub(super) async fn run(self, context: &Context) -> anyhow::Result<()> {
        if self.client_id.is_none() && self.secret_file.is_none() && !self.on && !self.off {
            return Err(UsageError(
                "nothing to change: say --client-id, --secret-file, --on or --off".into(),
            )
            .into());
        }
        let secret = self.secret_file.as_deref().map(context::secret).transpose()?;
        let mut unit = context.store.begin().await?;
        let mut target = find(&mut *unit, self.id).await?;
        let detail = serde_json::json!({
            "target": target.id, "client": self.client_id.is_some(), "secret": secret.is_some(),
            "on": self.on, "off": self.off,
        });
        let now = context.ports.clock.now();
        target.client_id = self.client_id.unwrap_or(target.client_id);
        target.secret = secret.unwrap_or(target.secret);
        target.state = match (self.on, self.off) {
            (true, _) => TargetState::On,
            (_, true) => TargetState::Off,
            (false, false) => target.state,
        };
        target.updated_at = now;
        unit.update_provisioning_target(&target).await?;
        let revived = unit.revive_provisioning(target.organization, target.id, now).await?;
        journal(&mut *unit, context, &target, detail);
        unit.save().await?;
        output::line(format!(
            "{} is {}; {revived} accounts are tried again",
            target.id,
            target.state.as_str()
        ));
        Ok(())
    }
}

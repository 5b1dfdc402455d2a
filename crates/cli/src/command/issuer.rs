use std::{collections::BTreeMap, process::ExitCode};

use clap::Subcommand;
use kinlink_domain::{
    account::Iss,
    actor::{Actor, Role},
    audit::{Action, Subject},
    issuer::{ClaimPath, Issuer, StaffClaims, TrustedIssuer},
    store::{Change, Store},
};
use serde::Serialize;

use super::context::{self, Context};
use crate::{
    config::ConfigFlags,
    exit::UsageError,
    output::{self, Format},
};

#[derive(Debug, clap::Args)]
pub(crate) struct IssuerCommand {
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Trust an identity provider, or change what it is trusted for.
    #[command(after_help = "\
For example, patients of one provider and staff of another:
  kinlink issuer add --organization northside --iss https://login.example --audience kinlink --accounts
  kinlink issuer add --organization northside --iss https://login.microsoftonline.com/TENANT/v2.0 \\
      --subject-claim oid --audience APP_ID --staff-roles roles --role-name KL.Desk=registrar")]
    Add(Add),
    /// Trust an identity provider no more.
    Remove {
        /// The organization's short name.
        #[arg(long)]
        organization: String,
        /// The provider, exactly as in its tokens' `iss`.
        #[arg(long)]
        iss: String,
    },
    /// List whom an organization trusts.
    List {
        /// The organization's short name.
        #[arg(long)]
        organization: String,
        #[command(flatten)]
        format: Format,
    },
}

#[derive(Debug, clap::Args)]
struct Add {
    /// The organization's short name.
    #[arg(long)]
    organization: String,
    /// The provider, exactly as in its tokens' `iss`.
    #[arg(long)]
    iss: String,
    /// What a token's `aud` must name; may be given several times. The `client_id` of a login at the pages is one.
    #[arg(long, required = true)]
    audience: Vec<String>,
    /// Its logins may be patients' accounts.
    #[arg(long)]
    accounts: bool,
    /// Its logins may be staff; their roles are in this claim, for example `realm_access.roles`.
    #[arg(long, value_name = "CLAIM.PATH")]
    staff_roles: Option<String>,
    /// What the provider calls a role; may be given several times.
    #[arg(long, value_name = "WORD=ROLE", requires = "staff_roles")]
    role_name: Vec<String>,
    /// Which claim counts as `sub`, for all organizations alike; `oid` for Entra. Only for a new provider.
    #[arg(long, default_value = "sub", value_name = "CLAIM.PATH")]
    subject_claim: String,
}

#[derive(Serialize)]
struct Row {
    iss: String,
    subject_claim: String,
    audiences: Vec<String>,
    accounts: bool,
    staff_roles: Option<String>,
}

impl IssuerCommand {
    pub(crate) async fn run(self, flags: &ConfigFlags) -> anyhow::Result<ExitCode> {
        let context = Context::open(flags).await?;
        match self.step {
            Step::Add(add) => add.run(&context).await?,
            Step::Remove { organization, iss } => remove(&context, &organization, iss).await?,
            Step::List { organization, format } => list(&context, &organization, format).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn usage(error: impl std::fmt::Display) -> UsageError {
    UsageError(error.to_string())
}

impl Add {
    async fn run(self, context: &Context) -> anyhow::Result<()> {
        if !self.accounts && self.staff_roles.is_none() {
            return Err(usage("trusted for nothing: say --accounts, --staff-roles, or both").into());
        }
        let mut unit = context.store.begin().await?;
        let organization = context::organization(&mut *unit, &self.organization).await?;
        let issuer = Issuer {
            iss: Iss::parse(self.iss).map_err(usage)?,
            subject_claim: ClaimPath::parse(self.subject_claim).map_err(usage)?,
        };
        if let Some(known) = unit.issuer(&issuer.iss).await?
            && known.subject_claim != issuer.subject_claim
        {
            let known = known.subject_claim;
            return Err(usage(format!(
                "the subject of this provider is `{known}` already; another would make all its accounts new"
            ))
            .into());
        }
        let staff = self.staff_roles.map(|path| staff_claims(path, &self.role_name)).transpose()?;
        let trusted = TrustedIssuer {
            issuer,
            organization: organization.id,
            audiences: self.audience,
            accounts: self.accounts,
            staff,
        };
        unit.put_trusted_issuer(&trusted).await?;
        let detail = serde_json::json!({
            "iss": trusted.issuer.iss,
            "accounts": trusted.accounts,
            "staff": trusted.staff.is_some(),
        });
        let action = Action::IssuerConfigure;
        unit.record(context.ports.audit(
            organization.id,
            Actor::Operator,
            action,
            Subject::default(),
            detail,
        ));
        unit.changed(Change::Organization(organization.id));
        unit.save().await?;
        output::line(format!("{} trusts {}", organization.slug, trusted.issuer.iss));
        Ok(())
    }
}

fn staff_claims(path: String, names: &[String]) -> Result<StaffClaims, UsageError> {
    let mut roles = BTreeMap::new();
    for name in names {
        let (word, role) =
            name.rsplit_once('=').ok_or_else(|| usage(format!("`{name}` is not WORD=ROLE")))?;
        roles.insert(word.to_owned(), role.parse::<Role>().map_err(usage)?);
    }
    Ok(StaffClaims { roles: ClaimPath::parse(path).map_err(usage)?, names: roles })
}

async fn remove(context: &Context, organization: &str, iss: String) -> anyhow::Result<()> {
    let mut unit = context.store.begin().await?;
    let organization = context::organization(&mut *unit, organization).await?;
    let iss = Iss::parse(iss).map_err(usage)?;
    if !unit.remove_trusted_issuer(organization.id, &iss).await? {
        return Err(usage(format!("{} does not trust {iss}", organization.slug)).into());
    }
    let detail = serde_json::json!({"iss": iss, "removed": true});
    let action = Action::IssuerConfigure;
    unit.record(context.ports.audit(organization.id, Actor::Operator, action, Subject::default(), detail));
    unit.changed(Change::Organization(organization.id));
    unit.save().await?;
    output::line(format!("{} does not trust {iss} any more", organization.slug));
    Ok(())
}

async fn list(context: &Context, organization: &str, format: Format) -> anyhow::Result<()> {
    let mut unit = context.store.begin_read().await?;
    let organization = context::organization(&mut *unit, organization).await?;
    let trusted = unit.trusted_issuers(organization.id).await?;
    let rows: Vec<_> = trusted
        .into_iter()
        .map(|trusted| Row {
            iss: trusted.issuer.iss.to_string(),
            subject_claim: trusted.issuer.subject_claim.to_string(),
            audiences: trusted.audiences,
            accounts: trusted.accounts,
            staff_roles: trusted.staff.map(|staff| staff.roles.to_string()),
        })
        .collect();
    output::list(format, &rows, &["iss", "subject", "audiences", "accounts", "staff roles in"], |row| {
        vec![
            row.iss.clone(),
            row.subject_claim.clone(),
            row.audiences.join(" "),
            if row.accounts { "yes" } else { "no" }.to_owned(),
            row.staff_roles.clone().unwrap_or_default(),
        ]
    })
}

mod view;

use std::process::ExitCode;

use chrono::{DateTime, Utc};
use kinlink_domain::{
    account::{AccountKey, Iss},
    actor::Authorized,
    organization::Organization,
    patient::FhirId,
    service::explain_account::{ExplainAccount, explain},
    store::{Store, UnitOfWork},
};

use super::context::{self, Context};
use crate::{
    config::ConfigFlags,
    exit::UsageError,
    output::{self, Format},
};
use view::{AccountView, Face};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
For example:
  kinlink explain --organization northside --iss https://login.example --sub 4711
  kinlink explain --organization northside --iss https://login.example --sub 4711 --record n-002 \\
          --at 2026-03-01T12:30:00Z

It names the account's id, which `kinlink end --account` and the audit's filter take, each of its links with all that
speaks for it and against it, how it came about, and what a client of the organization is answered, or was then. That
you asked is written to the audit.")]
pub(crate) struct Explain {
    /// The organization's short name.
    #[arg(long)]
    organization: String,
    /// The identity provider of the login.
    #[arg(long, value_name = "URL")]
    iss: String,
    /// The login's name there; case counts.
    #[arg(long)]
    sub: String,
    /// Only links to the record with this FHIR id.
    #[arg(long, value_name = "ID")]
    record: Option<String>,
    /// The moment, as RFC 3339 writes it; now unless said. The future is told by the clock alone.
    #[arg(long, value_name = "TIME")]
    at: Option<DateTime<Utc>>,
    #[command(flatten)]
    format: Format,
}

impl Explain {
    pub(crate) async fn run(self, flags: &ConfigFlags) -> anyhow::Result<ExitCode> {
        let key = context::login(&self.iss, &self.sub)?;
        let record = self.record.map(FhirId::parse).transpose();
        let record = record.map_err(|error| UsageError(format!("--record: {error}")))?;
        let context = Context::open(flags).await?;
        let organization = context.organization(&self.organization).await?;
        let at = self.at.unwrap_or_else(|| context.ports.clock.now());
        let asked = ExplainAccount { account: key.id(), record, at };
        let mut unit = context.store.begin().await?;
        let known = unit.account(asked.account).await?;
        let distrust = distrust(&mut *unit, &organization, &key).await?;
        let by = Authorized::operator(organization.id);
        let explained = explain(&mut *unit, &context.ports, &organization, by, &asked).await?;
        unit.save().await?;
        let public_url = context.config.pages().public_url;
        let face = Face { organization: &organization, public_url: &public_url };
        let first_seen = known.map(|account| account.created_at);
        let view = AccountView::new(&face, &asked, first_seen, &explained, context.ports.clock.now());
        if self.format.json {
            output::line(serde_json::to_string_pretty(&view)?);
        } else {
            output::line(view.page().trim_end());
        }
        if let Some(distrust) = distrust {
            output::remark(distrust);
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What speaks against the login as a whole, whatever its links are.
async fn distrust(
    unit: &mut dyn UnitOfWork,
    organization: &Organization,
    key: &AccountKey,
) -> anyhow::Result<Option<String>> {
    let trusted = unit.trusted_issuers(organization.id).await?;
    let with = |iss: &Iss| trusted.iter().find(|trusted| trusted.issuer.iss == *iss);
    Ok(match with(&key.iss) {
        None => Some(format!(
            "Note: {} does not trust {}, so its logins cannot redeem anything there (`kinlink issuer list`).",
            organization.slug, key.iss
        )),
        Some(trusted) if !trusted.accounts => Some(format!(
            "Note: {} trusts {} for staff only, so its logins are no patients' accounts there.",
            organization.slug, key.iss
        )),
        Some(trusted) if trusted.issuer.subject_claim.to_string() != "sub" => {
            Some(format!("Note: of {}, the claim `{}` counts as sub.", key.iss, trusted.issuer.subject_claim))
        }
        Some(_) => None,
    })
}

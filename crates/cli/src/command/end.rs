use std::{
    io::{IsTerminal, Write},
    process::ExitCode,
};

use clap::ValueEnum;
use kinlink_domain::{
    actor::Authorized,
    ending::{EndingScope, Touched},
    link::Revocation,
    organization::Organization,
    patient::FhirId,
    service::end_access::{self, EndAccess, EndAccessError},
    store::Store,
};
use serde::Serialize;

use super::context::{self, Context};
use crate::{
    config::ConfigFlags,
    exit::{CHECK_FAILED, UsageError},
    output::{self, Format},
};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
For example:
  kinlink end --organization northside --record n-002 --reason safety --keep-self --dry-run
  kinlink end --organization northside --account acc_0197f2f31c2a7d0c8e6f2b7f5a1d9c22 --reason fraud
  kinlink end --organization northside --iss https://login.example --sub 4711 --reason fraud

It shows what it would touch and asks. Nobody whose access ends is told who did it, why, or when. A second person
can undo it (POST /v1/endings/{id}/undo) within the hours of the policy's `family.undo_hours`.")]
pub(crate) struct End {
    /// The organization's short name.
    #[arg(long)]
    organization: String,
    /// End everybody's access to the record with this FHIR id.
    #[arg(long, value_name = "ID", required_unless_present_any = ["account", "sub"], conflicts_with_all = ["account", "sub"])]
    record: Option<String>,
    /// End this account's access to every record of the organization.
    #[arg(long, value_name = "ID", conflicts_with = "sub")]
    account: Option<String>,
    /// Or the account of a login: its identity provider.
    #[arg(long, value_name = "URL", requires = "sub")]
    iss: Option<String>,
    /// The login's name there.
    #[arg(long, requires = "iss")]
    sub: Option<String>,
    /// Why.
    #[arg(long, value_enum)]
    reason: ReasonName,
    /// Leave patients' own links alone.
    #[arg(long)]
    keep_self: bool,
    /// Only show what it would touch.
    #[arg(long)]
    dry_run: bool,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ReasonName {
    Fraud,
    CourtOrder,
    Safety,
    WrongPerson,
    PatientRequest,
    StaffError,
}

impl From<ReasonName> for Revocation {
    fn from(name: ReasonName) -> Self {
        match name {
            ReasonName::Fraud => Self::Fraud,
            ReasonName::CourtOrder => Self::CourtOrder,
            ReasonName::Safety => Self::Safety,
            ReasonName::WrongPerson => Self::WrongPerson,
            ReasonName::PatientRequest => Self::PatientRequest,
            ReasonName::StaffError => Self::StaffError,
        }
    }
}

#[derive(Serialize)]
struct Row {
    what: &'static str,
    id: String,
    record: String,
    role: String,
    account: String,
}

impl End {
    pub(crate) async fn run(self, flags: &ConfigFlags) -> anyhow::Result<ExitCode> {
        let context = Context::open(flags).await?;
        let organization = context.organization(&self.organization).await?;
        let by = Authorized::operator(organization.id);
        let mut unit = context.store.begin().await?;
        let scope = match (&self.record, &self.account) {
            (Some(record), _) => {
                let usage = |error: &dyn std::fmt::Display| UsageError(format!("--record: {error}"));
                let fhir_id = FhirId::parse(record.as_str()).map_err(|error| usage(&error))?;
                let found = end_access::record(&mut *unit, organization.id, &fhir_id).await?;
                EndingScope::Record(found.ok_or_else(|| usage(&format!("there is no record `{record}`")))?)
            }
            (None, _) if self.sub.is_some() => {
                let (iss, sub) = (self.iss.as_deref().unwrap_or_default(), self.sub.as_deref());
                EndingScope::Account(context::login(iss, sub.unwrap_or_default())?.id())
            }
            (None, account) => {
                let account = account.as_deref().unwrap_or_default();
                EndingScope::Account(
                    account.parse().map_err(|error| UsageError(format!("--account: {error}")))?,
                )
            }
        };
        let wanted = EndAccess { scope, keep_self: self.keep_self };
        let touched = end_access::preview(&mut *unit, &context.ports, by, wanted).await?;
        unit.save().await?;
        output::list(self.format, &rows(&touched), &["what", "id", "record", "role", "account"], |row| {
            vec![
                row.what.to_owned(),
                row.id.clone(),
                row.record.clone(),
                row.role.clone(),
                row.account.clone(),
            ]
        })?;
        if self.dry_run {
            return Ok(ExitCode::SUCCESS);
        }
        if !self.yes && !confirmed()? {
            output::remark("Nothing was ended.");
            return Ok(ExitCode::from(CHECK_FAILED));
        }
        let digest = touched.digest(scope, self.keep_self);
        end(&context, &organization, by, wanted, self.reason.into(), &digest).await
    }
}

fn rows(touched: &Touched) -> Vec<Row> {
    let links = touched.links.iter().map(|link| Row {
        what: "link",
        id: link.id.to_string(),
        record: link.fhir_id.to_string(),
        role: link.role.as_str().to_owned(),
        account: link.account.to_string(),
    });
    let invitations = touched.invitations.iter().map(|invitation| Row {
        what: "invitation",
        id: invitation.id.to_string(),
        record: invitation.fhir_id.to_string(),
        role: invitation.role.as_str().to_owned(),
        account: String::new(),
    });
    let claims = touched.claims.iter().map(|claim| Row {
        what: "claim",
        id: claim.id.to_string(),
        record: String::new(),
        role: "self".to_owned(),
        account: claim.account.to_string(),
    });
    let offers = touched.offers.iter().map(|offer| Row {
        what: "offer",
        id: offer.id.to_string(),
        record: offer.fhir_id.to_string(),
        role: "proxy".to_owned(),
        account: String::new(),
    });
    let requests = touched.requests.iter().map(|request| Row {
        what: "access request",
        id: request.id.to_string(),
        record: String::new(),
        role: "proxy".to_owned(),
        account: request.account.to_string(),
    });
    links.chain(invitations).chain(claims).chain(offers).chain(requests).collect()
}

/// Asks at the terminal. Where nobody can answer, `--yes` has to say it.
fn confirmed() -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Err(UsageError("nobody is there to confirm: say --yes, or --dry-run to look".into()).into());
    }
    let mut asked = std::io::stderr();
    write!(asked, "End all of this? [y/N] ")?;
    asked.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

async fn end(
    context: &Context,
    organization: &Organization,
    by: Authorized,
    wanted: EndAccess,
    reason: Revocation,
    digest: &str,
) -> anyhow::Result<ExitCode> {
    let mut unit = context.store.begin().await?;
    let ended = end_access::end(&mut *unit, &context.ports, by, wanted, reason, digest).await;
    match ended {
        Ok(ending) => {
            unit.save().await?;
            output::line(format!("ended {}", ending.id));
            output::line(format!(
                "Staff of {} can undo it until {}.",
                organization.slug,
                ending.undo_until.format("%Y-%m-%d %H:%M UTC")
            ));
            Ok(ExitCode::SUCCESS)
        }
        Err(EndAccessError::Store(error)) => Err(error.into()),
        Err(refused) => {
            output::remark(format!("Nothing was ended: {refused}."));
            Ok(ExitCode::from(CHECK_FAILED))
        }
    }
}

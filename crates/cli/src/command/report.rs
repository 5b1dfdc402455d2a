use std::process::ExitCode;

use clap::Subcommand;
use kinlink_domain::{
    actor::Actor,
    audit::{Action, Subject},
    page::Page,
    store::Store,
};
use serde::Serialize;

use super::context::Context;
use crate::{
    config::ConfigFlags,
    output::{self, Format},
};

#[derive(Debug, clap::Args)]
pub(crate) struct ReportCommand {
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Accounts that are proxies of unusually many, and records with unusually many proxies.
    Proxies {
        /// The organization's short name.
        #[arg(long)]
        organization: String,
        /// From how many on; the policy's `family.unusual_proxies` unless said.
        #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1_000))]
        at_least: Option<u16>,
        #[command(flatten)]
        format: Format,
    },
}

#[derive(Serialize)]
struct Row {
    of: &'static str,
    id: String,
    proxies: u64,
    staff: bool,
}

impl ReportCommand {
    pub(crate) async fn run(self, flags: &ConfigFlags) -> anyhow::Result<ExitCode> {
        let context = Context::open(flags).await?;
        let Step::Proxies { organization, at_least, format } = self.step;
        let rows = proxies(&context, &organization, at_least).await?;
        output::list(format, &rows, &["of", "id", "proxy links", "staff"], |row| {
            let staff = if row.staff { "yes" } else { "" };
            vec![row.of.to_owned(), row.id.clone(), row.proxies.to_string(), staff.to_owned()]
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

async fn proxies(context: &Context, slug: &str, at_least: Option<u16>) -> anyhow::Result<Vec<Row>> {
    let organization = context.organization(slug).await?;
    let least = at_least.unwrap_or(organization.policy.family.unusual_proxies);
    let now = context.ports.clock.now();
    let mut unit = context.store.begin().await?;
    let mut rows = Vec::new();
    let mut page = Page { after: None, limit: 200 };
    loop {
        let listed = unit.crowded_accounts(organization.id, least, page, now).await?;
        rows.extend(listed.items.into_iter().map(|(crowd, staff)| Row {
            of: "account",
            id: crowd.of.to_string(),
            proxies: crowd.proxies,
            staff,
        }));
        page.after = listed.next;
        if listed.next.is_none() {
            break;
        }
    }
    loop {
        let listed = unit.crowded_records(organization.id, least, page, now).await?;
        rows.extend(listed.items.into_iter().map(|(crowd, fhir_id)| Row {
            of: "record",
            id: fhir_id.to_string(),
            proxies: crowd.proxies,
            staff: false,
        }));
        page.after = listed.next;
        if listed.next.is_none() {
            break;
        }
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.proxies));
    let detail = serde_json::json!({"report": "unusual_proxies", "count": rows.len()});
    let (action, subject) = (Action::ReportRead, Subject::default());
    unit.record(context.ports.audit(organization.id, Actor::Operator, action, subject, detail));
    unit.save().await?;
    Ok(rows)
}

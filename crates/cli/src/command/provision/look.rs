use kinlink_domain::{
    id::ProvisioningTargetId,
    organization::Organization,
    provisioning::{
        Basis, Change, Drift, Ended, Finding, ProvisioningTarget, QueueCounts, Report, Run, RunKind,
        RunPhase, Server, Verdict,
    },
    store::{Store, UnitOfWork},
};
use serde::Serialize;

use super::find;
use crate::{
    command::context::{self, Context},
    output::{self, Format},
};

#[derive(Serialize)]
struct Row {
    id: String,
    organization: String,
    kind: &'static str,
    issuer: String,
    attribute: String,
    state: &'static str,
}

#[derive(Serialize)]
struct StatusRow {
    id: String,
    organization: String,
    state: &'static str,
    accounts: QueueCounts,
    /// How far the reconcile is that is under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    reconciled: Option<String>,
    last_report: Option<Report>,
}

async fn all(
    unit: &mut dyn UnitOfWork,
    slug: Option<&str>,
) -> anyhow::Result<Vec<(Organization, ProvisioningTarget)>> {
    let organizations = match slug {
        Some(slug) => vec![context::organization(unit, slug).await?],
        None => unit.organizations().await?,
    };
    let mut found = Vec::new();
    for organization in organizations {
        for target in unit.provisioning_targets(organization.id).await? {
            found.push((organization.clone(), target));
        }
    }
    Ok(found)
}

pub(super) async fn list(context: &Context, slug: Option<&str>, format: Format) -> anyhow::Result<()> {
    let mut unit = context.store.begin_read().await?;
    let rows: Vec<_> = all(&mut *unit, slug)
        .await?
        .into_iter()
        .map(|(organization, target)| Row {
            id: target.id.to_string(),
            organization: organization.slug.to_string(),
            kind: target.settings.server.kind(),
            issuer: target.issuer.to_string(),
            attribute: target.settings.fhir_user.to_string(),
            state: target.state.as_str(),
        })
        .collect();
    output::list(format, &rows, &["organization", "kind", "issuer", "attribute", "state", "id"], |row| {
        vec![
            row.organization.clone(),
            row.kind.to_owned(),
            row.issuer.clone(),
            row.attribute.clone(),
            row.state.to_owned(),
            row.id.clone(),
        ]
    })
}

pub(super) async fn show(context: &Context, id: ProvisioningTargetId) -> anyhow::Result<()> {
    let mut unit = context.store.begin_read().await?;
    let target = find(&mut *unit, id).await?;
    let settings = &target.settings;
    let line = |name: &str, value: &dyn std::fmt::Display| output::line(format!("{name:<18} {value}"));
    line("id", &target.id);
    line("state", &target.state.as_str());
    line("issuer", &target.issuer);
    match &settings.server {
        Server::Keycloak { base, realm } => {
            line("Keycloak", base);
            line("realm", realm);
        }
        Server::Graph { base, login, tenant } => {
            line("Microsoft Graph", base);
            line("login", login);
            line("tenant", tenant);
        }
    }
    line("client", &target.client_id);
    line("fhirUser in", &settings.fhir_user);
    if let Some(patient) = &settings.patient {
        line("patient in", patient);
    }
    line("changed", &target.updated_at.to_rfc3339());
    Ok(())
}

pub(super) async fn status(context: &Context, slug: Option<&str>, format: Format) -> anyhow::Result<()> {
    let mut unit = context.store.begin_read().await?;
    let mut rows = Vec::new();
    for (organization, target) in all(&mut *unit, slug).await? {
        let accounts = unit.provisioning_counts(target.organization, target.id).await?;
        let kind = RunKind::Reconcile;
        let run = unit.provisioning_run(target.organization, target.id, kind).await?;
        rows.push(StatusRow {
            id: target.id.to_string(),
            organization: organization.slug.to_string(),
            state: target.state.as_str(),
            accounts,
            reconciled: run.as_ref().filter(|run| run.phase == RunPhase::Running).map(progress),
            last_report: run.and_then(|run| run.last),
        });
    }
    let headings = ["organization", "state", "pending", "done", "gone", "given up", "comparison", "id"];
    output::list(format, &rows, &headings, |row| {
        let accounts = row.accounts;
        let numbers = [accounts.pending, accounts.done, accounts.gone, accounts.dead];
        let mut cells = vec![row.organization.clone(), row.state.to_owned()];
        cells.extend(numbers.map(|number| number.to_string()));
        let under_way = row.reconciled.clone();
        cells.push(
            under_way.or_else(|| row.last_report.as_ref().map(words)).unwrap_or_else(|| "none yet".into()),
        );
        cells.push(row.id.clone());
        cells
    })
}

fn progress(run: &Run) -> String {
    format!("under way: {} of {}", run.counts.checked, run.total)
}

/// A report in one line.
pub(super) fn words(report: &Report) -> String {
    let counts = &report.counts;
    let at = report.finished_at.format("%Y-%m-%d %H:%M UTC");
    let end = end(report);
    format!(
        "{at}: {} looked at, {} right, {} not sent yet; drift: {} missing, {} by hand, {} stale, {} gone; {} written, \
         {} failed, {} left to others{end}",
        counts.checked,
        counts.right,
        counts.waiting,
        counts.missing,
        counts.by_hand,
        counts.stale,
        counts.gone,
        counts.corrected,
        counts.failed,
        counts.busy,
    )
}

fn end(report: &Report) -> String {
    match &report.ended {
        Ended::Completed => String::new(),
        Ended::GivenUp { error } => format!("; given up: {error}"),
    }
}

/// What a dry run found, in a few lines.
pub(super) fn preview(report: &Report) -> String {
    let counts = &report.counts;
    let mut lines = vec![
        format!("{} of {} accounts looked at, nothing written{}", counts.checked, report.total, end(report)),
        format!("would be set      {}", counts.set),
        format!("would be changed  {}", counts.changed),
        format!("would be cleared  {}", counts.cleared),
        format!("set by hand       {}, to be changed or cleared", counts.by_hand),
        format!("right already     {}", counts.right),
        format!("user is gone      {}", counts.gone),
        format!("not readable      {}", counts.failed),
        format!("get no attribute  {} as proxies only", counts.proxy_only),
        format!("                  {} with several records of their own", counts.several_records),
    ];
    if report.ended == Ended::Completed {
        lines.push(format!(
            "other users       {} of {} users of the server have the attribute and no link here: Kinlink leaves \
             them alone",
            counts.strangers, counts.users
        ));
    }
    lines.join("\n")
}

/// The accounts that were not as they should be, without a word of who they are.
pub(super) fn findings(findings: &[Finding]) -> anyhow::Result<()> {
    output::list(Format { json: false }, findings, &["account", "what", "why"], |finding| {
        let (what, why) = told(&finding.verdict);
        vec![finding.account.to_string(), what.to_owned(), why]
    })
}

fn told(verdict: &Verdict) -> (&'static str, String) {
    match verdict {
        Verdict::Compared { drift, change, basis } => {
            let what = match change {
                Some(Change::Set) => "set",
                Some(Change::Changed) => "changed",
                Some(Change::Cleared) => "cleared",
                None => "as it should be",
            };
            (what, format!("{}; {}", drift_word(*drift), basis_word(*basis)))
        }
        Verdict::Gone => ("nothing", "the server has no such user".to_owned()),
        Verdict::Busy => ("nothing", "a worker is busy with it".to_owned()),
        Verdict::Failed { error } => ("failed", error.clone()),
    }
}

const fn drift_word(drift: Drift) -> &'static str {
    match drift {
        Drift::Right => "no difference",
        Drift::Waiting => "not sent yet",
        Drift::Missing => "missing",
        Drift::ByHand => "by hand",
        Drift::Stale => "stale",
    }
}

const fn basis_word(basis: Basis) -> &'static str {
    match basis {
        Basis::OwnRecord => "one own record",
        Basis::NoLink => "nothing is open",
        Basis::ProxyOnly => "a proxy only",
        Basis::SeveralRecords => "several own records",
        Basis::Clearing => "being cleared",
    }
}

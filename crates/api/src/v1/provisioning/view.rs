use chrono::{DateTime, Utc};
use kinlink_domain::{
    fhir_user::UrlForm,
    provisioning::{
        Cause, Counts, Ended, ProvisioningTarget, QueueCounts, Report, Run, RunPhase, TargetState,
    },
};
use serde::Serialize;
use utoipa::ToSchema;

/// A server whose users carry attributes. Its secret is shown to nobody.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TargetView {
    #[schema(example = "prv_0197f2f31c2a7d0c8e6f2b7f5a1d9c33")]
    id: String,
    organization: String,
    /// Whose accounts its users are.
    #[schema(example = "https://id.example/realms/patients")]
    issuer: String,
    /// `keycloak` or `graph`.
    #[schema(example = "keycloak")]
    kind: &'static str,
    /// The attribute that carries `fhirUser`.
    #[schema(example = "fhirUser")]
    fhir_user_attribute: String,
    /// The attribute that carries the record's id alone, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    patient_attribute: Option<String>,
    /// `absolute` or `relative`.
    #[schema(value_type = String, example = "absolute")]
    form: UrlForm,
    client_id: String,
    /// `on`; `off`: what happens is noted and nothing is sent; `clearing`: every attribute is being taken away.
    #[schema(value_type = String, example = "on")]
    state: TargetState,
    accounts: AccountsView,
    /// The reconcile that is under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    reconcile: Option<ReconcileView>,
    /// What the last one found that ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_report: Option<ReportView>,
}

/// How a server's accounts stand.
#[derive(Debug, Serialize, ToSchema)]
struct AccountsView {
    /// With a change that was not sent yet.
    pending: u64,
    /// In order, as far as Kinlink knows.
    done: u64,
    /// Whose user is gone.
    gone: u64,
    /// Given up; the next reconcile tries them again.
    dead: u64,
}

/// A reconcile that is under way.
#[derive(Debug, Serialize, ToSchema)]
struct ReconcileView {
    /// `asked` or `nightly`.
    #[schema(value_type = String, example = "asked")]
    cause: Cause,
    requested_at: DateTime<Utc>,
    /// How many accounts there are to look at.
    total: u64,
    counts: CountsView,
}

/// What a reconcile found.
#[derive(Debug, Serialize, ToSchema)]
struct ReportView {
    /// `asked` or `nightly`.
    #[schema(value_type = String, example = "nightly")]
    cause: Cause,
    requested_at: DateTime<Utc>,
    finished_at: DateTime<Utc>,
    /// `completed` or `given_up`.
    #[schema(example = "completed")]
    outcome: &'static str,
    /// Why it was given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    total: u64,
    counts: CountsView,
}

/// What a reconcile counted.
#[derive(Debug, Serialize, ToSchema)]
struct CountsView {
    /// Accounts looked at.
    checked: u64,
    /// Whose attributes were as they should be.
    right: u64,
    /// Whose attributes differed by a change that was not sent yet.
    waiting: u64,
    /// Drift: what Kinlink wrote was not there.
    missing: u64,
    /// Drift: somebody else had set the attributes.
    by_hand: u64,
    /// Drift: the attributes were what Kinlink wrote before something changed without an event.
    stale: u64,
    /// Whose user is gone.
    gone: u64,
    /// That were left to a worker that was busy with them.
    busy: u64,
    /// Whose attributes were written.
    corrected: u64,
    /// Whose attributes could not be read or written.
    failed: u64,
    /// Whose attributes said nothing and say something now.
    set: u64,
    /// Whose attributes say something else now.
    changed: u64,
    /// Whose attributes were taken away.
    cleared: u64,
    /// Whose attributes say nothing since only records of others are open to them.
    proxy_only: u64,
    /// Whose attributes say nothing since several records are their own, and nobody merged them.
    several_records: u64,
}

impl TargetView {
    pub(super) fn new(target: &ProvisioningTarget, accounts: QueueCounts, run: Option<&Run>) -> Self {
        let running = run.filter(|run| run.phase == RunPhase::Running);
        let settings = &target.settings;
        Self {
            id: target.id.to_string(),
            organization: target.organization.to_string(),
            issuer: target.issuer.to_string(),
            kind: settings.server.kind(),
            fhir_user_attribute: settings.fhir_user.to_string(),
            patient_attribute: settings.patient.as_ref().map(ToString::to_string),
            form: settings.form,
            client_id: target.client_id.clone(),
            state: target.state,
            accounts: accounts.into(),
            reconcile: running.map(Into::into),
            last_report: run.and_then(|run| run.last.as_ref()).map(Into::into),
        }
    }
}

impl From<QueueCounts> for AccountsView {
    fn from(QueueCounts { pending, done, gone, dead }: QueueCounts) -> Self {
        Self { pending, done, gone, dead }
    }
}

impl From<&Run> for ReconcileView {
    fn from(run: &Run) -> Self {
        let (cause, requested_at, total) = (run.cause, run.requested_at, run.total);
        Self { cause, requested_at, total, counts: run.counts.into() }
    }
}

impl From<&Report> for ReportView {
    fn from(report: &Report) -> Self {
        let (outcome, error) = match &report.ended {
            Ended::Completed => ("completed", None),
            Ended::GivenUp { error } => ("given_up", Some(error.clone())),
        };
        Self {
            cause: report.cause,
            requested_at: report.requested_at,
            finished_at: report.finished_at,
            outcome,
            error,
            total: report.total,
            counts: report.counts.into(),
        }
    }
}

impl From<Counts> for CountsView {
    fn from(counts: Counts) -> Self {
        Self {
            checked: counts.checked,
            right: counts.right,
            waiting: counts.waiting,
            missing: counts.missing,
            by_hand: counts.by_hand,
            stale: counts.stale,
            gone: counts.gone,
            busy: counts.busy,
            corrected: counts.corrected,
            failed: counts.failed,
            set: counts.set,
            changed: counts.changed,
            cleared: counts.cleared,
            proxy_only: counts.proxy_only,
            several_records: counts.several_records,
        }
    }
}

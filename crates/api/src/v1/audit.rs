use actix_web::{HttpResponse, web::Data};
use chrono::{DateTime, Utc};
use kinlink_domain::{
    actor::{Actor, StaffAct},
    audit::{Action, ChainedEntry, Subject},
    id::AccountId,
    organization::Organization,
    page::Listed,
    patient::FhirId,
    store::{AuditFilter, UnitOfWork},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    extract::{self, Cursor, NamedOrganization, Parameters, StaffCaller},
    problem::{Problem, ProblemType, Refusals},
    state::State,
};

const KIND: ProblemType = ProblemType::MalformedParameter;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuditParameters {
    /// The organization, by id or short name; needed only by auditors of several.
    pub(crate) organization: Option<String>,
    /// Only this action, for example `link.revoke`.
    #[param(value_type = Option<String>)]
    pub(crate) action: Option<Action>,
    /// Only by the staff user with this account.
    pub(crate) staff: Option<String>,
    /// Only about the record with this FHIR id.
    pub(crate) patient: Option<String>,
    /// Only about this account.
    pub(crate) account: Option<String>,
    /// Only about this link.
    pub(crate) link: Option<String>,
    /// Only about this invitation.
    pub(crate) invitation: Option<String>,
    /// Only from this moment on.
    pub(crate) from: Option<DateTime<Utc>>,
    /// Only before this moment.
    pub(crate) until: Option<DateTime<Utc>>,
    /// `next_cursor` of the last answer.
    pub(crate) cursor: Option<String>,
    /// At most so many, 1 to 200; 50 unless said.
    #[param(minimum = 1, maximum = 200)]
    pub(crate) limit: Option<u16>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct AuditList {
    /// Newest first.
    entries: Vec<AuditView>,
    /// There are more: ask again with this cursor.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct AuditView {
    /// Its place in the organization's chain.
    seq: i64,
    id: String,
    at: DateTime<Utc>,
    /// Who: `type` is `staff`, `account`, `client`, `operator` or `system`.
    #[schema(value_type = Object)]
    actor: Actor,
    /// What, for example `link.create`.
    #[schema(value_type = String, example = "link.create")]
    action: Action,
    /// About what: ids of the patient record, account, link, invitation, client.
    #[schema(value_type = Object)]
    subject: Subject,
    /// Particulars, such as the reason.
    #[schema(value_type = Object)]
    detail: serde_json::Value,
}

impl From<ChainedEntry> for AuditView {
    fn from(chained: ChainedEntry) -> Self {
        let entry = chained.entry;
        Self {
            seq: chained.seq,
            id: entry.id.to_string(),
            at: entry.at,
            actor: entry.actor,
            action: entry.action,
            subject: entry.subject,
            detail: entry.detail,
        }
    }
}

/// Read the audit; reading is audited too. Staff with the role `auditor`.
#[utoipa::path(get, path = "/v1/audit", tag = "audit", security(("staff" = [])), params(AuditParameters),
    responses(
        (status = 200, description = "Entries", body = AuditList),
        Refusals,
    ))]
pub(crate) async fn list(
    state: Data<State>,
    staff: StaffCaller,
    parameters: Parameters<AuditParameters>,
) -> Result<HttpResponse, Problem> {
    let mut unit = state.store.begin().await?;
    let (_, listed) = search(&state, &mut *unit, &staff, parameters.0).await?;
    unit.save().await?;
    let entries = listed.items.into_iter().map(Into::into).collect();
    Ok(HttpResponse::Ok().json(AuditList { entries, next_cursor: listed.next.map(Cursor::write) }))
}

/// The entries that fit, at the organization meant; that they were read is put on record.
pub(crate) async fn search(
    state: &State,
    unit: &mut dyn UnitOfWork,
    staff: &StaffCaller,
    parameters: AuditParameters,
) -> Result<(Organization, Listed<ChainedEntry>), Problem> {
    let page = extract::limit(parameters.cursor.as_deref(), parameters.limit)?;
    let named = NamedOrganization::in_query(parameters.organization.as_deref())?;
    let mut filter = filter(&parameters)?;
    let fhir_id: Option<FhirId> = extract::parse_given(KIND, "patient", parameters.patient.as_deref())?;
    let (organization, by) = named.find_for(unit, staff, StaffAct::ReadAudit).await?;
    if let Some(id) = fhir_id {
        match unit.patient(organization.id, &id).await? {
            Some(patient) => filter.patient = Some(patient.id),
            None => return Ok((organization, Listed { items: vec![], next: None })),
        }
    }
    let listed = unit.audit_entries(organization.id, &filter, page).await?;
    let subject = Subject {
        patient: filter.patient,
        account: filter.account,
        link: filter.link,
        invitation: filter.invitation,
        client: None,
    };
    let detail = serde_json::json!({"count": listed.items.len(), "action": filter.action});
    unit.record(state.ports.audit(organization.id, by.actor(), Action::AuditRead, subject, detail));
    Ok((organization, listed))
}

fn filter(parameters: &AuditParameters) -> Result<AuditFilter, Problem> {
    let staff: Option<AccountId> = extract::parse_given(KIND, "staff", parameters.staff.as_deref())?;
    Ok(AuditFilter {
        action: parameters.action,
        actor: staff.map(Actor::Staff),
        patient: None,
        account: extract::parse_given(KIND, "account", parameters.account.as_deref())?,
        link: extract::parse_given(KIND, "link", parameters.link.as_deref())?,
        invitation: extract::parse_given(KIND, "invitation", parameters.invitation.as_deref())?,
        from: parameters.from,
        until: parameters.until,
    })
}

use actix_web::{HttpResponse, web::Data};
use kinlink_domain::{
    actor::StaffAct,
    audit::{Action, Subject},
    organization::Organization,
    store::UnitOfWork,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    extract::{self, Cursor, NamedOrganization, Parameters, StaffCaller},
    problem::{Problem, ProblemType, Refusals},
    state::State,
};

/// Who or what has the many proxies.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Of {
    #[default]
    Accounts,
    Records,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct UnusualProxiesParameters {
    /// The organization, by id or short name; needed only by staff of several.
    organization: Option<String>,
    /// `accounts` that are proxies of many, or `records` with many proxies; accounts unless said.
    #[param(value_type = Option<String>)]
    pub(crate) of: Option<Of>,
    /// From how many on, 1 to 1,000; the policy's `family.unusual_proxies` unless said.
    #[param(minimum = 1, maximum = 1_000)]
    at_least: Option<u16>,
    /// `next_cursor` of the last answer.
    cursor: Option<String>,
    /// At most so many, 1 to 200; 50 unless said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct UnusualProxies {
    /// From how many on.
    at_least: u16,
    unusual: Vec<Unusual>,
    /// There are more: ask again with this cursor.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// An account or a record with many proxy links that hold.
#[derive(Serialize, ToSchema)]
pub(crate) struct Unusual {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<String>,
    /// Whether the account has acted as staff of the organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) staff: Option<bool>,
    /// The FHIR id of the record.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "n-002")]
    pub(crate) patient: Option<String>,
    pub(crate) proxies: u64,
}

/// Accounts that are proxies of unusually many, and records with unusually many proxies. Staff with the role
/// `reviewer` or `admin`: those who can suspend what looks wrong. The auditor reads the audit and nothing else.
#[utoipa::path(get, path = "/v1/reports/unusual-proxies", tag = "reports", security(("staff" = [])),
    params(UnusualProxiesParameters),
    responses(
        (status = 200, description = "What is unusual", body = UnusualProxies),
        Refusals,
    ))]
pub(crate) async fn list(
    state: Data<State>,
    staff: StaffCaller,
    parameters: Parameters<UnusualProxiesParameters>,
) -> Result<HttpResponse, Problem> {
    let mut unit = state.store.begin().await?;
    let (_, Counted { at_least, unusual, next }) = count(&state, &mut *unit, &staff, parameters.0).await?;
    unit.save().await?;
    Ok(HttpResponse::Ok().json(UnusualProxies { at_least, unusual, next_cursor: next.map(Cursor::write) }))
}

/// What was counted.
pub(crate) struct Counted {
    pub(crate) at_least: u16,
    pub(crate) unusual: Vec<Unusual>,
    pub(crate) next: Option<uuid::Uuid>,
}

/// Counts, for JSON and pages; that it was read is put on record.
pub(crate) async fn count(
    state: &State,
    unit: &mut dyn UnitOfWork,
    staff: &StaffCaller,
    parameters: UnusualProxiesParameters,
) -> Result<(Organization, Counted), Problem> {
    const KIND: ProblemType = ProblemType::MalformedParameter;
    let page = extract::limit(parameters.cursor.as_deref(), parameters.limit)?;
    if parameters.at_least.is_some_and(|least| !(1..=1_000).contains(&least)) {
        return Err(Problem::new(KIND).at("at_least", "between 1 and 1000"));
    }
    let named = NamedOrganization::in_query(parameters.organization.as_deref())?;
    let (organization, by) = named.find_for(unit, staff, StaffAct::ReadReports).await?;
    let at_least = parameters.at_least.unwrap_or(organization.policy.family.unusual_proxies);
    let now = state.ports.clock.now();
    let (unusual, next) = match parameters.of.unwrap_or_default() {
        Of::Accounts => {
            let listed = unit.crowded_accounts(organization.id, at_least, page, now).await?;
            let unusual = listed.items.into_iter().map(|(crowd, staff)| Unusual {
                account: Some(crowd.of.to_string()),
                staff: Some(staff),
                patient: None,
                proxies: crowd.proxies,
            });
            (unusual.collect::<Vec<_>>(), listed.next)
        }
        Of::Records => {
            let listed = unit.crowded_records(organization.id, at_least, page, now).await?;
            let unusual = listed.items.into_iter().map(|(crowd, fhir_id)| Unusual {
                account: None,
                staff: None,
                patient: Some(fhir_id.to_string()),
                proxies: crowd.proxies,
            });
            (unusual.collect(), listed.next)
        }
    };
    let detail = serde_json::json!({"report": "unusual_proxies", "count": unusual.len()});
    let (action, subject) = (Action::ReportRead, Subject::default());
    unit.record(state.ports.audit(organization.id, by.actor(), action, subject, detail));
    Ok((organization, Counted { at_least, unusual, next }))
}

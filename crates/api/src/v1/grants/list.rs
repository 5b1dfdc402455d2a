use actix_web::{HttpResponse, web::Data};
use kinlink_domain::{
    actor::{Actor, StaffAct, StaffUser},
    audit::{Action, Subject},
    grant::{Grant, GrantStatus},
    id::{AccountId, OrganizationId},
    link::{Link, LinkRole, LinkState},
    patient::FhirId,
    store::{GrantFilter, UnitOfWork},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{GrantView, Sight};
use crate::{
    extract::{self, AnyCaller, Cursor, NamedOrganization, Parameters, StaffCaller},
    problem::{Problem, ProblemType, Refusals},
    state::State,
};

const KIND: ProblemType = ProblemType::MalformedParameter;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListGrantsParameters {
    /// For staff: the grants of this organization, by id or short name. Without it, the caller's own.
    organization: Option<String>,
    /// For staff: only those for the record with this FHIR id.
    patient: Option<String>,
    /// For staff: only those that this account accepted.
    account: Option<String>,
    /// For staff: only those that are `offered`, `accepted`, `ended`, `declined`, `withdrawn` or `expired`.
    #[param(value_type = Option<String>)]
    status: Option<GrantStatus>,
    /// For staff: `next_cursor` of the last answer.
    cursor: Option<String>,
    /// For staff: at most so many, 1 to 200; 50 unless said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
}

#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum GrantList {
    /// To an account.
    Own {
        /// Who may act for me, and who might: newest first, ended ones included.
        given: Vec<GrantView>,
        /// For whom I may act: newest first, ended ones included.
        held: Vec<GrantView>,
    },
    /// To staff.
    Organization {
        /// Newest first.
        grants: Vec<GrantView>,
        /// There are more: ask again with this cursor.
        #[serde(skip_serializing_if = "Option::is_none")]
        next_cursor: Option<String>,
    },
}

/// Who may act for me, and for whom may I? Or, for staff who name their organization: all of its grants.
#[utoipa::path(get, path = "/v1/grants", tag = "grants", security(("account" = []), ("staff" = [])),
    params(ListGrantsParameters),
    responses(
        (status = 200, description = "Grants", body = GrantList),
        Refusals,
    ))]
pub(crate) async fn list(
    state: Data<State>,
    caller: AnyCaller,
    parameters: Parameters<ListGrantsParameters>,
) -> Result<HttpResponse, Problem> {
    let AnyCaller::Person { account, staff, login } = caller else {
        return Err(Problem::new(ProblemType::Forbidden).detail("not for clients"));
    };
    let mut unit = state.store.begin().await?;
    let answer = match (&parameters.0.organization, account) {
        (None, Some(account)) => own(&state, &mut *unit, account).await?,
        (None, None) => return Err(Problem::new(KIND).at("organization", "name one")),
        (Some(_), _) => {
            let staff: StaffUser = staff;
            of_organization(&state, &mut *unit, &StaffCaller::new(staff, login)?, parameters.0).await?
        }
    };
    unit.save().await?;
    Ok(HttpResponse::Ok().json(answer))
}

async fn own(state: &State, unit: &mut dyn UnitOfWork, account: AccountId) -> Result<GrantList, Problem> {
    let (given, held) = load(state, unit, account).await?;
    let now = state.ports.clock.now();
    let mut views = (Vec::new(), Vec::new());
    for grant in &given {
        views.0.push(GrantView::load(unit, grant, Sight::Patient, now).await?);
    }
    for grant in &held {
        views.1.push(GrantView::load(unit, grant, Sight::Proxy, now).await?);
    }
    Ok(GrantList::Own { given: views.0, held: views.1 })
}

/// The grants for the records that an account opens as the patient, with those it gave as a proxy, and those it
/// holds; that they were read is put on record.
pub(crate) async fn load(
    state: &State,
    unit: &mut dyn UnitOfWork,
    account: AccountId,
) -> Result<(Vec<Grant>, Vec<Grant>), Problem> {
    let now = state.ports.clock.now();
    let mut given = Vec::new();
    let by = Actor::Account(account);
    for link in unit.links_of_account(account).await? {
        if link_opens(&link, now) {
            let grants = unit.grants_to_patient(link.organization, link.patient).await?;
            let own = link.role == LinkRole::SelfRole;
            let mine = grants.into_iter().filter(|grant| own || grant.by == by);
            let new: Vec<_> = mine.filter(|grant| !given.contains(grant)).collect();
            given.extend(new);
        }
    }
    let held = unit.grants_of_account(account).await?;
    let mut organizations: Vec<OrganizationId> =
        given.iter().chain(&held).map(|grant| grant.organization).collect();
    organizations.sort_unstable();
    organizations.dedup();
    for organization in organizations {
        let subject = Subject { account: Some(account), ..Subject::default() };
        let detail = serde_json::json!({"given": given.len(), "held": held.len()});
        unit.record(state.ports.audit(organization, by, Action::GrantRead, subject, detail));
    }
    Ok((given, held))
}

fn link_opens(link: &Link, now: chrono::DateTime<chrono::Utc>) -> bool {
    matches!(link.state, LinkState::Active) && link.period.contains(now)
}

async fn of_organization(
    state: &State,
    unit: &mut dyn UnitOfWork,
    staff: &StaffCaller,
    parameters: ListGrantsParameters,
) -> Result<GrantList, Problem> {
    let page = extract::limit(parameters.cursor.as_deref(), parameters.limit)?;
    let named = NamedOrganization::in_query(parameters.organization.as_deref())?;
    let account = extract::parse_given(KIND, "account", parameters.account.as_deref())?;
    let fhir_id: Option<FhirId> = extract::parse_given(KIND, "patient", parameters.patient.as_deref())?;
    let (organization, by) = named.find_for(unit, staff, StaffAct::ManageProxies).await?;
    let mut filter = GrantFilter { patient: None, account, status: parameters.status };
    if let Some(id) = fhir_id {
        match unit.patient(organization.id, &id).await? {
            Some(patient) => filter.patient = Some(patient.id),
            None => return Ok(GrantList::Organization { grants: Vec::new(), next_cursor: None }),
        }
    }
    let now = state.ports.clock.now();
    let listed = unit.grants(organization.id, &filter, page, now).await?;
    let subject = Subject { patient: filter.patient, account: filter.account, ..Subject::default() };
    let detail = serde_json::json!({"count": listed.items.len()});
    unit.record(state.ports.audit(organization.id, by.actor(), Action::GrantRead, subject, detail));
    let mut grants = Vec::with_capacity(listed.items.len());
    for grant in &listed.items {
        grants.push(GrantView::load(unit, grant, Sight::Staff, now).await?);
    }
    Ok(GrantList::Organization { grants, next_cursor: listed.next.map(Cursor::write) })
}

use actix_web::{HttpResponse, web::Data};
use kinlink_domain::{
    access_request::AccessRequest,
    actor::{Actor, StaffAct},
    audit::{Action, Subject},
    id::AccountId,
    organization::Organization,
    page::{Listed, Page},
    store::UnitOfWork,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{AskedView, PendingView, own_records};
use crate::{
    extract::{self, AnyCaller, Cursor, NamedOrganization, Parameters, StaffCaller},
    problem::{Problem, ProblemType, Refusals},
    state::State,
};

const KIND: ProblemType = ProblemType::MalformedParameter;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListRequestsParameters {
    /// For staff: what waits for them at this organization, by id or short name. Without it, the caller's own.
    organization: Option<String>,
    /// `next_cursor` of the last answer.
    cursor: Option<String>,
    /// At most so many, 1 to 200; 50 unless said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
}

#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum RequestList {
    /// To an account.
    Own {
        /// Those that I made, newest first.
        asked: Vec<AskedView>,
        /// Those that wait for me as the patient, newest first.
        pending: Vec<PendingView>,
        /// There are more that I made: ask again with this cursor.
        #[serde(skip_serializing_if = "Option::is_none")]
        next_cursor: Option<String>,
    },
    /// To staff.
    Organization {
        /// Those that wait for staff, newest first.
        requests: Vec<PendingView>,
        /// There are more: ask again with this cursor.
        #[serde(skip_serializing_if = "Option::is_none")]
        next_cursor: Option<String>,
    },
}

/// What did I ask for, and what waits for me? Or, for staff who name their organization: what waits for them.
#[utoipa::path(get, path = "/v1/access-requests", tag = "access requests",
    security(("account" = []), ("staff" = [])), params(ListRequestsParameters),
    responses(
        (status = 200, description = "Requests", body = RequestList),
        Refusals,
    ))]
pub(crate) async fn list(
    state: Data<State>,
    caller: AnyCaller,
    parameters: Parameters<ListRequestsParameters>,
) -> Result<HttpResponse, Problem> {
    let AnyCaller::Person { account, staff, login } = caller else {
        return Err(Problem::new(ProblemType::Forbidden).detail("not for clients"));
    };
    let page = extract::limit(parameters.0.cursor.as_deref(), parameters.0.limit)?;
    let mut unit = state.store.begin().await?;
    let answer = match (&parameters.0.organization, account) {
        (None, Some(account)) => own(&state, &mut *unit, account, page).await?,
        (None, None) => return Err(Problem::new(KIND).at("organization", "name one")),
        (Some(named), _) => {
            of_organization(&state, &mut *unit, &StaffCaller::new(staff, login)?, named, page).await?
        }
    };
    unit.save().await?;
    Ok(HttpResponse::Ok().json(answer))
}

async fn own(
    state: &State,
    unit: &mut dyn UnitOfWork,
    account: AccountId,
    page: Page,
) -> Result<RequestList, Problem> {
    let now = state.ports.clock.now();
    let listed = unit.requests_of_account(account, page).await?;
    let pending = waiting(state, unit, account).await?;
    let pending = pending.iter().map(|request| PendingView::new(request, now)).collect();
    let asked = listed.items.iter().map(|request| AskedView::new(request, now)).collect();
    Ok(RequestList::Own { asked, pending, next_cursor: listed.next.map(Cursor::write) })
}

/// The requests that wait for this account as the patient; that they were read is put on record.
pub(crate) async fn waiting(
    state: &State,
    unit: &mut dyn UnitOfWork,
    account: AccountId,
) -> Result<Vec<AccessRequest>, Problem> {
    let now = state.ports.clock.now();
    let mut pending = Vec::new();
    for (organization, patient) in own_records(state, unit, account).await? {
        let waiting = unit.requests_to_patient(organization, patient, now).await?;
        if !waiting.is_empty() {
            let subject = Subject { patient: Some(patient), account: Some(account), ..Subject::default() };
            let detail = serde_json::json!({"count": waiting.len()});
            let by = Actor::Account(account);
            unit.record(state.ports.audit(organization, by, Action::RequestRead, subject, detail));
        }
        pending.extend(waiting);
    }
    Ok(pending)
}

async fn of_organization(
    state: &State,
    unit: &mut dyn UnitOfWork,
    staff: &StaffCaller,
    named: &str,
    page: Page,
) -> Result<RequestList, Problem> {
    let named = NamedOrganization::in_query(Some(named))?;
    let (_, listed) = search(state, unit, staff, &named, page).await?;
    let now = state.ports.clock.now();
    let requests = listed.items.iter().map(|request| PendingView::new(request, now)).collect();
    Ok(RequestList::Organization { requests, next_cursor: listed.next.map(Cursor::write) })
}

/// The requests that wait for staff, for JSON and pages; that they were listed is put on record.
pub(crate) async fn search(
    state: &State,
    unit: &mut dyn UnitOfWork,
    staff: &StaffCaller,
    named: &NamedOrganization,
    page: Page,
) -> Result<(Organization, Listed<AccessRequest>), Problem> {
    let (organization, by) = named.find_for(unit, staff, StaffAct::ManageProxies).await?;
    let listed = unit.requests_to_staff(organization.id, page, state.ports.clock.now()).await?;
    let detail = serde_json::json!({"count": listed.items.len()});
    let (action, subject) = (Action::RequestRead, Subject::default());
    unit.record(state.ports.audit(organization.id, by.actor(), action, subject, detail));
    Ok((organization, listed))
}

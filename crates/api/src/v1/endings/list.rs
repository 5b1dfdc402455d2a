use actix_web::{HttpResponse, web::Data};
use kinlink_domain::{
    actor::StaffAct,
    audit::{Action, Subject},
    ending::Ending,
    organization::Organization,
    page::Listed,
    store::UnitOfWork,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::EndingView;
use crate::{
    extract::{self, Cursor, NamedOrganization, Parameters, StaffCaller},
    problem::{Problem, Refusals},
    state::State,
};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListEndingsParameters {
    /// The organization, by id or short name; needed only by staff of several.
    organization: Option<String>,
    /// `next_cursor` of the last answer.
    cursor: Option<String>,
    /// At most so many, 1 to 200; 50 unless said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct EndingList {
    /// Newest first.
    endings: Vec<EndingView>,
    /// There are more: ask again with this cursor.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// List an organization's endings. Staff with the role `registrar`, `reviewer` or `admin`.
#[utoipa::path(get, path = "/v1/endings", tag = "endings", security(("staff" = [])),
    params(ListEndingsParameters),
    responses(
        (status = 200, description = "Endings", body = EndingList),
        Refusals,
    ))]
pub(crate) async fn list(
    state: Data<State>,
    staff: StaffCaller,
    parameters: Parameters<ListEndingsParameters>,
) -> Result<HttpResponse, Problem> {
    let mut unit = state.store.begin().await?;
    let (_, listed) = search(&state, &mut *unit, &staff, parameters.0).await?;
    unit.save().await?;
    let endings = listed.items.iter().map(Into::into).collect();
    Ok(HttpResponse::Ok().json(EndingList { endings, next_cursor: listed.next.map(Cursor::write) }))
}

/// The endings that the parameters ask for, for JSON and pages; that they were listed is put on record.
pub(crate) async fn search(
    state: &State,
    unit: &mut dyn UnitOfWork,
    staff: &StaffCaller,
    parameters: ListEndingsParameters,
) -> Result<(Organization, Listed<Ending>), Problem> {
    let page = extract::limit(parameters.cursor.as_deref(), parameters.limit)?;
    let named = NamedOrganization::in_query(parameters.organization.as_deref())?;
    let (organization, by) = named.find_for(unit, staff, StaffAct::EndLinks).await?;
    let listed = unit.endings(organization.id, page).await?;
    let detail = serde_json::json!({"count": listed.items.len()});
    let (action, subject) = (Action::EndingList, Subject::default());
    unit.record(state.ports.audit(organization.id, by.actor(), action, subject, detail));
    Ok((organization, listed))
}

use actix_web::{HttpResponse, web::Data};
use kinlink_domain::{
    actor::StaffAct,
    audit::{Action, Subject},
    dispute::{Dispute, DisputeStatus},
    organization::Organization,
    page::Listed,
    store::UnitOfWork,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::DisputeView;
use crate::{
    extract::{self, Cursor, NamedOrganization, Parameters, StaffCaller},
    problem::{Problem, Refusals},
    state::State,
};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListDisputesParameters {
    /// The organization, by id or short name; needed only by staff of several.
    organization: Option<String>,
    /// Only those that are `open`, `upheld` or `dismissed`.
    #[param(value_type = Option<String>)]
    pub(crate) status: Option<DisputeStatus>,
    /// `next_cursor` of the last answer.
    cursor: Option<String>,
    /// At most so many, 1 to 200; 50 unless said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct DisputeList {
    /// Newest first.
    disputes: Vec<DisputeView>,
    /// There are more: ask again with this cursor.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// List an organization's disputes. Staff with the role `reviewer` or `admin`.
#[utoipa::path(get, path = "/v1/disputes", tag = "disputes", security(("staff" = [])),
    params(ListDisputesParameters),
    responses(
        (status = 200, description = "Disputes", body = DisputeList),
        Refusals,
    ))]
pub(crate) async fn list(
    state: Data<State>,
    staff: StaffCaller,
    parameters: Parameters<ListDisputesParameters>,
) -> Result<HttpResponse, Problem> {
    let mut unit = state.store.begin().await?;
    let (_, listed) = search(&state, &mut *unit, &staff, parameters.0).await?;
    let mut disputes = Vec::with_capacity(listed.items.len());
    for dispute in &listed.items {
        disputes.push(DisputeView::load(&mut *unit, dispute).await?);
    }
    unit.save().await?;
    Ok(HttpResponse::Ok().json(DisputeList { disputes, next_cursor: listed.next.map(Cursor::write) }))
}

/// The disputes that the parameters ask for, for JSON and pages; that they were listed is put on record.
pub(crate) async fn search(
    state: &State,
    unit: &mut dyn UnitOfWork,
    staff: &StaffCaller,
    parameters: ListDisputesParameters,
) -> Result<(Organization, Listed<Dispute>), Problem> {
    let page = extract::limit(parameters.cursor.as_deref(), parameters.limit)?;
    let named = NamedOrganization::in_query(parameters.organization.as_deref())?;
    let (organization, by) = named.find_for(unit, staff, StaffAct::ReviewLinks).await?;
    let listed = unit.disputes(organization.id, parameters.status, page).await?;
    let detail = serde_json::json!({"count": listed.items.len()});
    let (action, subject) = (Action::DisputeList, Subject::default());
    unit.record(state.ports.audit(organization.id, by.actor(), action, subject, detail));
    Ok((organization, listed))
}

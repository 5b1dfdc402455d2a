use actix_web::{HttpResponse, web::Data};
use kinlink_domain::actor::StaffAct;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{seen, view::TargetView};
use crate::{
    extract::{NamedOrganization, Parameters, StaffCaller},
    problem::Problem,
    state::State,
};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListTargetsParameters {
    /// The organization, by id or short name; needed only by staff of several.
    organization: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct TargetList {
    /// Oldest first.
    targets: Vec<TargetView>,
}

/// The servers whose users carry attributes for an organization, and how far they are. Staff with the role
/// `admin`.
#[utoipa::path(get, path = "/v1/provisioning", tag = "provisioning", security(("staff" = [])),
    params(ListTargetsParameters),
    responses(
        (status = 200, description = "The servers; counts and ids only", body = TargetList),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not decided", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn list(
    state: Data<State>,
    staff: StaffCaller,
    parameters: Parameters<ListTargetsParameters>,
) -> Result<HttpResponse, Problem> {
    let named = NamedOrganization::in_query(parameters.0.organization.as_deref())?;
    let mut unit = state.store.begin_read().await?;
    let (organization, _) = named.find_for(&mut *unit, &staff, StaffAct::ManageProvisioning).await?;
    let mut targets = Vec::new();
    for target in unit.provisioning_targets(organization.id).await? {
        targets.push(seen(&mut *unit, &target).await?);
    }
    Ok(HttpResponse::Ok().json(TargetList { targets }))
}

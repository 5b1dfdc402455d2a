use actix_web::{HttpResponse, web::Data};
use kinlink_domain::service::end_access::preview as look;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::{TouchedView, Whose};
use crate::{
    extract::{JsonBody, StaffCaller},
    problem::{Problem, Refusals},
    state::State,
};

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PreviewEndingBody {
    /// The organization, by id or short name; needed only by staff of several.
    organization: Option<String>,
    /// End everybody's access to the record with this FHIR id.
    #[schema(example = "n-002")]
    patient: Option<String>,
    /// Or end this account's access to every record of the organization.
    account: Option<String>,
    /// Leave patients' own links alone.
    #[serde(default)]
    keep_self: bool,
}

/// See what would be ended: nothing changes. Staff with the role `registrar`, `reviewer` or `admin`.
#[utoipa::path(post, path = "/v1/endings/preview", tag = "endings", security(("staff" = [])),
    request_body = PreviewEndingBody,
    responses(
        (status = 200, description = "What would be ended", body = TouchedView),
        Refusals,
    ))]
pub(crate) async fn preview(
    state: Data<State>,
    staff: StaffCaller,
    body: JsonBody<PreviewEndingBody>,
) -> Result<HttpResponse, Problem> {
    let body = body.value;
    let whose = Whose {
        organization: body.organization.as_deref(),
        patient: body.patient.as_deref(),
        account: body.account.as_deref(),
        keep_self: body.keep_self,
    };
    let mut unit = state.store.begin().await?;
    let (by, organization, wanted) = whose.find(&mut *unit, &staff).await?;
    let touched = look(&mut *unit, &state.ports, by, wanted).await?;
    unit.save().await?;
    let view = TouchedView::new(&touched, wanted, &organization, state.ports.clock.now());
    Ok(HttpResponse::Ok().json(view))
}

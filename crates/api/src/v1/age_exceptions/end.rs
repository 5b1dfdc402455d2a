use actix_web::{HttpResponse, web::Data};
use kinlink_domain::{actor::StaffAct, service::age_exception::end as end_exception, step_up::SteppedAct};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::{
    super::invitations::issue::{PatientBody, patient},
    AgeExceptionView,
};
use crate::{
    extract::{JsonBody, NamedOrganization, StaffCaller},
    problem::{Problem, Refusals},
    state::State,
};

#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"patient": {"id": "n-002"}}))]
pub(crate) struct EndExceptionBody {
    /// The organization, by id or short name; needed only by staff of several.
    organization: Option<String>,
    #[validate(nested)]
    patient: PatientBody,
}

/// The age rules fit this patient again. Staff with the role `registrar`, `reviewer` or `admin`.
#[utoipa::path(post, path = "/v1/age-exceptions/end", tag = "age exceptions", security(("staff" = [])),
    request_body = EndExceptionBody,
    responses(
        (status = 200, description = "Ended, or there was none", body = AgeExceptionView),
        Refusals,
    ))]
pub(crate) async fn end(
    state: Data<State>,
    staff: StaffCaller,
    body: JsonBody<EndExceptionBody>,
) -> Result<HttpResponse, Problem> {
    let named = NamedOrganization::in_body(body.value.organization.as_deref())?;
    let patient = patient(body.value.patient)?;
    let mut unit = state.store.begin().await?;
    let (organization, by) = named.find_for(&mut *unit, &staff, StaffAct::ManageProxies).await?;
    staff.login.stepped_up(&mut *unit, &state, &organization.policy.step_up, SteppedAct::Grant).await?;
    let record = end_exception(&mut *unit, &state.ports, &organization, by, patient).await?;
    unit.save().await?;
    Ok(HttpResponse::Ok().json(AgeExceptionView::new(&record)))
}

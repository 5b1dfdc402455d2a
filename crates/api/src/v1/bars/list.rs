use actix_web::{HttpResponse, web::Data};
use kinlink_domain::{
    actor::StaffAct,
    audit::{Action, Subject},
    patient::FhirId,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::BarView;
use crate::{
    extract::{self, NamedOrganization, Parameters, StaffCaller},
    problem::{Problem, ProblemType, Refusals},
    state::State,
};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListBarsParameters {
    /// The organization, by id or short name; needed only by staff of several.
    organization: Option<String>,
    /// The FHIR id of the record.
    patient: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct BarList {
    /// Newest first, lifted ones included.
    bars: Vec<BarView>,
}

/// Whom is this record kept from? Staff with the role `registrar`, `reviewer` or `admin`.
#[utoipa::path(get, path = "/v1/bars", tag = "bars", security(("staff" = [])), params(ListBarsParameters),
    responses(
        (status = 200, description = "The record's bars", body = BarList),
        Refusals,
    ))]
pub(crate) async fn list(
    state: Data<State>,
    staff: StaffCaller,
    parameters: Parameters<ListBarsParameters>,
) -> Result<HttpResponse, Problem> {
    const KIND: ProblemType = ProblemType::MalformedParameter;
    let parameters = parameters.0;
    let named = NamedOrganization::in_query(parameters.organization.as_deref())?;
    let fhir_id: FhirId = extract::parse(KIND, "patient", &parameters.patient)?;
    let mut unit = state.store.begin().await?;
    let (organization, by) = named.find_for(&mut *unit, &staff, StaffAct::ManageProxies).await?;
    let patient = unit.patient(organization.id, &fhir_id).await?;
    let patient = patient.ok_or_else(|| Problem::new(ProblemType::PatientNotFound))?;
    let bars = unit.bars(organization.id, patient.id).await?;
    let subject = Subject { patient: Some(patient.id), ..Subject::default() };
    let detail = serde_json::json!({"count": bars.len()});
    unit.record(state.ports.audit(organization.id, by.actor(), Action::BarRead, subject, detail));
    unit.save().await?;
    let now = state.ports.clock.now();
    let bars = bars.iter().map(|bar| BarView::new(bar, &fhir_id, now)).collect();
    Ok(HttpResponse::Ok().json(BarList { bars }))
}

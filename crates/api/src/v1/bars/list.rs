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
    extract::{self, Parameters, StaffCaller},
    problem::{Problem, ProblemType, Refusals},
    state::State,
};

#[derive(Debug, Deserialize, IntoParams)]
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
    let named = parameters.organization.as_deref();
    let named = named.map(|text| extract::organization_reference(KIND, "organization", text)).transpose()?;
    let fhir_id = FhirId::parse(parameters.patient);
    let fhir_id = fhir_id.map_err(|error| Problem::new(KIND).at("patient", error.to_string()))?;
    let mut unit = state.store.begin().await?;
    let organization = extract::organization(&mut *unit, &staff, named.as_ref(), KIND).await?;
    let by = staff.at(organization.id, StaffAct::ManageProxies)?;
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

use actix_web::{HttpResponse, web::Data};
use kinlink_domain::{
    actor::StaffAct,
    audit::{Action, Subject},
    patient::FhirId,
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::AgeExceptionView;
use crate::{
    extract::{self, NamedOrganization, Parameters, StaffCaller},
    problem::{Problem, ProblemType, Refusals},
    state::State,
};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReadExceptionParameters {
    /// The organization, by id or short name; needed only by staff of several.
    organization: Option<String>,
    /// The FHIR id of the record.
    patient: String,
}

/// What is recorded against the age rules of a patient. Staff with the role `registrar`, `reviewer` or `admin`.
#[utoipa::path(get, path = "/v1/age-exceptions", tag = "age exceptions", security(("staff" = [])),
    params(ReadExceptionParameters),
    responses(
        (status = 200, description = "What is recorded, if anything is", body = AgeExceptionView),
        Refusals,
    ))]
pub(crate) async fn read(
    state: Data<State>,
    staff: StaffCaller,
    parameters: Parameters<ReadExceptionParameters>,
) -> Result<HttpResponse, Problem> {
    const KIND: ProblemType = ProblemType::MalformedParameter;
    let parameters = parameters.0;
    let named = NamedOrganization::in_query(parameters.organization.as_deref())?;
    let fhir_id: FhirId = extract::parse(KIND, "patient", &parameters.patient)?;
    let mut unit = state.store.begin().await?;
    let (organization, by) = named.find_for(&mut *unit, &staff, StaffAct::ManageProxies).await?;
    let patient = unit.patient(organization.id, &fhir_id).await?;
    let patient = patient.ok_or_else(|| Problem::new(ProblemType::PatientNotFound))?;
    let subject = Subject { patient: Some(patient.id), ..Subject::default() };
    let detail = serde_json::json!({});
    unit.record(state.ports.audit(organization.id, by.actor(), Action::AgeExceptionRead, subject, detail));
    unit.save().await?;
    Ok(HttpResponse::Ok().json(AgeExceptionView::new(&patient)))
}

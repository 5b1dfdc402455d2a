//! What the organization's FHIR server tells of its Patients (FHIR R4, "Subscription", channel `rest-hook`).

use actix_web::{
    FromRequest, HttpRequest, HttpResponse,
    dev::Payload,
    http::{StatusCode, header},
    web,
};
use kinlink_auth::{accepts_source_token, source_of_token};
use kinlink_domain::{
    actor::Actor,
    id::SourceId,
    organization::Organization,
    patient::{Deletion, FhirId, ImportedPatient, RecordVersion},
    service::lookup::OrganizationReference,
    source::Source,
    store::UnitOfWork,
};
use kinlink_fhir::{MAX_RESOURCE_BYTES, parse_patient};
use kinlink_import::Taking;

use super::{FhirRefusal, asked::organization_named, is_fhir_json};
use crate::{
    extract::{AnyCaller, path_part, read_body, state},
    problem::{Problem, ProblemType},
    state::State,
};

/// A FHIR server that showed its token. No transaction is open while its body is on its way.
struct Told<'a> {
    state: &'a State,
    token: &'a str,
    organization: OrganizationReference,
    source: SourceId,
}

/// What it says is taken: in a transaction, with the source locked.
struct Hearing<'a> {
    state: &'a State,
    unit: Box<dyn UnitOfWork>,
    organization: Organization,
    source: Source,
}

fn unknown() -> Problem {
    Problem::new(ProblemType::Unauthenticated).detail("send Authorization: Bearer kls_…")
}

impl<'a> Told<'a> {
    async fn by(request: &'a HttpRequest) -> Result<Self, Problem> {
        let value = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let (scheme, token) = value.and_then(|value| value.split_once(' ')).unwrap_or_default();
        let token = token.trim();
        let named = source_of_token(token).filter(|_| scheme.eq_ignore_ascii_case("bearer"));
        let Some(source) = named else {
            // Somebody else's valid credential belongs to somebody who may not; any other belongs to nobody.
            AnyCaller::from_request(request, &mut Payload::None).await?;
            return Err(
                Problem::new(ProblemType::Forbidden).detail("only for the organization's FHIR server")
            );
        };
        let told = Self { state: state(request)?, token, organization: organization_named(request)?, source };
        let mut unit = told.state.store.begin_read().await?;
        let organization = told.organization(&mut *unit).await?;
        told.accepted(unit.source(organization.id, source).await?)?;
        Ok(told)
    }

    /// Begins to take what is said. The token is looked at once more: it may have been replaced meanwhile.
    async fn hear(&self) -> Result<Hearing<'a>, Problem> {
        let mut unit = self.state.store.begin().await?;
        let organization = self.organization(&mut *unit).await?;
        let source = self.accepted(unit.source_for_update(organization.id, self.source).await?)?;
        Ok(Hearing { state: self.state, unit, organization, source })
    }

    async fn organization(&self, unit: &mut dyn UnitOfWork) -> Result<Organization, Problem> {
        self.organization.find(unit).await?.ok_or_else(unknown)
    }

    fn accepted(&self, source: Option<Source>) -> Result<Source, Problem> {
        let accepts = |source: &Source| accepts_source_token(source, self.token, &self.state.ports);
        source.filter(accepts).ok_or_else(unknown)
    }
}

impl Hearing<'_> {
    fn taking(&self) -> Taking {
        Taking { organization: self.organization.id, by: Actor::System, from: Some(self.source.id) }
    }

    /// Takes a record as an import does.
    async fn take(mut self, patient: ImportedPatient) -> Result<HttpResponse, Problem> {
        let location = self.organization.fhir_base.patient(&patient.fhir_id);
        let taking = self.taking();
        let report = taking.take(&mut *self.unit, &self.state.ports, vec![patient], 0).await?;
        self.unit.save().await?;
        let status = if report.created > 0 { StatusCode::CREATED } else { StatusCode::OK };
        Ok(HttpResponse::build(status).insert_header((header::LOCATION, location)).finish())
    }
}

async fn patient(request: &HttpRequest, payload: web::Payload) -> Result<ImportedPatient, Problem> {
    if !is_fhir_json(request) {
        return Err(Problem::new(ProblemType::UnsupportedMediaType).detail("application/fhir+json"));
    }
    let body = read_body(&mut payload.into_inner(), MAX_RESOURCE_BYTES).await?;
    parse_patient(&body).map_err(|error| Problem::new(ProblemType::MalformedBody).detail(error.to_string()))
}

/// Take a Patient that was made. The organization's FHIR server, with the token of its Subscription.
#[utoipa::path(post, path = "/fhir/{organization}/Patient", tag = "fhir", security(("source" = [])),
    params(("organization" = String, Path, description = "The organization, by id or short name")),
    request_body(content = Object, content_type = "application/fhir+json"),
    responses(
        (status = 200, description = "It was known"),
        (status = 201, description = "It is new"),
        (status = "4XX", description = "Refused", body = Object, content_type = "application/fhir+json"),
        (status = "5XX", description = "Not done", body = Object, content_type = "application/fhir+json"),
    ))]
pub(crate) async fn create(request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, FhirRefusal> {
    let told = Told::by(&request).await?;
    let patient = patient(&request, payload).await?;
    Ok(told.hear().await?.take(patient).await?)
}

/// Take a Patient as it is now: what a `rest-hook` with a payload sends. The organization's FHIR server, with the token
/// of its Subscription. An older version than the one that is known changes nothing, and neither does one from before its
/// deletion.
#[utoipa::path(put, path = "/fhir/{organization}/Patient/{id}", tag = "fhir", security(("source" = [])),
    params(("organization" = String, Path, description = "The organization, by id or short name"),
        ("id" = String, Path, description = "The Patient's id")),
    request_body(content = Object, content_type = "application/fhir+json"),
    responses(
        (status = 200, description = "It was known"),
        (status = 201, description = "It is new"),
        (status = "4XX", description = "Refused", body = Object, content_type = "application/fhir+json"),
        (status = "5XX", description = "Not done", body = Object, content_type = "application/fhir+json"),
    ))]
pub(crate) async fn update(request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, FhirRefusal> {
    let told = Told::by(&request).await?;
    let id: String = path_part(&request, "id")?;
    let patient = patient(&request, payload).await?;
    if patient.fhir_id.as_str() != id {
        let problem = Problem::new(ProblemType::MalformedBody);
        return Err(problem.at("Patient.id", "not the one in the address").into());
    }
    Ok(told.hear().await?.take(patient).await?)
}

/// Close a record that was deleted. The organization's FHIR server, with the token of its Subscription.
#[utoipa::path(delete, path = "/fhir/{organization}/Patient/{id}", tag = "fhir", security(("source" = [])),
    params(("organization" = String, Path, description = "The organization, by id or short name"),
        ("id" = String, Path, description = "The Patient's id")),
    responses(
        (status = 204, description = "No link opens it any more"),
        (status = "4XX", description = "Refused", body = Object, content_type = "application/fhir+json"),
        (status = "5XX", description = "Not done", body = Object, content_type = "application/fhir+json"),
    ))]
pub(crate) async fn delete(request: HttpRequest) -> Result<HttpResponse, FhirRefusal> {
    let told = Told::by(&request).await?;
    let id: String = path_part(&request, "id")?;
    // A deletion of what is not there succeeds (FHIR R4, "delete").
    if let Ok(id) = FhirId::parse(id) {
        let mut hearing = told.hear().await?;
        let ports = &hearing.state.ports;
        let deletion = Deletion { version: RecordVersion::default(), heard_at: ports.clock.now() };
        hearing.taking().close(&mut *hearing.unit, ports, &id, &deletion).await?;
        hearing.unit.save().await?;
    }
    Ok(HttpResponse::NoContent().finish())
}

/// Hear that something changed, and pull it soon: what a `rest-hook` without a payload sends, with an empty body. A body
/// is passed over unread. The organization's FHIR server, with the token of its Subscription.
#[utoipa::path(post, path = "/fhir/{organization}/notify/{source}", tag = "fhir", security(("source" = [])),
    params(("organization" = String, Path, description = "The organization, by id or short name"),
        ("source" = String, Path, description = "The source, as `kinlink pull add` names it")),
    responses(
        (status = 202, description = "It will be pulled"),
        (status = "4XX", description = "Refused", body = Object, content_type = "application/fhir+json"),
        (status = "5XX", description = "Not done", body = Object, content_type = "application/fhir+json"),
    ))]
pub(crate) async fn notify(request: HttpRequest) -> Result<HttpResponse, FhirRefusal> {
    let mut hearing = Told::by(&request).await?.hear().await?;
    let named: SourceId = path_part(&request, "source")?;
    if named != hearing.source.id {
        return Err(Problem::new(ProblemType::NotFound).into());
    }
    let source = hearing.source.notify(hearing.state.ports.clock.now());
    hearing.unit.update_source(&source).await?;
    hearing.unit.save().await?;
    Ok(HttpResponse::Accepted().finish())
}

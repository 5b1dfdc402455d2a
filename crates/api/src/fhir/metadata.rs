use actix_web::{HttpRequest, HttpResponse};
use kinlink_fhir::capability_statement;

use super::{
    FHIR_JSON, FhirRefusal, FhirRefusals,
    asked::{Asked, organization_named},
    reader::{base, place},
};
use crate::{
    extract::state,
    problem::{Problem, ProblemType},
};

/// What is offered here (FHIR R4 `CapabilityStatement`). For everybody.
#[utoipa::path(get, path = "/fhir/{organization}/metadata", tag = "fhir",
    params(("organization" = String, Path, description = "The organization, by id or short name")),
    responses(
        (status = 200, description = "The statement", body = Object, content_type = "application/fhir+json"),
        FhirRefusals,
    ))]
pub(crate) async fn read(request: HttpRequest) -> Result<HttpResponse, FhirRefusal> {
    Asked::of(&request, &[])?;
    let state = state(&request)?;
    let named = organization_named(&request)?;
    let mut unit = state.store.begin_read().await?;
    let organization = named.find(&mut *unit).await?;
    let organization = organization.ok_or_else(|| Problem::new(ProblemType::NotFound))?;
    let base = base(state, &organization);
    let token_url = format!("{}/oauth2/token", state.settings.public_url);
    let (place, now) = (place(&base, &organization), state.ports.clock.now());
    let statement = capability_statement(&place, &token_url, env!("CARGO_PKG_VERSION"), now);
    Ok(HttpResponse::Ok().content_type(FHIR_JSON).body(statement.to_string()))
}

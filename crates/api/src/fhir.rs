//! The FHIR R4 face: what Kinlink knows, in FHIR's own resources and operations. Refusals are `OperationOutcome`s.

mod answer;
mod asked;
pub(crate) mod audit_event;
pub(crate) mod consent;
pub(crate) mod inbound;
pub(crate) mod metadata;
pub(crate) mod patient_match;
pub(crate) mod person;
mod reader;
pub(crate) mod related_person;
mod routes;

pub(crate) use routes::routes;

use std::collections::BTreeMap;

use actix_web::{
    HttpRequest, HttpResponse, ResponseError,
    body::BoxBody,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
};
use kinlink_fhir::operation_outcome;
use utoipa::{
    IntoResponses,
    openapi::{ObjectBuilder, RefOr, Response},
};

use crate::problem::{Problem, documented, refusals};

/// The media type of FHIR's JSON.
pub(crate) const FHIR_JSON: &str = "application/fhir+json";

/// A problem, told to a FHIR client.
#[derive(Debug)]
pub(crate) struct FhirRefusal(Problem);

impl<E: Into<Problem>> From<E> for FhirRefusal {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl std::fmt::Display for FhirRefusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What every operation here may answer instead, as the API's document tells it.
enum FhirRefusals {}

impl IntoResponses for FhirRefusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        refusals(FHIR_JSON, &ObjectBuilder::new().into())
    }
}

/// What every search may answer.
enum Searchset {}

impl IntoResponses for Searchset {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let found = documented("A searchset Bundle", FHIR_JSON, &ObjectBuilder::new().into());
        let mut responses = FhirRefusals::responses();
        responses.insert("200".to_owned(), found);
        responses
    }
}

impl ResponseError for FhirRefusal {
    fn status_code(&self) -> StatusCode {
        self.0.status_code()
    }

    fn error_response(&self) -> HttpResponse {
        let text = self.0.detail.as_deref().unwrap_or(self.0.title);
        let places: Vec<_> =
            self.0.errors.iter().map(|error| (error.at.clone(), error.message.clone())).collect();
        let outcome = operation_outcome(issue_type(self.status_code()), text, &places);
        let response = self.0.error_response();
        let mut response = response.set_body(BoxBody::new(outcome.to_string()));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(FHIR_JSON));
        response
    }
}

/// Whether a body is declared as FHIR's JSON.
fn is_fhir_json(request: &HttpRequest) -> bool {
    let declared = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let declared = declared.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    declared.eq_ignore_ascii_case(FHIR_JSON) || declared.eq_ignore_ascii_case("application/json")
}

/// FHIR R4 value set `issue-type`.
fn issue_type(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "login",
        403 => "forbidden",
        404 => "not-found",
        405 | 406 => "not-supported",
        409 => "conflict",
        400 | 415 => "structure",
        413 => "too-long",
        429 => "throttled",
        503 => "transient",
        500.. => "exception",
        _ => "invalid",
    }
}

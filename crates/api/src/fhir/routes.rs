use actix_web::{
    HttpRequest, HttpResponse, Resource,
    web::{self, ServiceConfig, delete, get, post, put},
};

use super::{FhirRefusal, audit_event, consent, inbound, metadata, patient_match, person, related_person};
use crate::problem::{Problem, ProblemType};

/// A resource that refuses other methods in FHIR's words.
fn resource(path: &str, methods: &'static str) -> Resource {
    let refuse = move || async move {
        let problem = Problem::new(ProblemType::MethodNotAllowed).allow(methods);
        Err::<HttpResponse, FhirRefusal>(problem.into())
    };
    web::resource(path).default_service(web::to(refuse))
}

async fn not_found(_: HttpRequest) -> Result<HttpResponse, FhirRefusal> {
    Err(Problem::new(ProblemType::NotFound).into())
}

/// Everything below an organization's FHIR base.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(
        web::scope("/fhir/{organization}")
            .service(resource("/metadata", "GET").route(get().to(metadata::read)))
            .service(resource("/Person", "GET").route(get().to(person::search)))
            .service(resource("/Person/_search", "POST").route(post().to(person::post_search)))
            .service(resource("/Person/{id}", "GET").route(get().to(person::read)))
            .service(resource("/RelatedPerson", "GET").route(get().to(related_person::search)))
            .service(resource("/RelatedPerson/_search", "POST").route(post().to(related_person::post_search)))
            .service(resource("/RelatedPerson/{id}", "GET").route(get().to(related_person::read)))
            .service(resource("/Consent", "GET").route(get().to(consent::search)))
            .service(resource("/Consent/_search", "POST").route(post().to(consent::post_search)))
            .service(resource("/Consent/{id}", "GET").route(get().to(consent::read)))
            .service(resource("/AuditEvent", "GET").route(get().to(audit_event::search)))
            .service(resource("/AuditEvent/_search", "POST").route(post().to(audit_event::post_search)))
            .service(resource("/Patient/$match", "POST").route(post().to(patient_match::patient_match)))
            .service(resource("/Patient", "POST").route(post().to(inbound::create)))
            .service(
                resource("/Patient/{id}", "PUT, DELETE")
                    .route(put().to(inbound::update))
                    .route(delete().to(inbound::delete)),
            )
            .service(resource("/notify/{source}", "POST").route(post().to(inbound::notify)))
            .default_service(web::to(not_found)),
    );
}

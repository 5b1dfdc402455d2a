use actix_web::{HttpRequest, HttpResponse, web};
use kinlink_domain::{audit::Subject, link::Link, relationship::ProxyBasis};
use kinlink_fhir::consent;
use serde_json::Value;

use super::{
    FhirRefusal, FhirRefusals, Searchset, answer,
    asked::{Asked, malformed, reference},
    reader::Reading,
};
use crate::{
    extract::path_part,
    problem::{Problem, ProblemType},
};

const KNOWN: [&str; 5] = ["_id", "patient", "actor", "consentor", "performer"];

/// Read the consent behind a proxy's link: its status, on what ground, from when to when, and the SMART scopes that it
/// gives now. A client of the organization, or staff (`registrar`, `reviewer`, `admin`).
#[utoipa::path(get, path = "/fhir/{organization}/Consent/{id}", tag = "fhir",
    security(("staff" = []), ("client" = [])),
    params(("organization" = String, Path, description = "The organization, by id or short name"),
        ("id" = String, Path, description = "The UUID of the link")),
    responses(
        (status = 200, description = "The Consent", body = Object, content_type = "application/fhir+json"),
        (status = 304, description = "It is the version that `If-None-Match` names"),
        FhirRefusals,
    ))]
pub(crate) async fn read(request: HttpRequest) -> Result<HttpResponse, FhirRefusal> {
    Asked::of(&request, &[])?;
    let mut reading = Reading::begin_of_others(&request).await?;
    let id: String = path_part(&request, "id")?;
    let not_found = || Problem::new(ProblemType::NotFound);
    let link = reading.link(&id).await?.ok_or_else(not_found)?;
    let resource = written(&reading, &link).ok_or_else(not_found)?;
    reading.end("Consent", Subject::from(&link), 1).await?;
    Ok(answer::resource(&request, &resource))
}

fn written(reading: &Reading<'_>, link: &Link) -> Option<Value> {
    consent(&reading.place(), link, reading.gives(link).as_ref())
}

/// Search consents by `patient`, `actor` (who may act), `consentor` (who decided; also as `performer`) and `_id`, of which
/// all must fit.
#[utoipa::path(get, path = "/fhir/{organization}/Consent", tag = "fhir",
    security(("staff" = []), ("client" = [])),
    params(("organization" = String, Path, description = "The organization, by id or short name"),
        ("patient" = Option<String>, Query, description = "The record: its id, `Patient/<id>`, or its address"),
        ("actor" = Option<String>, Query, description = "`RelatedPerson/<id>`"),
        ("consentor" = Option<String>, Query, description = "`Patient/<id>` or `RelatedPerson/<id>`"),
        ("_id" = Option<String>, Query, description = "The UUID of the link"),
        ("_count" = Option<u32>, Query, description = "At most so many in a page")),
    responses(Searchset))]
pub(crate) async fn search(request: HttpRequest) -> Result<HttpResponse, FhirRefusal> {
    find(&request, Asked::of(&request, &KNOWN)).await
}

/// The same with the parameters in a form, which keeps them out of addresses and logs.
#[utoipa::path(post, path = "/fhir/{organization}/Consent/_search", tag = "fhir",
    security(("staff" = []), ("client" = [])),
    params(("organization" = String, Path, description = "The organization, by id or short name")),
    request_body(content = Object, content_type = "application/x-www-form-urlencoded"),
    responses(Searchset))]
pub(crate) async fn post_search(
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, FhirRefusal> {
    find(&request, Asked::of_form(&request, payload, &KNOWN).await).await
}

async fn find(request: &HttpRequest, asked: Result<Asked, Problem>) -> Result<HttpResponse, FhirRefusal> {
    let mut reading = Reading::begin_of_others(request).await?;
    let asked = asked?;
    let links = by(&mut reading, &asked).await?;
    let count = links.len();
    let subject = Subject { patient: links.first().map(|link| link.patient), ..Subject::default() };
    let id = |link: &Link| link.id.uuid();
    let response = answer::found(reading.state, &asked, &reading.base, "Consent", links, id, |link| {
        written(&reading, link)
    })?;
    reading.end("Consent", subject, count).await?;
    Ok(response)
}

async fn by(reading: &mut Reading<'_>, asked: &Asked) -> Result<Vec<Link>, Problem> {
    let (id, patient) = (asked.one("_id")?, asked.one("patient")?);
    let base = reading.base.clone();
    let actor = asked.one("actor")?.map(|text| reference(text, "RelatedPerson", &base).unwrap_or_default());
    let consentor = asked.one("consentor")?.or(asked.one("performer")?);
    let decided = consentor.filter(|text| !text.contains("RelatedPerson/"));
    let acting = consentor.filter(|text| text.contains("RelatedPerson/"));
    let acting = acting.map(|text| reference(text, "RelatedPerson", &base).unwrap_or_default());
    let mut found = match (id.or(actor).or(acting), patient.or(decided)) {
        (Some(id), _) => reading.link(id).await?.into_iter().collect(),
        (None, Some(patient)) => reading.links_to(patient).await?,
        (None, None) => return Err(malformed("patient", "search by patient, actor, consentor or _id")),
    };
    let records = [patient, decided].into_iter().flatten().map(|text| reading.patient(text));
    let records: Vec<_> = records.collect::<Result<_, _>>()?;
    let by_patient = |link: &Link| link.role.basis() == Some(ProxyBasis::PatientGrant);
    found.retain(|link| {
        link.role.basis().is_some()
            && [id, actor, acting].into_iter().flatten().all(|id| same(link, id))
            && records.iter().all(|record| record.as_ref() == Some(&link.fhir_id))
            && (decided.is_none() || by_patient(link))
            && (acting.is_none() || !by_patient(link))
    });
    Ok(found)
}

fn same(link: &Link, id: &str) -> bool {
    uuid::Uuid::try_parse(id).is_ok_and(|id| id == link.id.uuid())
}

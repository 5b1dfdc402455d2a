use std::collections::HashMap;

use actix_web::{HttpRequest, HttpResponse, web};
use kinlink_domain::{account::Account, audit::Subject, id::AccountId, link::Link};
use kinlink_fhir::related_person;
use serde_json::Value;

use super::{
    FhirRefusal, FhirRefusals, Searchset, answer,
    asked::{Asked, malformed},
    reader::{Reader, Reading},
};
use crate::{
    extract::path_part,
    problem::{Problem, ProblemType},
};

const KNOWN: [&str; 3] = ["_id", "patient", "identifier"];

/// Read what a proxy is to a patient; `active` says whether the record opens for them now. A client of the
/// organization, staff (`registrar`, `reviewer`, `admin`), or the proxy's own account.
#[utoipa::path(get, path = "/fhir/{organization}/RelatedPerson/{id}", tag = "fhir",
    security(("account" = []), ("staff" = []), ("client" = [])),
    params(("organization" = String, Path, description = "The organization, by id or short name"),
        ("id" = String, Path, description = "The UUID of the link")),
    responses(
        (status = 200, description = "The RelatedPerson", body = Object, content_type = "application/fhir+json"),
        (status = 304, description = "It is the version that `If-None-Match` names"),
        FhirRefusals,
    ))]
pub(crate) async fn read(request: HttpRequest) -> Result<HttpResponse, FhirRefusal> {
    Asked::of(&request, &[])?;
    let mut reading = Reading::begin(&request).await?;
    let id: String = path_part(&request, "id")?;
    let not_found = || Problem::new(ProblemType::NotFound);
    let link = reading.link(&id).await?.ok_or_else(not_found)?;
    let account = reading.unit.account(link.account).await?.ok_or_else(not_found)?;
    let resource = written(&reading, &account, &link).ok_or_else(not_found)?;
    reading.end("RelatedPerson", Subject::from(&link), 1).await?;
    Ok(answer::resource(&request, &resource))
}

fn written(reading: &Reading<'_>, account: &Account, link: &Link) -> Option<Value> {
    related_person(&reading.place(), account, link, reading.gives(link).is_some())
}

/// Search proxies by `patient`, `identifier` (`<iss>|<sub>`) and `_id`, of which all must fit. An account finds its own only, and says so by
/// its `identifier`.
#[utoipa::path(get, path = "/fhir/{organization}/RelatedPerson", tag = "fhir",
    security(("account" = []), ("staff" = []), ("client" = [])),
    params(("organization" = String, Path, description = "The organization, by id or short name"),
        ("patient" = Option<String>, Query, description = "The record: its id, `Patient/<id>`, or its address"),
        ("identifier" = Option<String>, Query, description = "The login: `<iss>|<sub>`"),
        ("_id" = Option<String>, Query, description = "The UUID of the link"),
        ("_count" = Option<u32>, Query, description = "At most so many in a page")),
    responses(Searchset))]
pub(crate) async fn search(request: HttpRequest) -> Result<HttpResponse, FhirRefusal> {
    find(&request, Asked::of(&request, &KNOWN)).await
}

/// The same with the parameters in a form, which keeps them out of addresses and logs.
#[utoipa::path(post, path = "/fhir/{organization}/RelatedPerson/_search", tag = "fhir",
    security(("account" = []), ("staff" = []), ("client" = [])),
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
    let mut reading = Reading::begin(request).await?;
    let asked = asked?;
    let links = by(&mut reading, &asked).await?;
    let mut accounts: HashMap<AccountId, Account> = HashMap::new();
    for link in &links {
        if !accounts.contains_key(&link.account) {
            accounts.extend(reading.unit.account(link.account).await?.map(|account| (account.id, account)));
        }
    }
    let count = links.len();
    let subject = links.first().map(Subject::from).filter(|_| count == 1).unwrap_or_default();
    let subject = Subject { patient: links.first().map(|link| link.patient), ..subject };
    let response = answer::found(
        reading.state,
        &asked,
        &reading.base,
        "RelatedPerson",
        links,
        |link| link.id.uuid(),
        |link| written(&reading, accounts.get(&link.account)?, link),
    )?;
    reading.end("RelatedPerson", subject, count).await?;
    Ok(response)
}

async fn by(reading: &mut Reading<'_>, asked: &Asked) -> Result<Vec<Link>, Problem> {
    let (id, patient) = (asked.one("_id")?, asked.one("patient")?);
    let account = asked.one("identifier")?.map(|text| reading.account(text)).transpose()?;
    if matches!(reading.reader, Reader::Own(_)) && account.is_none() && id.is_none() {
        return Err(Problem::new(ProblemType::Forbidden).detail("search by your own identifier"));
    }
    let mut found = match (id, account, patient) {
        (Some(id), _, _) => reading.link(id).await?.into_iter().collect(),
        (None, Some(account), _) => reading.links_of(account).await?,
        (None, None, Some(patient)) => reading.links_to(patient).await?,
        (None, None, None) => return Err(malformed("patient", "search by patient, identifier or _id")),
    };
    let record = patient.map(|patient| reading.patient(patient)).transpose()?;
    found.retain(|link| {
        link.role.relationship().is_some()
            && account.is_none_or(|account| link.account == account)
            && record.as_ref().is_none_or(|record| record.as_ref() == Some(&link.fhir_id))
    });
    Ok(found)
}

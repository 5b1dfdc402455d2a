use actix_web::{HttpRequest, HttpResponse, web};
use kinlink_domain::{
    account::Account,
    audit::Subject,
    id::{AccountId, Id},
    link::Link,
};
use kinlink_fhir::person;

use super::{
    FhirRefusal, FhirRefusals, Searchset, answer,
    asked::{Asked, malformed},
    reader::{Reader, Reading},
};
use crate::{
    extract::path_part,
    problem::{Problem, ProblemType},
};

const KNOWN: [&str; 2] = ["_id", "identifier"];

/// Read an account as a Person: `link.target` is the Patient that it is, or the `RelatedPerson` that it is to others;
/// only live links. A client of the organization, staff (`registrar`, `reviewer`, `admin`), or the account itself.
#[utoipa::path(get, path = "/fhir/{organization}/Person/{id}", tag = "fhir",
    security(("account" = []), ("staff" = []), ("client" = [])),
    params(("organization" = String, Path, description = "The organization, by id or short name"),
        ("id" = String, Path, description = "The Person, as a search gives it")),
    responses(
        (status = 200, description = "The Person", body = Object, content_type = "application/fhir+json"),
        (status = 304, description = "It is the version that `If-None-Match` names"),
        FhirRefusals,
    ))]
pub(crate) async fn read(request: HttpRequest) -> Result<HttpResponse, FhirRefusal> {
    Asked::of(&request, &[])?;
    let mut reading = Reading::begin(&request).await?;
    let id: uuid::Uuid = path_part(&request, "id")?;
    let found = one(&mut reading, Id::from_uuid(id)).await?;
    let (account, live) = found.ok_or_else(|| Problem::new(ProblemType::NotFound))?;
    let resource = person(&reading.place(), &account, &live, reading.now);
    reading.end("Person", Subject { account: Some(account.id), ..Subject::default() }, 1).await?;
    Ok(answer::resource(&request, &resource))
}

/// Search Persons by `identifier` (`<iss>|<sub>`) or `_id`. An account finds itself only.
#[utoipa::path(get, path = "/fhir/{organization}/Person", tag = "fhir",
    security(("account" = []), ("staff" = []), ("client" = [])),
    params(("organization" = String, Path, description = "The organization, by id or short name"),
        ("identifier" = Option<String>, Query, description = "The login: `<iss>|<sub>`"),
        ("_id" = Option<String>, Query, description = "The Person")),
    responses(Searchset))]
pub(crate) async fn search(request: HttpRequest) -> Result<HttpResponse, FhirRefusal> {
    find(&request, Asked::of(&request, &KNOWN)).await
}

/// The same with the parameters in a form, which keeps the login out of addresses and logs.
#[utoipa::path(post, path = "/fhir/{organization}/Person/_search", tag = "fhir",
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
    let found = by(&mut reading, &asked).await?;
    let (place, now) = (reading.place(), reading.now);
    let id = |(account, _): &(Account, Vec<Link>)| account.id.uuid();
    let found: Vec<_> = found.into_iter().collect();
    let (count, account) = (found.len(), found.first().map(|(account, _)| account.id));
    let response =
        answer::found(reading.state, &asked, &reading.base, "Person", found, id, |(account, live)| {
            Some(person(&place, account, live, now))
        })?;
    reading.end("Person", Subject { account, ..Subject::default() }, count).await?;
    Ok(response)
}

async fn by(reading: &mut Reading<'_>, asked: &Asked) -> Result<Option<(Account, Vec<Link>)>, Problem> {
    let named = asked.one("identifier")?.map(|text| reading.account(text)).transpose()?;
    let id = asked.one("_id")?.map(|text| uuid::Uuid::try_parse(text).unwrap_or_default());
    let id = id.map(Id::from_uuid);
    match (named, id) {
        (None, None) => Err(malformed("identifier", "search by identifier or _id")),
        (Some(named), Some(id)) if named != id => Ok(None),
        (Some(account), _) | (None, Some(account)) => one(reading, account).await,
    }
}

/// An account with its live links here; none without any.
async fn one(reading: &mut Reading<'_>, id: AccountId) -> Result<Option<(Account, Vec<Link>)>, Problem> {
    if matches!(reading.reader, Reader::Own(own) if own != id) {
        return Ok(None);
    }
    let mut live = reading.links_of(id).await?;
    live.retain(|link| reading.gives(link).is_some());
    if live.is_empty() {
        return Ok(None);
    }
    Ok(reading.unit.account(id).await?.map(|account| (account, live)))
}

use actix_web::{HttpResponse, web::Data};
use kinlink_auth::AuthenticatedClient;
use kinlink_domain::{
    access::Access,
    actor::Actor,
    audit::{Action, Subject},
    organization::Organization,
    patient::FhirId,
    permission::Permissions,
    service::lookup::{LookupFilter, OrganizationReference, live},
    store::UnitOfWork,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    decide::{ACCOUNT, PATIENT, gives},
    wire::{Body, Entity, Properties, Question, WORDS, permission, required},
};
use crate::{extract::ClientCaller, problem::Problem, state::State};

/// What was found: all of it, so `next_token` is empty.
#[derive(Serialize, ToSchema)]
pub(crate) struct Found<T> {
    page: Page,
    results: Vec<T>,
}

#[derive(Serialize, ToSchema)]
struct Page {
    next_token: &'static str,
    count: usize,
}

/// An action that is permitted.
#[derive(Serialize, ToSchema)]
pub(crate) struct NamedAction {
    #[schema(example = "Observation.rs")]
    name: String,
}

fn found<T: Serialize>(results: Vec<T>) -> HttpResponse {
    HttpResponse::Ok().json(Found { page: Page { next_token: "", count: results.len() }, results })
}

/// Which accounts may do this with this record? A registered client, about its organizations.
#[utoipa::path(post, path = "/access/v1/search/subject", tag = "authzen", security(("client" = [])),
    request_body = Question,
    responses(
        (status = 200, description = "The accounts", body = Found<Entity>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not decided", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn subjects(
    state: Data<State>,
    client: ClientCaller,
    Body(question): Body<Question>,
) -> Result<HttpResponse, Problem> {
    let kind = required("/subject", question.subject.as_ref())?.kind("/subject")?;
    let needed = required("/action", question.action.as_ref())?.permission("/action")?;
    let resource = required("/resource", question.resource.as_ref())?;
    let record = resource.record("/resource")?.filter(|_| resource.kind.as_deref() == Some(PATIENT));
    resource.kind("/resource")?;
    let (Some(needed), Some((organization, patient)), ACCOUNT) = (needed, record, kind) else {
        return Ok(found::<Entity>(Vec::new()));
    };
    let mut unit = state.store.begin().await?;
    let Some(organization) = known(&mut *unit, &client.0, &organization).await? else {
        return Ok(found::<Entity>(Vec::new()));
    };
    let accounts =
        accounts(&state, &mut *unit, &client.0, &organization, &patient, &question, &needed).await?;
    unit.save().await?;
    Ok(found(accounts))
}

/// The organization that is named, if the client is bound to it.
async fn known(
    unit: &mut dyn UnitOfWork,
    client: &AuthenticatedClient,
    named: &OrganizationReference,
) -> Result<Option<Organization>, Problem> {
    let organization = named.find(unit).await?;
    Ok(organization.filter(|organization| client.organizations.contains(&organization.id)))
}

async fn accounts(
    state: &State,
    unit: &mut dyn UnitOfWork,
    client: &AuthenticatedClient,
    organization: &Organization,
    patient: &FhirId,
    question: &Question,
    needed: &Permissions,
) -> Result<Vec<Entity>, Problem> {
    let Some(record) = unit.patient(organization.id, patient).await? else { return Ok(Vec::new()) };
    let policy = &organization.policy;
    let (rules, now) = (policy.family.rules(), state.ports.clock.now());
    let asked = question.minimum();
    let minimum = asked.map_or(policy.minimum_assurance, |asked| asked.max(policy.minimum_assurance));
    let mut accounts = Vec::new();
    for link in unit.links_to_patient(organization.id, record.id).await? {
        let permitted =
            matches!(link.access(&rules, minimum, now), Access::Live(gives) if gives.cover(needed));
        if let Some(account) = if permitted { unit.account(link.account).await? } else { None } {
            let (iss, sub) = (account.key.iss.as_str().to_owned(), account.key.sub.as_str().to_owned());
            accounts.push(Entity {
                kind: Some(ACCOUNT.to_owned()),
                id: Some(format!("{iss}|{sub}")),
                properties: Some(Properties { iss: Some(iss), sub: Some(sub) }),
            });
        }
    }
    let subject = Subject { patient: Some(record.id), client: Some(client.id), ..Subject::default() };
    let detail = serde_json::json!({"accounts": accounts.len()});
    let actor = Actor::Client(client.id);
    unit.record(state.ports.audit(organization.id, actor, Action::LinkRead, subject, detail));
    Ok(accounts)
}

/// With which records may this account do this? A registered client, about its organizations.
#[utoipa::path(post, path = "/access/v1/search/resource", tag = "authzen", security(("client" = [])),
    request_body = Question,
    responses(
        (status = 200, description = "The records", body = Found<Entity>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not decided", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn resources(
    state: Data<State>,
    client: ClientCaller,
    Body(question): Body<Question>,
) -> Result<HttpResponse, Problem> {
    let subject = required("/subject", question.subject.as_ref())?;
    let account = subject.account("/subject")?;
    let needed = required("/action", question.action.as_ref())?.permission("/action")?;
    let wanted = required("/resource", question.resource.as_ref())?.kind("/resource")?;
    let (Some(needed), ACCOUNT, PATIENT) = (needed, subject.kind("/subject")?, wanted) else {
        return Ok(found::<Entity>(Vec::new()));
    };
    let minimum_assurance = question.minimum();
    let filter = LookupFilter { minimum_assurance, ..LookupFilter::default() };
    let known = state.links.of(account).await?;
    let live: Vec<_> = live(&known, &client.0.organizations, &filter, state.ports.clock.now()).collect();
    state.lookups.count_each(live.iter().map(|(link, _)| link.link.organization), client.0.id, account);
    let permitted = live.into_iter().filter(|(_, gives)| gives.cover(&needed)).map(|(link, _)| Entity {
        kind: Some(PATIENT.to_owned()),
        id: Some(format!("{}/{}", link.slug.as_str(), link.link.fhir_id)),
        properties: None,
    });
    Ok(found(permitted.collect()))
}

/// What may this account do with this record? A registered client, about its organizations.
#[utoipa::path(post, path = "/access/v1/search/action", tag = "authzen", security(("client" = [])),
    request_body = Question,
    responses(
        (status = 200, description = "The actions", body = Found<NamedAction>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not decided", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn actions(
    state: Data<State>,
    client: ClientCaller,
    Body(question): Body<Question>,
) -> Result<HttpResponse, Problem> {
    let subject = required("/subject", question.subject.as_ref())?;
    let resource = required("/resource", question.resource.as_ref())?;
    let (account, record) = (subject.account("/subject")?, resource.record("/resource")?);
    let (ACCOUNT, PATIENT, Some((organization, patient))) =
        (subject.kind("/subject")?, resource.kind("/resource")?, record)
    else {
        return Ok(found::<NamedAction>(Vec::new()));
    };
    let filter = LookupFilter {
        organization: Some(organization),
        minimum_assurance: question.minimum(),
        patient: Some(patient),
    };
    let gives = gives(&state, &client.0, account, &filter).await?;
    Ok(found(gives.as_ref().map(names).unwrap_or_default()))
}

/// The words that are permitted, and each scope as the name of an action.
fn names(gives: &Permissions) -> Vec<NamedAction> {
    let words = WORDS.iter().map(|(word, _)| *word);
    let words = words.filter(|word| permission(word).is_some_and(|needed| gives.cover(&needed)));
    let all = gives.to_string();
    let scopes = all.split(' ').filter_map(|scope| scope.strip_prefix("patient/"));
    words.chain(scopes).map(|name| NamedAction { name: name.to_owned() }).collect()
}

use actix_web::{HttpResponse, web::Data};
use kinlink_domain::{
    access::Access,
    account::Account,
    actor::Actor,
    audit::{Action, Subject},
    id::{OrganizationId, PatientId},
    link::Link,
    organization::Organization,
    permission::Permissions,
    proofing::Ial,
    service::lookup::OrganizationReference,
    store::UnitOfWork,
};

use super::{
    super::{
        decide::{ACCOUNT, PATIENT},
        wire::{Body, Entity, Properties},
    },
    Found, Pages, Search, found, nothing,
};
use crate::{extract::ClientCaller, problem::Problem, state::State};

/// Which accounts may do this with this record? A registered client, about its organizations.
#[utoipa::path(post, path = "/access/v1/search/subject", tag = "authzen", security(("client" = [])),
    request_body = Search,
    responses(
        (status = 200, description = "The accounts", body = Found<Entity>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not decided", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn subjects(
    state: Data<State>,
    ClientCaller(client): ClientCaller,
    Body(search): Body<Search>,
) -> Result<HttpResponse, Problem> {
    let (asked, pages) = (search.asked(), Pages::new(&state, &client, "subject", &search)?);
    let (wanted, needed, resource) = (asked.subject()?, asked.needed()?, asked.resource()?);
    let record = resource.record()?;
    let (ACCOUNT, Some(needed), PATIENT, Some((named, patient))) =
        (wanted.kind, needed, resource.kind, record)
    else {
        return Ok(nothing(&pages));
    };
    let mut unit = state.store.begin().await?;
    let organization = known(&mut *unit, &named, &client.organizations).await?;
    let Some(organization) = organization else { return Ok(nothing(&pages)) };
    let Some(record) = unit.patient(organization.id, &patient).await? else { return Ok(nothing(&pages)) };
    let permitted = permitted(&state, &mut *unit, &organization, record.id, asked.minimum(), &needed).await?;
    let placed = permitted.into_iter().map(|link| (link.id.uuid().into_bytes(), link));
    let (page, links) = pages.cut(placed.collect());
    let mut results = Vec::with_capacity(links.len());
    for link in links {
        results.extend(unit.account(link.account).await?.as_ref().map(entity));
    }
    let subject = Subject { patient: Some(record.id), client: Some(client.id), ..Subject::default() };
    let (actor, detail) = (Actor::Client(client.id), serde_json::json!({"accounts": results.len()}));
    unit.record(state.ports.audit(organization.id, actor, Action::LinkRead, subject, detail));
    unit.save().await?;
    Ok(found(page, results))
}

/// The organization that is named, if the client is bound to it.
async fn known(
    unit: &mut dyn UnitOfWork,
    named: &OrganizationReference,
    bound: &[OrganizationId],
) -> Result<Option<Organization>, Problem> {
    let organization = named.find(unit).await?;
    Ok(organization.filter(|organization| bound.contains(&organization.id)))
}

/// The links to the record that give what is needed now.
async fn permitted(
    state: &State,
    unit: &mut dyn UnitOfWork,
    organization: &Organization,
    record: PatientId,
    minimum: Option<Ial>,
    needed: &Permissions,
) -> Result<Vec<Link>, Problem> {
    let policy = &organization.policy;
    let (rules, now) = (policy.family.rules(), state.ports.clock.now());
    let minimum = minimum.map_or(policy.minimum_assurance, |asked| asked.max(policy.minimum_assurance));
    let gives =
        |link: &Link| matches!(link.access(&rules, minimum, now), Access::Live(gives) if gives.cover(needed));
    let links = unit.links_to_patient(organization.id, record).await?;
    Ok(links.into_iter().filter(gives).collect())
}

fn entity(account: &Account) -> Entity {
    let (iss, sub) = (account.key.iss.as_str(), account.key.sub.as_str());
    Entity {
        kind: Some(ACCOUNT.to_owned()),
        id: Some(format!("{iss}|{sub}")),
        properties: Some(Properties { iss: Some(iss.into()), sub: Some(sub.into()) }),
    }
}

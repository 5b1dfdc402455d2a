use actix_web::{HttpResponse, web::Data};
use kinlink_domain::{
    service::lookup::{LookupFilter, live},
    store::AnswerableLink,
};

use super::{
    super::{
        decide::{ACCOUNT, PATIENT},
        wire::{Body, Entity},
    },
    Found, Pages, Search, found, nothing,
};
use crate::{extract::ClientCaller, problem::Problem, state::State};

/// With which records may this account do this? A registered client, about its organizations.
#[utoipa::path(post, path = "/access/v1/search/resource", tag = "authzen", security(("client" = [])),
    request_body = Search,
    responses(
        (status = 200, description = "The records", body = Found<Entity>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not decided", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn resources(
    state: Data<State>,
    client: ClientCaller,
    Body(search): Body<Search>,
) -> Result<HttpResponse, Problem> {
    let (asked, pages) = (search.asked(), Pages::new(&state, &client.0, "resource", &search)?);
    let (subject, needed, wanted) = (asked.subject()?, asked.needed()?, asked.resource()?);
    let account = subject.account()?;
    let (Some(needed), ACCOUNT, PATIENT) = (needed, subject.kind, wanted.kind) else {
        return Ok(nothing(&pages));
    };
    let filter = LookupFilter { minimum_assurance: asked.minimum(), ..LookupFilter::default() };
    let known = state.links.of(account).await?;
    let live: Vec<_> = live(&known, &client.0.organizations, &filter, state.ports.clock.now()).collect();
    state.lookups.count_each(live.iter().map(|(link, _)| link.link.organization), client.0.id, account);
    let permitted = live.into_iter().filter(|(_, gives)| gives.cover(&needed));
    let placed = permitted.map(|(link, _)| (link.link.id.uuid().into_bytes(), link));
    let (page, links) = pages.cut(placed.collect());
    Ok(found(page, links.into_iter().map(entity).collect()))
}

fn entity(link: &AnswerableLink) -> Entity {
    Entity {
        kind: Some(PATIENT.to_owned()),
        id: Some(format!("{}/{}", link.slug.as_str(), link.link.fhir_id)),
        properties: None,
    }
}

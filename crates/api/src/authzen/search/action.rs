use actix_web::{HttpResponse, web::Data};
use kinlink_domain::{permission::Permissions, service::lookup::LookupFilter};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    super::{
        decide::{ACCOUNT, PATIENT, with_link},
        wire::{Body, WORDS, permission},
    },
    Found, Pages, Search, found, nothing,
};
use crate::{extract::ClientCaller, problem::Problem, state::State};

/// An action that is permitted.
#[derive(Serialize, ToSchema)]
pub(crate) struct NamedAction {
    #[schema(example = "Observation.rs")]
    name: String,
}

/// What may this account do with this record? A registered client, about its organizations.
#[utoipa::path(post, path = "/access/v1/search/action", tag = "authzen", security(("client" = [])),
    request_body = Search,
    responses(
        (status = 200, description = "The actions", body = Found<NamedAction>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not decided", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn actions(
    state: Data<State>,
    client: ClientCaller,
    Body(search): Body<Search>,
) -> Result<HttpResponse, Problem> {
    let (asked, pages) = (search.asked(), Pages::new(&state, &client.0, "action", &search)?);
    let (subject, resource) = (asked.subject()?, asked.resource()?);
    let (account, record) = (subject.account()?, resource.record()?);
    let (ACCOUNT, PATIENT, Some((organization, patient))) = (subject.kind, resource.kind, record) else {
        return Ok(nothing(&pages));
    };
    let filter = LookupFilter {
        organization: Some(organization),
        minimum_assurance: asked.minimum(),
        patient: Some(patient),
    };
    let names = with_link(&state, &client.0, account, &filter, names).await?.unwrap_or_default();
    let placed = names.into_iter().map(|name| (name.clone(), NamedAction { name }));
    let (page, results) = pages.cut(placed.collect());
    Ok(found(page, results))
}

/// The words that are permitted, and each scope as the name of an action.
fn names(gives: &Permissions) -> Vec<String> {
    let words = WORDS.iter().map(|(word, _)| *word);
    let words = words.filter(|word| permission(word).is_some_and(|needed| gives.cover(&needed)));
    let all = gives.to_string();
    let scopes = all.split(' ').filter_map(|scope| scope.strip_prefix("patient/"));
    words.chain(scopes).map(str::to_owned).collect()
}

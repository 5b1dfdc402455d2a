use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};

use actix_web::{HttpResponse, web::Data};
use kinlink_domain::{
    actor::Actor,
    audit::{Action, Subject},
    id::AccountId,
    link::Link,
    organization::Organization,
    store::UnitOfWork,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::view::LinkView;
use crate::{
    extract::AccountUser,
    problem::{Problem, ProblemType, Refusals},
    state::State,
};

#[derive(Serialize, ToSchema)]
pub(crate) struct AccountLinks {
    /// Newest first, ended ones included.
    links: Vec<AccountLink>,
}

#[derive(Serialize, ToSchema)]
struct AccountLink {
    #[serde(flatten)]
    link: LinkView,
    /// The organization's name.
    #[schema(example = "Northside General Hospital")]
    organization_name: String,
}

/// An account's links with each one's organization; that they were read is put on record.
pub(crate) async fn load(
    state: &State,
    unit: &mut dyn UnitOfWork,
    account: AccountId,
) -> Result<Vec<(Link, Arc<Organization>)>, Problem> {
    let mut known: BTreeMap<_, Arc<Organization>> = BTreeMap::new();
    let mut links = Vec::new();
    for link in unit.links_of_account(account).await? {
        let organization = match known.entry(link.organization) {
            Entry::Occupied(known) => known.get().clone(),
            Entry::Vacant(vacant) => {
                let organization = unit.organization(link.organization).await?;
                let organization = organization.ok_or_else(|| Problem::new(ProblemType::Internal))?;
                vacant.insert(Arc::new(organization)).clone()
            }
        };
        links.push((link, organization));
    }
    for organization in known.into_keys() {
        let subject = Subject { account: Some(account), ..Subject::default() };
        let detail = serde_json::json!({"count": links.len()});
        let actor = Actor::Account(account);
        unit.record(state.ports.audit(organization, actor, Action::LinkRead, subject, detail));
    }
    Ok(links)
}

/// Which records does my account open? Any login that may be a patient's.
#[utoipa::path(get, path = "/v1/account/links", tag = "account", security(("account" = [])),
    responses(
        (status = 200, description = "The caller's links at every organization", body = AccountLinks),
        Refusals,
    ))]
pub(crate) async fn list(state: Data<State>, user: AccountUser) -> Result<HttpResponse, Problem> {
    let mut unit = state.store.begin().await?;
    let now = state.ports.clock.now();
    let links = load(&state, &mut *unit, user.id).await?.into_iter();
    let links = links.map(|(link, organization)| AccountLink {
        link: LinkView::new(&link, &organization.policy.family.rules(), now).without_reason(),
        organization_name: organization.name.clone(),
    });
    let answer = AccountLinks { links: links.collect() };
    unit.save().await?;
    Ok(HttpResponse::Ok().json(answer))
}

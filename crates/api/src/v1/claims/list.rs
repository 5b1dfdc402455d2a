use std::collections::{BTreeMap, btree_map::Entry};

use actix_web::{HttpResponse, web::Data};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::ClaimView;
use crate::{
    extract::{self, AccountUser, Cursor, Parameters},
    problem::{Problem, ProblemType, Refusals},
    state::State,
};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListParameters {
    /// `next_cursor` of the last answer.
    cursor: Option<String>,
    /// At most so many, 1 to 200; 50 unless said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ClaimList {
    /// Newest first.
    claims: Vec<ClaimView>,
    /// There are more: ask again with this cursor.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Which claims did my account submit, or a client on its behalf?
#[utoipa::path(get, path = "/v1/claims", tag = "claims", security(("account" = [])), params(ListParameters),
    responses(
        (status = 200, description = "The caller's claims at every organization", body = ClaimList),
        Refusals,
    ))]
pub(crate) async fn list(
    state: Data<State>,
    user: AccountUser,
    parameters: Parameters<ListParameters>,
) -> Result<HttpResponse, Problem> {
    let page = extract::limit(parameters.0.cursor.as_deref(), parameters.0.limit)?;
    let now = state.ports.clock.now();
    let mut unit = state.store.begin_read().await?;
    let listed = unit.claims_of_account(user.id, page).await?;
    let mut policies = BTreeMap::new();
    let mut claims = Vec::with_capacity(listed.items.len());
    for claim in &listed.items {
        let policy = match policies.entry(claim.organization) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let organization = unit.organization(claim.organization).await?;
                let organization = organization.ok_or_else(|| Problem::new(ProblemType::Internal))?;
                new.insert(organization.policy.claims)
            }
        };
        claims.push(ClaimView::new(claim, policy, now));
    }
    Ok(HttpResponse::Ok().json(ClaimList { claims, next_cursor: listed.next.map(Cursor::write) }))
}

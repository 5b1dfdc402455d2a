use actix_web::{HttpRequest, HttpResponse, web::Data};
use kinlink_auth::AuthenticatedClient;
use kinlink_domain::{actor::Actor, claim::Claim, id::ClaimId, store::UnitOfWork};

use super::ClaimView;
use crate::{
    extract::{Claimant, path_id},
    problem::{Problem, ProblemType, Refusals},
    state::State,
};

/// Where does a claim stand? Its account, or, if policy lets it, the client that submitted it.
#[utoipa::path(get, path = "/v1/claims/{id}", tag = "claims", security(("account" = []), ("client" = [])),
    params(("id" = String, Path, description = "The claim")),
    responses(
        (status = 200, description = "The claim", body = ClaimView),
        Refusals,
    ))]
pub(crate) async fn read(
    request: HttpRequest,
    state: Data<State>,
    caller: Claimant,
) -> Result<HttpResponse, Problem> {
    let id = path_id(&request)?;
    let mut unit = state.store.begin_read().await?;
    let claim = match &caller {
        Claimant::Account(user) => unit.claim_of_account(user.id, id).await?,
        Claimant::Client(client) => of_client(&mut *unit, client, id).await?,
    };
    let claim = claim.ok_or_else(|| Problem::new(ProblemType::NotFound))?;
    let organization = unit.organization(claim.organization).await?;
    let policy = organization.ok_or_else(|| Problem::new(ProblemType::Internal))?.policy.claims;
    if matches!(caller, Claimant::Client(_)) && !policy.trusted_client.may_read {
        return Err(Problem::new(ProblemType::Forbidden).detail("the organization's policy does not tell"));
    }
    Ok(HttpResponse::Ok().json(ClaimView::new(&claim, &policy, state.ports.clock.now())))
}

/// A claim that this very client submitted.
async fn of_client(
    unit: &mut dyn UnitOfWork,
    client: &AuthenticatedClient,
    id: ClaimId,
) -> Result<Option<Claim>, Problem> {
    for organization in &client.organizations {
        if let Some(claim) = unit.claim_by_id(*organization, id).await? {
            return Ok(Some(claim).filter(|claim| claim.submitted_by == Actor::Client(client.id)));
        }
    }
    Ok(None)
}

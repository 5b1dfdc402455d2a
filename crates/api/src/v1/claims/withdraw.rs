use actix_web::{HttpRequest, HttpResponse, web::Data};
use kinlink_domain::service::withdraw_claim::withdraw as withdraw_claim;

use super::ClaimView;
use crate::{
    extract::{AccountUser, path_id},
    problem::{Problem, ProblemType, Refusals},
    state::State,
};

/// Take a claim back.
#[utoipa::path(post, path = "/v1/claims/{id}/withdraw", tag = "claims", security(("account" = [])),
    params(("id" = String, Path, description = "The claim")),
    responses(
        (status = 200, description = "Withdrawn", body = ClaimView),
        Refusals,
    ))]
pub(crate) async fn withdraw(
    request: HttpRequest,
    state: Data<State>,
    user: AccountUser,
) -> Result<HttpResponse, Problem> {
    let id = path_id(&request)?;
    let mut unit = state.store.begin().await?;
    let claim = withdraw_claim(&mut *unit, &state.ports, user.id, id).await?;
    let organization = unit.organization(claim.organization).await?;
    let policy = organization.ok_or_else(|| Problem::new(ProblemType::Internal))?.policy.claims;
    unit.save().await?;
    Ok(HttpResponse::Ok().json(ClaimView::new(&claim, &policy, state.ports.clock.now())))
}

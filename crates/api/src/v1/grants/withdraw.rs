use actix_web::{HttpRequest, HttpResponse, web::Data};
use kinlink_domain::{id::GrantId, service::end_grant::withdraw as withdraw_grant};

use super::{GrantAnswer, GrantView, Sight};
use crate::{
    extract::{AccountUser, path_id},
    problem::{Problem, Refusals},
    state::State,
};

/// Take an offer back before anybody accepted it: the patient who made it.
#[utoipa::path(post, path = "/v1/grants/{id}/withdraw", tag = "grants", security(("account" = [])),
    params(("id" = String, Path, description = "The grant")),
    responses(
        (status = 200, description = "Taken back", body = GrantAnswer),
        Refusals,
    ))]
pub(crate) async fn withdraw(
    request: HttpRequest,
    state: Data<State>,
    user: AccountUser,
) -> Result<HttpResponse, Problem> {
    let id: GrantId = path_id(&request)?;
    let mut unit = state.store.begin().await?;
    let withdrawn = withdraw_grant(&mut *unit, &state.ports, user.id, id).await?;
    let grant = GrantView::load(&mut *unit, &withdrawn, Sight::Patient, state.ports.clock.now()).await?;
    unit.save().await?;
    Ok(HttpResponse::Ok().json(GrantAnswer { grant }))
}

use actix_web::{HttpRequest, HttpResponse, web::Data};
use kinlink_domain::{id::RequestId, service::submit_request::withdraw as withdraw_request};

use super::AskedView;
use crate::{
    extract::{AccountUser, path_id},
    problem::{Problem, Refusals},
    state::State,
};

/// Take a request back: whoever asked.
#[utoipa::path(post, path = "/v1/access-requests/{id}/withdraw", tag = "access requests", security(("account" = [])),
    params(("id" = String, Path, description = "The request")),
    responses(
        (status = 200, description = "Taken back", body = AskedView),
        Refusals,
    ))]
pub(crate) async fn withdraw(
    request: HttpRequest,
    state: Data<State>,
    user: AccountUser,
) -> Result<HttpResponse, Problem> {
    let id: RequestId = path_id(&request)?;
    let mut unit = state.store.begin().await?;
    let withdrawn = withdraw_request(&mut *unit, &state.ports, user.id, id).await?;
    unit.save().await?;
    Ok(HttpResponse::Ok().json(AskedView::new(&withdrawn, state.ports.clock.now())))
}

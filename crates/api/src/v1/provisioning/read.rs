use actix_web::{HttpRequest, HttpResponse, web::Data};

use super::{find, seen, view::TargetView};
use crate::{
    extract::{StaffCaller, path_id},
    problem::Problem,
    state::State,
};

/// A server whose users carry attributes: how its accounts stand, the reconcile that is under way, and what the
/// last one found. Staff with the role `admin`.
#[utoipa::path(get, path = "/v1/provisioning/{id}", tag = "provisioning", security(("staff" = [])),
    params(("id" = String, Path, description = "The server")),
    responses(
        (status = 200, description = "The server; counts and ids only", body = TargetView),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not decided", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn read(
    request: HttpRequest,
    state: Data<State>,
    staff: StaffCaller,
) -> Result<HttpResponse, Problem> {
    let id = path_id(&request)?;
    let mut unit = state.store.begin_read().await?;
    let (_, target) = find(&mut *unit, &staff, id).await?;
    Ok(HttpResponse::Ok().json(seen(&mut *unit, &target).await?))
}

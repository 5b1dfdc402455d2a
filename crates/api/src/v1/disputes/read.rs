use actix_web::{HttpRequest, HttpResponse, web::Data};
use kinlink_domain::{audit::Action, service::dispute::subject};

use super::{DisputeView, find};
use crate::{
    extract::{StaffCaller, path_id},
    problem::Problem,
    state::State,
};

/// Read a dispute. Staff with the role `reviewer` or `admin`.
#[utoipa::path(get, path = "/v1/disputes/{id}", tag = "disputes", security(("staff" = [])),
    params(("id" = String, Path, description = "The dispute")),
    responses(
        (status = 200, description = "The dispute", body = DisputeView),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not decided", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn read(
    request: HttpRequest,
    state: Data<State>,
    staff: StaffCaller,
) -> Result<HttpResponse, Problem> {
    let id = path_id(&request)?;
    let mut unit = state.store.begin().await?;
    let (by, dispute) = find(&mut *unit, &staff, id).await?;
    let detail = serde_json::json!({"dispute": id});
    let action = Action::DisputeRead;
    unit.record(state.ports.audit(by.organization(), by.actor(), action, subject(&dispute), detail));
    unit.save().await?;
    Ok(HttpResponse::Ok().json(DisputeView::from(&dispute)))
}

use actix_web::{HttpRequest, HttpResponse, web::Data};
use kinlink_domain::{
    audit::{Action, Subject},
    provisioning::{Cause, RunKind, TargetState},
};

use super::{find, seen, view::TargetView};
use crate::{
    extract::{StaffCaller, path_id},
    problem::{Problem, ProblemType},
    state::State,
};

/// Compare the attributes of all accounts at this server with what they should be, and mend them. It is done in
/// the background; read the server to see how far it is and what it found. While one is under way, asking again
/// begins no other. Staff with the role `admin`.
#[utoipa::path(post, path = "/v1/provisioning/{id}/reconcile", tag = "provisioning", security(("staff" = [])),
    params(("id" = String, Path, description = "The server")),
    responses(
        (status = 202, description = "It is under way", body = TargetView),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not decided", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn reconcile(
    request: HttpRequest,
    state: Data<State>,
    staff: StaffCaller,
) -> Result<HttpResponse, Problem> {
    let id = path_id(&request)?;
    let mut unit = state.store.begin().await?;
    let (by, target) = find(&mut *unit, &staff, id).await?;
    if target.state == TargetState::Off {
        return Err(Problem::new(ProblemType::Conflict).detail("the server is switched off"));
    }
    let now = state.ports.clock.now();
    if unit.begin_provisioning_run(&target, RunKind::Reconcile, Cause::Asked, None, now).await? {
        let detail = serde_json::json!({"target": id, "asked": true});
        let (action, subject) = (Action::ProvisioningReconcile, Subject::default());
        unit.record(state.ports.audit(by.organization(), by.actor(), action, subject, detail));
    }
    let view = seen(&mut *unit, &target).await?;
    unit.save().await?;
    Ok(HttpResponse::Accepted().json(view))
}

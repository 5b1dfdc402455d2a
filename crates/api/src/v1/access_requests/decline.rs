use actix_web::{HttpRequest, HttpResponse, web::Data};
use kinlink_domain::{
    access_request::RequestDecline,
    id::RequestId,
    service::decide_request::{By, decline as decline_request},
};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::{PendingView, decider};
use crate::{
    extract::{AnyCaller, JsonBody, path_id},
    problem::{Problem, ProblemType, Refusals},
    state::State,
};

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeclineRequestBody {
    /// Only by staff, and needed then: `no_relationship`, `not_enough_proof`, `barred` or `fraud`.
    #[schema(value_type = Option<String>, example = "not_enough_proof")]
    reason: Option<RequestDecline>,
}

/// Decline a request: the patient whom it waits for, or staff (`registrar`, `reviewer`, `admin`). The asker is not
/// told.
#[utoipa::path(post, path = "/v1/access-requests/{id}/decline", tag = "access requests",
    security(("account" = []), ("staff" = [])),
    params(("id" = String, Path, description = "The request")),
    request_body = DeclineRequestBody,
    responses(
        (status = 200, description = "Declined", body = PendingView),
        Refusals,
    ))]
pub(crate) async fn decline(
    request: HttpRequest,
    state: Data<State>,
    caller: AnyCaller,
    body: JsonBody<DeclineRequestBody>,
) -> Result<HttpResponse, Problem> {
    let id: RequestId = path_id(&request)?;
    let mut unit = state.store.begin().await?;
    let (organization, by, _) = decider(&state, &mut *unit, caller, id).await?;
    let reason = match (by, body.value.reason) {
        (By::Patient(_), reason) => reason.unwrap_or(RequestDecline::NotWanted),
        (By::Staff(_), Some(reason)) => reason,
        (By::Staff(_), None) => {
            return Err(Problem::new(ProblemType::InvalidMember).at("/reason", "staff give a reason"));
        }
    };
    let declined = decline_request(&mut *unit, &state.ports, &organization, by, id, reason).await;
    let declined = declined.map_err(|error| Problem::from_decision(error, matches!(by, By::Staff(_))))?;
    unit.save().await?;
    Ok(HttpResponse::Ok().json(PendingView::new(&declined, state.ports.clock.now())))
}

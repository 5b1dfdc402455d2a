use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use chrono::{DateTime, Utc};
use kinlink_domain::{
    actor::StaffAct,
    id::GrantId,
    service::renew_grant::{Renewal, renew as renew_grant},
    step_up::SteppedAct,
};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::{
    super::invitations::issue::{MOST_PROOFS, PaperBody},
    GrantAnswer, GrantView, Sight,
};
use crate::{
    extract::{JsonBody, StaffCaller, path_id},
    idempotency::Once,
    problem::{Problem, ProblemType, Refusals},
    state::State,
};

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RenewBody {
    /// The new papers, at least one.
    #[validate(nested)]
    papers: Vec<PaperBody>,
    /// Until when, if before the papers run out.
    until: Option<DateTime<Utc>>,
}

/// Staff saw new papers: the access holds longer, or again. Staff with the role `registrar`, `reviewer` or
/// `admin`.
#[utoipa::path(post, path = "/v1/grants/{id}/renew", tag = "grants", security(("staff" = [])),
    params(("id" = String, Path, description = "The grant"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key and body again give the same answer")),
    request_body = RenewBody,
    responses(
        (status = 200, description = "Renewed", body = GrantAnswer),
        Refusals,
    ))]
pub(crate) async fn renew(
    request: HttpRequest,
    state: Data<State>,
    staff: StaffCaller,
    body: JsonBody<RenewBody>,
) -> Result<HttpResponse, Problem> {
    let id: GrantId = path_id(&request)?;
    let JsonBody { value, bytes } = body;
    if value.papers.len() > MOST_PROOFS {
        return Err(Problem::new(ProblemType::InvalidMember).at("/papers", format!("at most {MOST_PROOFS}")));
    }
    let once = Once::new(&request, &state, staff.account(), &bytes)?;
    let mut unit = state.store.begin().await?;
    let allowed = staff.wherever(StaffAct::ManageProxies)?;
    let grant = unit.grant(id).await?;
    let by = grant.and_then(|grant| allowed.into_iter().find(|by| by.organization() == grant.organization));
    let by = by.ok_or_else(|| Problem::new(ProblemType::NotFound))?;
    if let Some(answer) = once.answered(&mut *unit, &state).await? {
        return Ok(answer);
    }
    staff.login.stepped_up_at(&mut *unit, &state, by.organization(), SteppedAct::Grant).await?;
    let renewal = Renewal { proof: value.papers.into_iter().map(Into::into).collect(), until: value.until };
    let (renewed, _) = renew_grant(&mut *unit, &state.ports, by, id, renewal).await?;
    let grant = GrantView::load(&mut *unit, &renewed, Sight::Staff, state.ports.clock.now()).await?;
    once.save_answer(unit, StatusCode::OK, &GrantAnswer { grant }).await
}

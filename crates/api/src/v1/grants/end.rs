use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use kinlink_domain::{
    actor::StaffAct,
    grant::Grant,
    id::GrantId,
    link::Revocation,
    service::end_grant::{GrantEnder, end as end_grant, standing},
    step_up::SteppedAct,
    store::UnitOfWork,
};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::{GrantAnswer, GrantView, Sight};
use crate::{
    extract::{AnyCaller, JsonBody, path_id},
    idempotency::Once,
    problem::{Problem, ProblemType, Refusals},
    state::State,
};

#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EndGrantBody {
    /// Only by staff, and needed then: `wrong_person`, `patient_request`, `fraud`, `court_order`, `safety` or
    /// `staff_error`.
    #[schema(value_type = Option<String>, example = "patient_request")]
    reason: Option<Revocation>,
}

/// End a grant and its link: the patient who granted it, the proxy, or staff (`registrar`, `reviewer`, `admin`).
/// Lookups change at once.
#[utoipa::path(post, path = "/v1/grants/{id}/end", tag = "grants", security(("account" = []), ("staff" = [])),
    params(("id" = String, Path, description = "The grant"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key and body again give the same answer")),
    request_body = EndGrantBody,
    responses(
        (status = 200, description = "Ended", body = GrantAnswer),
        Refusals,
    ))]
pub(crate) async fn end(
    request: HttpRequest,
    state: Data<State>,
    caller: AnyCaller,
    body: JsonBody<EndGrantBody>,
) -> Result<HttpResponse, Problem> {
    let id: GrantId = path_id(&request)?;
    let AnyCaller::Person { staff, login, .. } = &caller else {
        return Err(Problem::new(ProblemType::Forbidden).detail("not for clients"));
    };
    let once = Once::new(&request, &state, staff.account, &body.bytes)?;
    let mut unit = state.store.begin().await?;
    let grant = unit.grant(id).await?.ok_or_else(|| Problem::new(ProblemType::NotFound))?;
    let (by, sight) = ender(&state, &mut *unit, &caller, &grant, body.value.reason).await?;
    if let Some(answer) = once.answered(&mut *unit, &state).await? {
        return Ok(answer);
    }
    if let GrantEnder::Staff(by, _) = by {
        let act = SteppedAct::LinkRevokeByStaff;
        login.stepped_up_at(&mut *unit, &state, by.organization(), act).await?;
    }
    let ended = end_grant(&mut *unit, &state.ports, by, id).await?;
    let view = GrantView::load(&mut *unit, &ended, sight, state.ports.clock.now()).await?;
    once.save_answer(unit, StatusCode::OK, &GrantAnswer { grant: view }).await
}

/// As whom the caller ends it. An account acts for itself, even if it is staff too.
async fn ender(
    state: &State,
    unit: &mut dyn UnitOfWork,
    caller: &AnyCaller,
    grant: &Grant,
    reason: Option<Revocation>,
) -> Result<(GrantEnder, Sight), Problem> {
    let (_, sight) = super::read::sight(state, unit, caller, grant).await?;
    let AnyCaller::Person { account, staff, .. } = caller else {
        return Err(Problem::new(ProblemType::Forbidden));
    };
    if let Some(account) = *account
        && standing(unit, &state.ports, grant, account).await?.is_some()
    {
        return Ok((GrantEnder::Account(account), sight));
    }
    let by = staff.at(grant.organization, StaffAct::ManageProxies)?;
    let reason = reason
        .ok_or_else(|| Problem::new(ProblemType::InvalidMember).at("/reason", "staff give a reason"))?;
    Ok((GrantEnder::Staff(by, reason), sight))
}

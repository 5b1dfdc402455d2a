use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use kinlink_domain::{
    actor::{Authorized, StaffAct, StaffRefusal, StaffUser},
    id::{AccountId, LinkId},
    link::{Link, Revocation},
    service::end_link::{Ender, end},
    step_up::SteppedAct,
    store::UnitOfWork,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::super::view::LinkView;
use crate::{
    extract::{AnyCaller, JsonBody, Login, path_id},
    idempotency::Once,
    problem::{Problem, ProblemType, Refusals},
    state::State,
};

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RevokeLinkBody {
    /// By the account: `not_me` or `no_longer_wanted`. By staff: `wrong_person`, `patient_request`, `fraud`,
    /// `court_order`, `safety` or `staff_error`.
    #[schema(value_type = String, example = "no_longer_wanted")]
    reason: Revocation,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct RevokedAnswer {
    link: LinkView,
}

/// End a link: its account, or staff of its organization (`registrar`, `reviewer`, `admin`), and nobody
/// else. Lookups change at once.
#[utoipa::path(post, path = "/v1/links/{id}/revoke", tag = "links", security(("account" = []), ("staff" = [])),
    params(("id" = String, Path, description = "The link"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key and body again give the same answer")),
    request_body = RevokeLinkBody,
    responses(
        (status = 200, description = "Ended", body = RevokedAnswer),
        Refusals,
    ))]
pub(crate) async fn revoke(
    request: HttpRequest,
    state: Data<State>,
    caller: AnyCaller,
    body: JsonBody<RevokeLinkBody>,
) -> Result<HttpResponse, Problem> {
    let id = path_id(&request)?;
    let AnyCaller::Person { account, staff, login } = caller else {
        return Err(Problem::new(ProblemType::Forbidden).detail("not for clients"));
    };
    let once = Once::new(&request, &state, staff.account, &body.bytes)?;
    let mut unit = state.store.begin().await?;
    let by = ender_of(&mut *unit, id, account, &staff).await?;
    if let Some(answer) = once.answered(&mut *unit, &state).await? {
        return Ok(answer);
    }
    check_step_up(&state, &mut *unit, &login, by).await?;
    let ended = end(&mut *unit, &state.ports, by, id, body.value.reason).await?;
    let answer = RevokedAnswer { link: LinkView::load(&mut *unit, &ended, state.ports.clock.now()).await? };
    let response = once.save_answer(unit, StatusCode::OK, &answer).await?;
    count_ended();
    Ok(response)
}

/// Counts it, for operators.
pub(crate) fn count_ended() {
    metrics::counter!("kinlink_links_ended_total").increment(1);
}

/// As whom a person may end a link.
pub(crate) async fn ender_of(
    unit: &mut dyn UnitOfWork,
    id: LinkId,
    account: Option<AccountId>,
    staff: &StaffUser,
) -> Result<Ender, Problem> {
    let link = unit.link(id).await?.ok_or_else(|| Problem::new(ProblemType::NotFound))?;
    ender(&link, account, staff.at(link.organization, StaffAct::EndLinks))
}

/// Staff may have to prove who they are once more; an account ends its own link without.
pub(crate) async fn check_step_up(
    state: &State,
    unit: &mut dyn UnitOfWork,
    login: &Login,
    by: Ender,
) -> Result<(), Problem> {
    match by {
        Ender::Account(_) => Ok(()),
        Ender::Staff(by) => {
            login.stepped_up_at(unit, state, by.organization(), SteppedAct::LinkRevokeByStaff).await
        }
    }
}

/// The account that a link belongs to acts for itself, even if it is staff too.
fn ender(
    link: &Link,
    account: Option<AccountId>,
    staff: Result<Authorized, StaffRefusal>,
) -> Result<Ender, Problem> {
    match (account, staff) {
        (Some(account), _) if account == link.account => Ok(Ender::Account(account)),
        (_, Ok(staff)) => Ok(Ender::Staff(staff)),
        (_, Err(StaffRefusal::RoleMissing)) => Err(Problem::new(ProblemType::Forbidden)),
        (_, Err(StaffRefusal::Stranger)) => Err(Problem::new(ProblemType::NotFound)),
    }
}

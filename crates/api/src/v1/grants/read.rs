use actix_web::{HttpRequest, HttpResponse, web::Data};
use kinlink_domain::{
    actor::{Actor, StaffAct},
    audit::{Action, Subject},
    grant::Grant,
    id::GrantId,
    service::end_grant::{Standing, standing},
    store::UnitOfWork,
};

use super::{GrantAnswer, GrantView, Sight};
use crate::{
    extract::{AnyCaller, path_id},
    problem::{Problem, ProblemType, Refusals},
    state::State,
};

/// Read a grant: the patient, the proxy, or staff of its organization (`registrar`, `reviewer`, `admin`).
#[utoipa::path(get, path = "/v1/grants/{id}", tag = "grants", security(("account" = []), ("staff" = [])),
    params(("id" = String, Path, description = "The grant")),
    responses(
        (status = 200, description = "The grant", body = GrantAnswer),
        Refusals,
    ))]
pub(crate) async fn read(
    request: HttpRequest,
    state: Data<State>,
    caller: AnyCaller,
) -> Result<HttpResponse, Problem> {
    let id: GrantId = path_id(&request)?;
    let mut unit = state.store.begin().await?;
    let grant = unit.grant(id).await?.ok_or_else(|| Problem::new(ProblemType::NotFound))?;
    let (actor, sight) = sight(&state, &mut *unit, &caller, &grant).await?;
    let grant_view = GrantView::load(&mut *unit, &grant, sight, state.ports.clock.now()).await?;
    let subject = Subject {
        patient: Some(grant.patient),
        account: grant.acceptance().map(|accepted| accepted.account),
        ..Subject::default()
    };
    let detail = serde_json::json!({"grant": id});
    unit.record(state.ports.audit(grant.organization, actor, Action::GrantRead, subject, detail));
    unit.save().await?;
    Ok(HttpResponse::Ok().json(GrantAnswer { grant: grant_view }))
}

/// As what the caller may see this grant. One of somebody else is not found, as if it did not exist.
pub(super) async fn sight(
    state: &State,
    unit: &mut dyn UnitOfWork,
    caller: &AnyCaller,
    grant: &Grant,
) -> Result<(Actor, Sight), Problem> {
    let AnyCaller::Person { account, staff, .. } = caller else {
        return Err(Problem::new(ProblemType::Forbidden).detail("not for clients"));
    };
    if let Some(account) = *account {
        match standing(unit, &state.ports, grant, account).await? {
            Some(Standing::Proxy) => return Ok((Actor::Account(account), Sight::Proxy)),
            Some(Standing::Patient) => return Ok((Actor::Account(account), Sight::Patient)),
            None => {}
        }
    }
    match staff.at(grant.organization, StaffAct::ManageProxies) {
        Ok(by) => Ok((by.actor(), Sight::Staff)),
        Err(kinlink_domain::actor::StaffRefusal::RoleMissing) => Err(Problem::new(ProblemType::Forbidden)),
        Err(kinlink_domain::actor::StaffRefusal::Stranger) => Err(Problem::new(ProblemType::NotFound)),
    }
}

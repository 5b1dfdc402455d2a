use actix_web::{HttpRequest, HttpResponse, web::Data};
use kinlink_domain::{
    id::GrantId,
    service::end_grant::{GrantEnder, Standing, end as end_grant, standing},
};

use crate::{
    extract::path_id,
    pages::{form::Form, frame::see_other, me::access::end::Nothing, refusal::Refusal, visitor::Patient},
    problem::{Problem, ProblemType},
    state::State,
};

/// A proxy walks away.
pub(in crate::pages) async fn leave(
    request: HttpRequest,
    state: Data<State>,
    Patient(visitor): Patient,
    Form(Nothing {}): Form<Nothing>,
) -> Result<HttpResponse, Refusal> {
    let id: GrantId = path_id(&request)?;
    let account = visitor.account();
    let mut unit = state.store.begin().await?;
    let grant = unit.grant(id).await?.ok_or_else(|| Problem::new(ProblemType::NotFound))?;
    if standing(&mut *unit, &state.ports, &grant, account).await? != Some(Standing::Proxy) {
        return Err(Problem::new(ProblemType::NotFound).into());
    }
    end_grant(&mut *unit, &state.ports, GrantEnder::Account(account), id).await?;
    unit.save().await?;
    Ok(see_other("/me/others?said=left"))
}

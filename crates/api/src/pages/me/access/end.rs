use actix_web::{HttpRequest, HttpResponse, web::Data};
use kinlink_domain::{
    id::GrantId,
    service::end_grant::{GrantEnder, end as end_grant, withdraw as withdraw_grant},
};
use serde::Deserialize;

use crate::{
    extract::path_id,
    pages::{form::Form, frame::see_other, refusal::Refusal, visitor::Patient},
    state::State,
};

#[derive(Deserialize)]
pub(in crate::pages) struct Nothing {}

/// The patient ends somebody's access, with one press.
pub(in crate::pages) async fn end(
    request: HttpRequest,
    state: Data<State>,
    Patient(visitor): Patient,
    Form(Nothing {}): Form<Nothing>,
) -> Result<HttpResponse, Refusal> {
    let id: GrantId = path_id(&request)?;
    let mut unit = state.store.begin().await?;
    end_grant(&mut *unit, &state.ports, GrantEnder::Account(visitor.account()), id).await?;
    unit.save().await?;
    Ok(see_other("/me/access?said=ended"))
}

/// The patient takes an offer back.
pub(in crate::pages) async fn withdraw(
    request: HttpRequest,
    state: Data<State>,
    Patient(visitor): Patient,
    Form(Nothing {}): Form<Nothing>,
) -> Result<HttpResponse, Refusal> {
    let id: GrantId = path_id(&request)?;
    let mut unit = state.store.begin().await?;
    withdraw_grant(&mut *unit, &state.ports, visitor.account(), id).await?;
    unit.save().await?;
    Ok(see_other("/me/access?said=withdrawn"))
}

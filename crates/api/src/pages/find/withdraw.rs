use actix_web::{HttpRequest, HttpResponse, web::Data};
use kinlink_domain::{id::ClaimId, service::withdraw_claim::withdraw as withdraw_claim};
use serde::Deserialize;

use crate::{
    extract::path_id,
    pages::{form::Form, frame::see_other, refusal::Refusal, visitor::Patient},
    state::State,
};

#[derive(Deserialize)]
pub(in crate::pages) struct Withdrawal {}

/// The claimant takes a claim back.
pub(in crate::pages) async fn withdraw(
    request: HttpRequest,
    state: Data<State>,
    Patient(visitor): Patient,
    _: Form<Withdrawal>,
) -> Result<HttpResponse, Refusal> {
    let id: ClaimId = path_id(&request)?;
    let mut unit = state.store.begin().await?;
    withdraw_claim(&mut *unit, &state.ports, visitor.account(), id).await?;
    unit.save().await?;
    Ok(see_other(&format!("/find/{id}")))
}

use actix_web::{HttpResponse, web::Data};
use chrono::{DateTime, Utc};
use kinlink_domain::service::totp::status::status;
use serde::Serialize;
use utoipa::ToSchema;

use super::counts_until;
use crate::{
    extract::PersonCaller,
    problem::{Problem, Refusals},
    state::State,
};

/// The caller's authenticator, without anything secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct StatusAnswer {
    /// The caller's account, to be named to staff who reset the authenticator.
    #[schema(example = "acc_5f0c8f2a6b1d8c3e9a7b4d2c1e0f9a8b")]
    account: String,
    /// `none`, `pending`, `active`, `replacing` or `disabled`.
    #[schema(example = "active")]
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    confirmed_at: Option<DateTime<Utc>>,
    /// Until when the first code of the one that was enrolled last can be given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pending_until: Option<DateTime<Utc>>,
    /// Until when no code is taken, after wrong tries.
    #[serde(skip_serializing_if = "Option::is_none")]
    locked_until: Option<DateTime<Utc>>,
    recovery_codes_left: usize,
    /// Until when this token may do what wants more proof, at every organization that takes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    step_up_until: Option<DateTime<Utc>>,
}

/// Read the state of the caller's own authenticator.
#[utoipa::path(get, path = "/v1/totp", tag = "authenticator", security(("account" = []), ("staff" = [])),
    responses(
        (status = 200, description = "The state", body = StatusAnswer),
        Refusals,
    ))]
pub(crate) async fn read(state: Data<State>, caller: PersonCaller) -> Result<HttpResponse, Problem> {
    let account = caller.login.account;
    let mut unit = state.store.begin_read().await?;
    let known = status(&mut *unit, &state.ports, account).await?;
    let step_up_until = match unit.step_up(account, caller.login.token).await? {
        Some(at) => Some(counts_until(&mut *unit, &caller, at).await?),
        None => None,
    };
    let word = match (known.disabled, known.confirmed_at.is_some(), known.pending_until.is_some()) {
        (true, _, _) => "disabled",
        (false, false, false) => "none",
        (false, false, true) => "pending",
        (false, true, false) => "active",
        (false, true, true) => "replacing",
    };
    Ok(HttpResponse::Ok().json(StatusAnswer {
        account: account.to_string(),
        status: word,
        confirmed_at: known.confirmed_at,
        pending_until: known.pending_until,
        locked_until: known.locked_until,
        recovery_codes_left: known.recovery_codes_left,
        step_up_until: step_up_until.filter(|until| *until > state.ports.clock.now()),
    }))
}

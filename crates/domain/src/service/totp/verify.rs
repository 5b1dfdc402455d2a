//! A code is given with a token: for a while, this token may do what wants more proof than a login.

use chrono::{DateTime, Utc};

use super::{Decided, Given, Login, TotpRefusal, lock, prove, record};
use crate::{
    audit::Action,
    service::Ports,
    step_up::TokenHash,
    store::{StoreError, UnitOfWork},
};

/// Takes a code for this token, and for no other: a second session, perhaps a stolen one, gains nothing.
/// Returns when the code was given; how long it counts is each organization's policy.
pub async fn verify(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    login: Login<'_>,
    token: TokenHash,
    given: &Given,
) -> Result<Decided<DateTime<Utc>>, StoreError> {
    if let Err(refusal) = lock(unit, ports, login.account).await? {
        return Ok(Err(refusal));
    }
    let Some(authenticator) = unit.authenticator(login.account).await? else {
        return Ok(Err(TotpRefusal::NotEnrolled));
    };
    if let Err(refusal) = prove(unit, ports, login, authenticator, given).await? {
        return Ok(Err(refusal));
    }
    let now = ports.clock.now();
    unit.put_step_up(login.account, token, now).await?;
    unit.note_staff(login.account, login.staff_at).await?;
    record(unit, ports, login, Action::TotpVerify, &serde_json::json!({"given": given.word()})).await?;
    Ok(Ok(now))
}

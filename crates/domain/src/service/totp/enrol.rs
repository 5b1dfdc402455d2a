//! A new secret is shown, once.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Decided, Given, Login, TotpRefusal, lock, prove, record};
use crate::{
    audit::Action,
    service::Ports,
    store::{StoreError, UnitOfWork},
    totp::{Authenticator, PENDING, TotpSecret},
};

/// How old a login may be to enrol the first authenticator, in seconds. Nothing else vouches for the person
/// then, and whoever came by a token of hours ago must not gain what step-up is to keep from them.
const FIRST_LOGIN_SECONDS: u32 = 15 * 60;

/// A new secret, to be shown and forgotten.
#[derive(Debug)]
pub struct Enrolled {
    /// The secret.
    pub secret: TotpSecret,
    /// Until when it can be confirmed.
    pub expires_at: DateTime<Utc>,
}

/// Draws a new secret for the account. While one counts, `given` must prove that its owner asks; before, the
/// login must be recent, as far as the token tells.
pub async fn enrol(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    login: Login<'_>,
    given: Option<&Given>,
) -> Result<Decided<Enrolled>, StoreError> {
    if let Err(refusal) = lock(unit, ports, login.account).await? {
        return Ok(Err(refusal));
    }
    let mut current = unit.authenticator(login.account).await?;
    if let Some(active) = current.take_if(|current| current.active().is_some()) {
        let Some(given) = given else { return Ok(Err(TotpRefusal::CodeNeeded)) };
        match prove(unit, ports, login, active, given).await? {
            Ok(proven) => current = Some(proven),
            Err(refusal) => return Ok(Err(refusal)),
        }
    }
    let now = ports.clock.now();
    let replaces = current.as_ref().is_some_and(|current| current.active().is_some());
    let oldest = now - TimeDelta::seconds(FIRST_LOGIN_SECONDS.into());
    if !replaces && login.logged_in_at.is_some_and(|at| at < oldest) {
        return Ok(Err(TotpRefusal::LoginTooOld { max_age: FIRST_LOGIN_SECONDS }));
    }
    let secret = TotpSecret::generate(&*ports.random);
    let sealed = ports.vault.seal(&Authenticator::row(login.account), secret.as_bytes());
    unit.put_authenticator(&Authenticator::enrol(current, login.account, sealed, now)).await?;
    unit.note_staff(login.account, login.staff_at).await?;
    let detail = serde_json::json!({"replaces": replaces});
    record(unit, ports, login, Action::TotpEnrol, &detail).await?;
    Ok(Ok(Enrolled { secret, expires_at: now + PENDING }))
}

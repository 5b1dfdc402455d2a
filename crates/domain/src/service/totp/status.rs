//! Where an account's authenticator stands, without anything secret.

use chrono::{DateTime, Utc};

use super::key;
use crate::{
    attempt::AttemptScope,
    id::AccountId,
    service::Ports,
    store::{StoreError, UnitOfWork},
};

/// Where an account's authenticator stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TotpStatus {
    /// Since when one counts.
    pub confirmed_at: Option<DateTime<Utc>>,
    /// Until when a new one waits for its first code.
    pub pending_until: Option<DateTime<Utc>>,
    /// Whether wrong tries in a row have ended it.
    pub disabled: bool,
    /// Until when no code is taken, after wrong tries.
    pub locked_until: Option<DateTime<Utc>>,
    /// Recovery codes that were not used.
    pub recovery_codes_left: usize,
}

/// Reads it.
pub async fn status(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    account: AccountId,
) -> Result<TotpStatus, StoreError> {
    let now = ports.clock.now();
    let Some(authenticator) = unit.authenticator(account).await? else { return Ok(TotpStatus::default()) };
    let counter = unit.attempts(AttemptScope::Totp, key(account)).await?;
    let codes = unit.recovery_codes(account).await?;
    Ok(TotpStatus {
        confirmed_at: authenticator.active().map(|active| active.confirmed_at),
        pending_until: authenticator.pending(now).map(crate::totp::Pending::expires_at),
        disabled: authenticator.is_disabled(),
        locked_until: counter.and_then(|counter| counter.locked_until(AttemptScope::Totp.limit(), now)),
        recovery_codes_left: codes.iter().filter(|code| code.used_at.is_none()).count(),
    })
}

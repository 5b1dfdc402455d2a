//! The first code of a new secret: from now on it counts, and its recovery codes are shown, once.

use super::{Decided, Login, TotpRefusal, lock, open, record, recovery_input, refuse};
use crate::{
    audit::Action,
    code::{Code, CodeStrength},
    id::AccountId,
    port::Purpose,
    service::Ports,
    store::{StoreError, UnitOfWork},
    totp::{RECOVERY_CODES, RecoveryCode, TotpCode},
};

/// Confirms the secret that was shown last. Returns the recovery codes, to be shown and forgotten.
pub async fn confirm(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    login: Login<'_>,
    code: &TotpCode,
) -> Result<Decided<Vec<Code>>, StoreError> {
    if let Err(refusal) = lock(unit, ports, login.account).await? {
        return Ok(Err(refusal));
    }
    let now = ports.clock.now();
    let authenticator = unit.authenticator(login.account).await?;
    let pending = authenticator.as_ref().and_then(|it| it.pending(now).cloned());
    let (Some(authenticator), Some(pending)) = (authenticator, pending) else {
        return Ok(Err(TotpRefusal::NothingPending));
    };
    let secret = open(ports, login.account, &pending.secret)?;
    let step = secret.step_of(code, now, None);
    let confirmed = step.and_then(|step| authenticator.confirm(step, now).ok());
    let Some(confirmed) = confirmed else {
        return refuse(unit, ports, login, "first_code").await.map(Err);
    };
    unit.put_authenticator(&confirmed).await?;
    // What the old app vouched for is not the new one's to keep.
    unit.forget_step_ups(login.account).await?;
    let codes = new_recovery_codes(unit, ports, login.account).await?;
    unit.note_staff(login.account, login.staff_at).await?;
    record(unit, ports, login, Action::TotpConfirm, &serde_json::json!({})).await?;
    Ok(Ok(codes))
}

/// Draws a new set. Each code has 55 random bits; NIST SP 800-63B, 5.1.2.2, asks for 20 where tries are
/// limited, and for a keyed or salted hash.
async fn new_recovery_codes(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    account: AccountId,
) -> Result<Vec<Code>, StoreError> {
    let draw = |_| Code::generate(CodeStrength::Short, &*ports.random);
    let codes: Vec<Code> = (0..RECOVERY_CODES).map(draw).collect();
    let hash = |code| ports.vault.keyed_hash(Purpose::RecoveryCode, &recovery_input(account, code));
    let kept: Vec<RecoveryCode> = (1..)
        .zip(&codes)
        .map(|(number, code)| RecoveryCode { number, hash: hash(code), used_at: None })
        .collect();
    unit.put_recovery_codes(account, &kept).await?;
    Ok(codes)
}

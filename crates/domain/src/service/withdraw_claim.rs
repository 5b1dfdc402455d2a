//! An account takes its claim back. The same statements whatever became of the claim meanwhile: its review, if
//! there is one, is closed later, by housekeeping.

use super::Ports;
use crate::{
    actor::Actor,
    audit::{Action, Subject},
    claim::{Claim, ClaimRefusal},
    id::{AccountId, ClaimId},
    store::{StoreError, UnitOfWork},
};

/// Why a claim was not withdrawn.
#[derive(Debug, thiserror::Error)]
pub enum WithdrawError {
    /// No such claim of this account.
    #[error("no such claim")]
    NotFound,
    /// It was linked, withdrawn or closed before.
    #[error(transparent)]
    NotOpen(#[from] ClaimRefusal),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Withdraws a claim.
pub async fn withdraw(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    account: AccountId,
    id: ClaimId,
) -> Result<Claim, WithdrawError> {
    let claim = unit.claim_of_account_for_update(account, id).await?.ok_or(WithdrawError::NotFound)?;
    let policy = super::claim_policy(unit, claim.organization).await?;
    let withdrawn = claim.withdraw(&policy, ports.clock.now())?;
    unit.update_claim(&withdrawn).await?;
    let subject = Subject { account: Some(account), ..Subject::default() };
    let detail = serde_json::json!({"claim": id});
    let by = Actor::Account(account);
    unit.record(ports.audit(withdrawn.organization, by, Action::ClaimWithdraw, subject, detail));
    Ok(withdrawn)
}

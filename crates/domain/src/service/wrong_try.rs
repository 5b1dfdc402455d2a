//! Wrong codes, counted on the account that entered them and on the address that they came from; the same for
//! invitations and for claims, so that trying the one uses up the tries of the other.

use chrono::{DateTime, Utc};

use super::{Ports, account_key, address_key};
use crate::{
    attempt::AttemptScope,
    id::AccountId,
    store::{StoreError, UnitOfWork},
};

/// Until when no more codes are taken, if so. The account's counter stays locked until the end of the unit.
pub(super) async fn locked_until(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    account: AccountId,
    address: &str,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let by_account = unit.attempts_for_update(AttemptScope::Account, account_key(account), now).await?;
    let from_address = unit.attempts(AttemptScope::Address, address_key(ports, address)).await?;
    let by_account = by_account.and_then(|counter| counter.locked_until(AttemptScope::Account.limit(), now));
    let from_address =
        from_address.and_then(|counter| counter.locked_until(AttemptScope::Address.limit(), now));
    Ok(by_account.max(from_address))
}

/// Counts one on both.
pub(super) async fn count(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    account: AccountId,
    address: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    unit.count_failure(AttemptScope::Account, account_key(account), now).await?;
    unit.count_failure(AttemptScope::Address, address_key(ports, address), now).await?;
    Ok(())
}

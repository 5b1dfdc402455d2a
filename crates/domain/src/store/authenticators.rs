use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::StoreError;
use crate::{
    id::{AccountId, OrganizationId},
    step_up::TokenHash,
    totp::{Authenticator, RecoveryCode},
};

/// Authenticator apps, their recovery codes, and which tokens a code was given with. What decides about an
/// account's tries first locks its counter ([`crate::attempt::AttemptScope::Totp`]), so one comes after the
/// other.
#[async_trait]
pub trait Authenticators {
    /// The account's authenticator.
    async fn authenticator(&mut self, account: AccountId) -> Result<Option<Authenticator>, StoreError>;
    /// Adds one of version 1, or replaces the one of the version before; else
    /// [`super::Constraint::Version`].
    async fn put_authenticator(&mut self, authenticator: &Authenticator) -> Result<(), StoreError>;
    /// Removes the account's authenticator and its recovery codes.
    async fn remove_authenticator(&mut self, account: AccountId) -> Result<(), StoreError>;

    /// The account's recovery codes, used ones included.
    async fn recovery_codes(&mut self, account: AccountId) -> Result<Vec<RecoveryCode>, StoreError>;
    /// Puts a new set in the place of the account's recovery codes.
    async fn put_recovery_codes(
        &mut self,
        account: AccountId,
        codes: &[RecoveryCode],
    ) -> Result<(), StoreError>;
    /// Uses up a recovery code; false if it was used before.
    async fn use_recovery_code(
        &mut self,
        account: AccountId,
        number: u16,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError>;

    /// Remembers that the account had a staff role at these organizations when it used its authenticator.
    async fn note_staff(
        &mut self,
        account: AccountId,
        organizations: &[OrganizationId],
    ) -> Result<(), StoreError>;
    /// Where the account has had a staff role.
    async fn staff_organizations(&mut self, account: AccountId) -> Result<Vec<OrganizationId>, StoreError>;

    /// Remembers that a code was given with this token.
    async fn put_step_up(
        &mut self,
        account: AccountId,
        token: TokenHash,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError>;
    /// When a code was last given with this token.
    async fn step_up(
        &mut self,
        account: AccountId,
        token: TokenHash,
    ) -> Result<Option<DateTime<Utc>>, StoreError>;
    /// Forgets every code that the account gave.
    async fn forget_step_ups(&mut self, account: AccountId) -> Result<(), StoreError>;
}

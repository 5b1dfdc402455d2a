use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::StoreError;
use crate::{
    ending::{EndedItem, Ending, EndingScope},
    id::{AccountId, EndingId, OrganizationId, PatientId},
    link::Link,
    page::{Listed, Page},
};

/// Endings, and what they touch. Every query names the organization.
#[async_trait]
pub trait Endings {
    /// What is to be touched if everything of this scope ends now: links that are not revoked, invitations that
    /// can be redeemed, claims that a link may still come of. With `lock`, nobody adds a link to the record before
    /// the end of the unit, and nobody else changes those invitations and claims.
    async fn touched(
        &mut self,
        organization: OrganizationId,
        scope: EndingScope,
        lock: bool,
        now: DateTime<Utc>,
    ) -> Result<crate::ending::Touched, StoreError>;
    /// Adds an ending with what it closed.
    async fn add_ending(&mut self, ending: &Ending, closed: &[EndedItem]) -> Result<(), StoreError>;
    /// Replaces the state.
    async fn update_ending(&mut self, ending: &Ending) -> Result<(), StoreError>;
    /// One ending.
    async fn ending(
        &mut self,
        organization: OrganizationId,
        id: EndingId,
    ) -> Result<Option<Ending>, StoreError>;
    /// One ending, locked.
    async fn ending_for_update(
        &mut self,
        organization: OrganizationId,
        id: EndingId,
    ) -> Result<Option<Ending>, StoreError>;
    /// Whether every access to this record, or to one that was merged into it, was ended at `since` or later, and
    /// that was not undone.
    async fn access_ended_since(
        &mut self,
        organization: OrganizationId,
        patient: PatientId,
        since: DateTime<Utc>,
    ) -> Result<bool, StoreError>;
    /// What an ending closed.
    async fn ended_items(
        &mut self,
        organization: OrganizationId,
        id: EndingId,
    ) -> Result<Vec<EndedItem>, StoreError>;
    /// The organization's endings, newest first.
    async fn endings(
        &mut self,
        organization: OrganizationId,
        page: Page,
    ) -> Result<Listed<Ending>, StoreError>;
    /// Puts an account's links where the merges of records lead ([`crate::merge`]), after one was opened again.
    /// Returns those that changed.
    async fn settle_merges(
        &mut self,
        organization: OrganizationId,
        account: AccountId,
        now: DateTime<Utc>,
    ) -> Result<Vec<Link>, StoreError>;
}

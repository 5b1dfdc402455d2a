use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::StoreError;
use crate::{
    id::{AccountId, OrganizationId, PatientId},
    link::Link,
    page::{Listed, Page},
    patient::FhirId,
    policy::Policy,
};

/// What was: each link in every version, each policy since it was set.
#[async_trait]
pub trait History {
    /// The link as it stood at `at`; absent if it was not there yet.
    async fn link_at(&mut self, link: &Link, at: DateTime<Utc>) -> Result<Option<Link>, StoreError>;
    /// The organization's policy as it was at `at`, or its first if that came later.
    async fn policy_at(
        &mut self,
        organization: OrganizationId,
        at: DateTime<Utc>,
    ) -> Result<Option<Policy>, StoreError>;
}

/// An account or a record with many proxy links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crowd<T> {
    /// Which.
    pub of: T,
    /// How many.
    pub proxies: u64,
}

/// Numbers that staff should look at.
#[async_trait]
pub trait Reports {
    /// Accounts with at least so many proxy links that hold, and whether each has acted as staff here.
    async fn crowded_accounts(
        &mut self,
        organization: OrganizationId,
        least: u16,
        page: Page,
        now: DateTime<Utc>,
    ) -> Result<Listed<(Crowd<AccountId>, bool)>, StoreError>;
    /// Records with at least so many proxy links that hold.
    async fn crowded_records(
        &mut self,
        organization: OrganizationId,
        least: u16,
        page: Page,
        now: DateTime<Utc>,
    ) -> Result<Listed<(Crowd<PatientId>, FhirId)>, StoreError>;
}

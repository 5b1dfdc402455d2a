use std::fmt;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::StoreError;
use crate::{
    access_request::AccessRequest,
    bar::Bar,
    code::Locator,
    grant::{Grant, GrantStatus},
    id::{AccountId, BarId, GrantId, LinkId, OrganizationId, PatientId, RequestId},
    page::{Listed, Page},
};

/// Which grants are listed.
#[derive(Debug, Clone, Default)]
pub struct GrantFilter {
    /// Only those for this record.
    pub patient: Option<PatientId>,
    /// Only those that this account accepted.
    pub account: Option<AccountId>,
    /// Only those that stand like this now.
    pub status: Option<GrantStatus>,
}

/// Grants.
#[async_trait]
pub trait Grants {
    /// Adds a grant; [`super::Constraint::Locator`] if its locator is taken.
    async fn add_grant(&mut self, grant: &Grant) -> Result<(), StoreError>;
    /// Replaces terms and state. The grant must be locked, or new.
    async fn update_grant(&mut self, grant: &Grant) -> Result<(), StoreError>;
    /// One grant.
    async fn grant(&mut self, id: GrantId) -> Result<Option<Grant>, StoreError>;
    /// One grant, locked.
    async fn grant_for_update(&mut self, id: GrantId) -> Result<Option<Grant>, StoreError>;
    /// The grant that a code names, locked.
    async fn grant_by_locator_for_update(&mut self, locator: &Locator) -> Result<Option<Grant>, StoreError>;
    /// The grant that a link came from.
    async fn grant_of_link(
        &mut self,
        organization: OrganizationId,
        link: LinkId,
    ) -> Result<Option<Grant>, StoreError>;
    /// The grants for a record and those that were merged into it, newest first.
    async fn grants_to_patient(
        &mut self,
        organization: OrganizationId,
        patient: PatientId,
    ) -> Result<Vec<Grant>, StoreError>;
    /// The grants that an account accepted, at every organization, newest first.
    async fn grants_of_account(&mut self, account: AccountId) -> Result<Vec<Grant>, StoreError>;
    /// The organization's grants, newest first.
    async fn grants(
        &mut self,
        organization: OrganizationId,
        filter: &GrantFilter,
        page: Page,
        now: DateTime<Utc>,
    ) -> Result<Listed<Grant>, StoreError>;
}

/// Bars. Every query names the organization.
#[async_trait]
pub trait Bars {
    /// Adds a bar.
    async fn add_bar(&mut self, bar: &Bar) -> Result<(), StoreError>;
    /// Replaces who lifted it.
    async fn update_bar(&mut self, bar: &Bar) -> Result<(), StoreError>;
    /// One bar, locked.
    async fn bar_for_update(
        &mut self,
        organization: OrganizationId,
        id: BarId,
    ) -> Result<Option<Bar>, StoreError>;
    /// All bars of a record, newest first.
    async fn bars(
        &mut self,
        organization: OrganizationId,
        patient: PatientId,
    ) -> Result<Vec<Bar>, StoreError>;
}

/// Access requests. Every query names the organization or the account.
#[async_trait]
pub trait AccessRequests {
    /// Adds a request, due to be matched at once.
    async fn add_request(&mut self, request: &AccessRequest) -> Result<(), StoreError>;
    /// Replaces the state: one statement, the same for every state.
    async fn update_request(&mut self, request: &AccessRequest) -> Result<(), StoreError>;
    /// One request of an organization.
    async fn request(
        &mut self,
        organization: OrganizationId,
        id: RequestId,
    ) -> Result<Option<AccessRequest>, StoreError>;
    /// One request of an organization, locked.
    async fn request_for_update(
        &mut self,
        organization: OrganizationId,
        id: RequestId,
    ) -> Result<Option<AccessRequest>, StoreError>;
    /// One request of the account that asked.
    async fn request_of_account(
        &mut self,
        account: AccountId,
        id: RequestId,
    ) -> Result<Option<AccessRequest>, StoreError>;
    /// One request of the account that asked, locked.
    async fn request_of_account_for_update(
        &mut self,
        account: AccountId,
        id: RequestId,
    ) -> Result<Option<AccessRequest>, StoreError>;
    /// An account's requests, newest first.
    async fn requests_of_account(
        &mut self,
        account: AccountId,
        page: Page,
    ) -> Result<Listed<AccessRequest>, StoreError>;
    /// The requests that wait for the patient of this record, or of one that was merged into it, newest first.
    async fn requests_to_patient(
        &mut self,
        organization: OrganizationId,
        patient: PatientId,
        now: DateTime<Utc>,
    ) -> Result<Vec<AccessRequest>, StoreError>;
    /// The requests that wait for staff, newest first.
    async fn requests_to_staff(
        &mut self,
        organization: OrganizationId,
        page: Page,
        now: DateTime<Utc>,
    ) -> Result<Listed<AccessRequest>, StoreError>;
}

/// The access requests that wait to be matched, for those who match.
#[async_trait]
pub trait RequestQueue: Send + Sync + fmt::Debug {
    /// Takes up to `limit` submitted requests until `lease_until`. Workers of several replicas share the work:
    /// what one has taken, others pass over until the lease ends.
    async fn take_requests(
        &self,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<(OrganizationId, RequestId)>, StoreError>;
}

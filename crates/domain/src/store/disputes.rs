use async_trait::async_trait;

use super::StoreError;
use crate::{
    dispute::{Dispute, DisputeStatus},
    id::{DisputeId, OrganizationId, PatientId},
    link::Link,
    page::{Listed, Page},
};

/// Disputes. Every query names the organization.
#[async_trait]
pub trait Disputes {
    /// Adds a dispute; [`super::Constraint::OpenDispute`] if its link has an open one.
    async fn add_dispute(&mut self, dispute: &Dispute) -> Result<(), StoreError>;
    /// Replaces the state.
    async fn update_dispute(&mut self, dispute: &Dispute) -> Result<(), StoreError>;
    /// One dispute.
    async fn dispute(
        &mut self,
        organization: OrganizationId,
        id: DisputeId,
    ) -> Result<Option<Dispute>, StoreError>;
    /// All disputes about a link and those that it stands for since records were merged, newest first.
    async fn disputes_of_link(&mut self, link: &Link) -> Result<Vec<Dispute>, StoreError>;
    /// Whether a link to this record, or to one that was merged into it, is or was then disputed and nobody has
    /// decided.
    async fn is_disputed(
        &mut self,
        organization: OrganizationId,
        patient: PatientId,
    ) -> Result<bool, StoreError>;
    /// The organization's disputes, newest first.
    async fn disputes(
        &mut self,
        organization: OrganizationId,
        status: Option<DisputeStatus>,
        page: Page,
    ) -> Result<Listed<Dispute>, StoreError>;
}

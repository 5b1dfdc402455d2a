use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::StoreError;
use crate::{
    id::{OrganizationId, SourceId},
    source::Source,
};

/// The FHIR servers that are followed. Every query names the organization, but for the worker's.
#[async_trait]
pub trait Sources {
    /// Adds a source; a conflict if its organization has one of that name.
    async fn add_source(&mut self, source: &Source) -> Result<(), StoreError>;
    /// Replaces everything but id, organization and name.
    async fn update_source(&mut self, source: &Source) -> Result<(), StoreError>;
    /// Removes a source.
    async fn remove_source(&mut self, organization: OrganizationId, id: SourceId) -> Result<(), StoreError>;
    /// One source.
    async fn source(
        &mut self,
        organization: OrganizationId,
        id: SourceId,
    ) -> Result<Option<Source>, StoreError>;
    /// One source, locked.
    async fn source_for_update(
        &mut self,
        organization: OrganizationId,
        id: SourceId,
    ) -> Result<Option<Source>, StoreError>;
    /// The organization's sources, by name.
    async fn sources(&mut self, organization: OrganizationId) -> Result<Vec<Source>, StoreError>;
    /// The source that is due for longest and that nobody pulls, of whatever organization, locked; sources that
    /// another unit has locked are passed over.
    async fn due_source_for_update(&mut self, now: DateTime<Utc>) -> Result<Option<Source>, StoreError>;
}

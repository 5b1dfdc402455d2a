use kinlink_domain::{id::OrganizationId, store::StoreError};
use sea_orm::{
    ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    sea_query::{Expr, SimpleExpr},
};
use uuid::Uuid;

use crate::{
    Database, SeaStore,
    entity::{organization, patient},
    error::store_error,
};

/// Records that are not in the blocking index: those that were imported before the migration that made it, or
/// the last one that changed its keys. They are not found by anything but their FHIR id.
pub(crate) fn not_indexed() -> SimpleExpr {
    // Word for word the condition of the index `patient_not_indexed`; a bound value would not be recognised.
    Expr::cust("not indexed")
}

/// Records of an organization that are not in the blocking index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unindexed {
    /// The organization's short name.
    pub organization: String,
    /// How many.
    pub records: u64,
}

impl Database {
    /// The organizations with records that `kinlink index rebuild` has yet to put into the index.
    pub async fn unindexed(&self) -> Result<Vec<Unindexed>, StoreError> {
        let select = organization::Entity::find().order_by_asc(organization::Column::Slug);
        let mut found = Vec::new();
        for organization in select.all(&self.reader).await.map_err(store_error)? {
            let records = count(self, organization.id).await?;
            if records > 0 {
                found.push(Unindexed { organization: organization.slug, records });
            }
        }
        Ok(found)
    }
}

async fn count(database: &Database, organization: Uuid) -> Result<u64, StoreError> {
    let select = patient::Entity::find()
        .filter(patient::Column::OrganizationId.eq(organization))
        .filter(not_indexed());
    select.count(&database.reader).await.map_err(store_error)
}

impl SeaStore {
    /// How many of the organization's records are not in the index.
    pub async fn count_unindexed(&self, organization: OrganizationId) -> Result<u64, StoreError> {
        count(&self.database, organization.uuid()).await
    }

    /// Takes all records of the organization for not indexed, so that [`Self::index_records`] writes them anew.
    /// Until it has, they are found as before.
    pub async fn mark_unindexed(&self, organization: OrganizationId) -> Result<u64, StoreError> {
        let update = patient::Entity::update_many()
            .col_expr(patient::Column::Indexed, Expr::value(false))
            .filter(patient::Column::OrganizationId.eq(organization.uuid()));
        Ok(update.exec(&self.database.writer).await.map_err(store_error)?.rows_affected)
    }

    /// Puts up to `limit` records into the index that are not in it, in one transaction, and says how many; none
    /// when all are. Safe at any time, beside imports and other runs.
    pub async fn index_records(&self, organization: OrganizationId, limit: u32) -> Result<u64, StoreError> {
        self.begin_unit().await?.index_some(organization, limit).await
    }
}

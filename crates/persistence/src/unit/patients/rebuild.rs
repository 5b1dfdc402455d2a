//! Entries for records that were stored before the index had them.

use kinlink_domain::{id::OrganizationId, store::StoreError};
use rayon::prelude::*;
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, LockType},
};

use super::{super::SeaUnit, index::Entries, row::Stored};
use crate::{entity::patient, error::store_error, index::not_indexed};

impl SeaUnit {
    /// Indexes up to `limit` records and commits. Rows are locked in the order of their FHIR ids, as imports do.
    pub(crate) async fn index_some(
        self,
        organization: OrganizationId,
        limit: u32,
    ) -> Result<u64, StoreError> {
        use patient::Column;
        let rows = patient::Entity::find()
            .filter(Column::OrganizationId.eq(organization.uuid()))
            .filter(not_indexed())
            .order_by_asc(Column::FhirId)
            .limit(u64::from(limit))
            .lock(LockType::Update)
            .all(&self.tx)
            .await
            .map_err(store_error)?;
        let vault = &*self.vault;
        let indexed: Result<Vec<_>, StoreError> = rows
            .into_par_iter()
            .map(|row| {
                let (id, before) = (row.id, Entries::from_bytes(row.index_keys.as_deref())?);
                let record = Stored::open(row, vault)?.record;
                Ok((id, before, Entries::of(organization, &record.demographics, vault)))
            })
            .collect();
        let indexed = indexed?;
        let removed = indexed.iter().flat_map(|(id, before, now)| before.without(now, *id)).collect();
        self.remove_entries(organization, removed).await?;
        // All of them, since some may be missing: what is there already is left alone.
        let nothing = Entries::default();
        let added = indexed.iter().flat_map(|(id, _, now)| now.without(&nothing, *id)).collect();
        self.add_entries(organization, added).await?;
        for (id, _, now) in &indexed {
            patient::Entity::update_many()
                .col_expr(Column::IndexKeys, Expr::value(now.to_bytes()))
                .col_expr(Column::Indexed, Expr::value(true))
                .filter(Column::OrganizationId.eq(organization.uuid()))
                .filter(Column::Id.eq(*id))
                .exec(&self.tx)
                .await
                .map_err(store_error)?;
        }
        Box::new(self).save_all().await?;
        Ok(u64::try_from(indexed.len()).unwrap_or_default())
    }
}

//! The records that may be a person's, by the blocking index.

use std::collections::HashMap;

use kinlink_domain::{
    demographics::Demographics,
    id::OrganizationId,
    store::{Candidates, StoreError},
};
use kinlink_matching::{Person, lookup_keys};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QuerySelect, QueryTrait,
    sea_query::{Alias, Asterisk, Expr, Order, Query, SelectStatement, UnionType},
};
use uuid::Uuid;

use super::{super::SeaUnit, index::entry, row::Stored};
use crate::{
    entity::{patient, patient_key},
    error::store_error,
    index::not_indexed,
};

/// Records that one key leads to at most. A key that leads to more (a telephone number of a shelter, the most
/// common name of a large hospital) tells little: whoever shares more with the person is also found by another
/// key.
pub(super) const BLOCK: usize = 1_000;
/// Records that are read, decrypted and compared at most.
pub(super) const READ: usize = 200;

/// How a record was found.
#[derive(Debug, Clone, Copy)]
struct Found {
    /// How many keys it shares with the person.
    shared: usize,
    /// How many records share the rarest of them.
    rarest: usize,
}

impl SeaUnit {
    pub(super) async fn find_candidates(
        &self,
        organization: OrganizationId,
        demographics: &Demographics,
    ) -> Result<Candidates, StoreError> {
        let keys = lookup_keys(&Person::of(demographics));
        let mut entries: Vec<_> = keys.iter().map(|key| entry(organization, key, &*self.vault)).collect();
        entries.sort_unstable();
        entries.dedup();
        let (ids, cut) = best(&self.blocks(organization, &entries).await?);
        let records = self.open_in_order(organization, &ids).await?;
        Ok(Candidates { records, crowded: cut || self.has_unindexed(organization).await? })
    }

    /// The records of each block, in one statement whatever the number of keys. Each of its parts reads a range
    /// of the primary key `(organization_id, key_hash, patient_id)` of `patient_key` and nothing else, in its
    /// order, up to the limit: an index-only scan on PostgreSQL, the table itself on SQLite.
    async fn blocks(
        &self,
        organization: OrganizationId,
        entries: &[i64],
    ) -> Result<Vec<(i64, Uuid)>, StoreError> {
        let Some((first, others)) = entries.split_first() else { return Ok(Vec::new()) };
        let mut statement = block(organization, *first);
        for entry in others {
            statement.union(UnionType::All, block(organization, *entry));
        }
        let rows = self.tx.query_all(&statement).await.map_err(store_error)?;
        rows.iter().map(|row| row.try_get_many_by_index().map_err(store_error)).collect()
    }

    /// By the primary key `(organization_id, id)` of `patient`.
    async fn open_in_order(
        &self,
        organization: OrganizationId,
        ids: &[Uuid],
    ) -> Result<Vec<kinlink_domain::patient::PatientRecord>, StoreError> {
        let rows = patient::Entity::find()
            .filter(patient::Column::OrganizationId.eq(organization.uuid()))
            .filter(patient::Column::Id.is_in(ids.iter().copied()))
            .all(&self.tx)
            .await
            .map_err(store_error)?;
        let mut rows: HashMap<_, _> = rows.into_iter().map(|row| (row.id, row)).collect();
        let in_order = ids.iter().filter_map(|id| rows.remove(id));
        in_order.map(|row| Stored::open(row, &*self.vault)).collect()
    }

    /// By the index `patient_not_indexed`, which is empty but after a migration.
    async fn has_unindexed(&self, organization: OrganizationId) -> Result<bool, StoreError> {
        let select = patient::Entity::find()
            .select_only()
            .column(patient::Column::Id)
            .filter(patient::Column::OrganizationId.eq(organization.uuid()))
            .filter(not_indexed())
            .limit(1)
            .into_query();
        Ok(self.tx.query_one(&select).await.map_err(store_error)?.is_some())
    }
}

/// The records under one entry, and one more than fit if there are more.
fn block(organization: OrganizationId, entry: i64) -> SelectStatement {
    use patient_key::Column;
    let limit = u64::try_from(BLOCK + 1).unwrap_or(u64::MAX);
    let limited = Query::select()
        .columns([Column::KeyHash, Column::PatientId])
        .from(patient_key::Entity)
        .and_where(Expr::col(Column::OrganizationId).eq(organization.uuid()))
        .and_where(Expr::col(Column::KeyHash).eq(entry))
        .order_by(Column::PatientId, Order::Asc)
        .limit(limit)
        .to_owned();
    // SQLite takes a limit within a union in a subquery only.
    Query::select().column(Asterisk).from_subquery(limited, Alias::new("block")).to_owned()
}

/// The records worth a comparison, those that share most first, and whether one that is worth it may have been left
/// out.
///
/// A record that shares less than a quarter of the keys that the best one shares is a stranger who has a name, a
/// street or a birth date in common: among a million there are hundreds, and to read them all would cost more than
/// all else together. Records in a cut block share that key at least, so as many as there are cut blocks at most
/// if no other block shows them.
fn best(blocks: &[(i64, Uuid)]) -> (Vec<Uuid>, bool) {
    let mut sizes: HashMap<i64, usize> = HashMap::new();
    for (entry, _) in blocks {
        *sizes.entry(*entry).or_default() += 1;
    }
    let cut_blocks = sizes.values().filter(|size| **size > BLOCK).count();
    let mut found: HashMap<Uuid, Found> = HashMap::with_capacity(blocks.len());
    for (entry, id) in blocks {
        let size = sizes.get(entry).copied().unwrap_or_default();
        let one = found.entry(*id).or_insert(Found { shared: 0, rarest: usize::MAX });
        one.shared += 1;
        one.rarest = one.rarest.min(size);
    }
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_unstable_by_key(|(id, found)| (std::cmp::Reverse(found.shared), found.rarest, *id));
    let most = found.first().map_or(0, |(_, best)| best.shared);
    let is_worth = |shared: usize| shared > 0 && 4 * shared >= most;
    // Who shares two keys with a person whom others share more with is nobody to be afraid of missing.
    let is_missed = |shared: usize| 2 * shared >= most && (shared >= 3 || most < 3);
    let unread = found.get(READ).map_or(0, |(_, next)| next.shared);
    let left_out = most > 0 && (is_missed(unread) || is_missed(cut_blocks));
    found.retain(|(_, one)| is_worth(one.shared));
    (found.into_iter().take(READ).map(|(id, _)| id).collect(), left_out)
}

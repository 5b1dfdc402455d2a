//! The entries of records in the blocking index, `patient_key`.
//!
//! An entry is the first 8 bytes of a keyed hash over organization, kind and value. With 8 bytes instead of 16
//! the index is a seventh smaller. A lookup of 20 keys among 12,000,000 entries meets one by chance once in
//! 10^11 times, and then a record is compared with somebody, and rejected, for nothing.

use std::collections::BTreeSet;

use kinlink_domain::{
    demographics::Demographics,
    id::OrganizationId,
    port::{Purpose, Vault},
    store::StoreError,
};
use kinlink_matching::{BlockingKey, Person, stored_keys};
use sea_orm::{ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter, Set, sea_query::OnConflict};
use uuid::Uuid;

use super::super::SeaUnit;
use crate::{convert::corrupt, entity::patient_key, error::store_error};

/// Entries in one statement: three parameters each, below SQLite's 32,766.
const ENTRIES: usize = 5_000;
/// Entries in one deletion: each adds to the depth of its condition, which SQLite limits to 1,000.
const DELETIONS: usize = 400;

/// The entry of a key. With the organization in front, two hospitals' indexes cannot be compared.
pub(super) fn entry(organization: OrganizationId, key: &BlockingKey, vault: &dyn Vault) -> i64 {
    let input = [organization.uuid().as_bytes().as_slice(), &[key.kind.number()], &key.value].concat();
    let hash = u128::from_be_bytes(vault.index_hash(Purpose::PatientIndex, &input));
    let first = u64::try_from(hash >> 64).unwrap_or_default();
    first.cast_signed()
}

/// All entries of a record, as `patient.index_keys` keeps them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Entries(BTreeSet<i64>);

impl Entries {
    pub(super) fn of(organization: OrganizationId, demographics: &Demographics, vault: &dyn Vault) -> Self {
        let keys = stored_keys(&Person::of(demographics));
        Self(keys.iter().map(|key| entry(organization, key, vault)).collect())
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|entry| entry.to_be_bytes()).collect()
    }

    /// What was written of a record before; nothing if it was never indexed.
    pub(super) fn from_bytes(bytes: Option<&[u8]>) -> Result<Self, StoreError> {
        let (entries, rest) = bytes.unwrap_or_default().as_chunks::<8>();
        if !rest.is_empty() {
            return Err(corrupt("patient", "its index entries are cut off"));
        }
        Ok(Self(entries.iter().map(|entry| i64::from_be_bytes(*entry)).collect()))
    }

    /// Those which are not among `others`, each for this record.
    pub(super) fn without<'e>(
        &'e self,
        others: &'e Self,
        id: Uuid,
    ) -> impl Iterator<Item = (i64, Uuid)> + 'e {
        self.0.difference(&others.0).map(move |entry| (*entry, id))
    }
}

impl SeaUnit {
    /// Writes entries. In their order, so that neighbours of the tree are written together.
    pub(super) async fn add_entries(
        &self,
        organization: OrganizationId,
        mut entries: Vec<(i64, Uuid)>,
    ) -> Result<(), StoreError> {
        use patient_key::Column;
        entries.sort_unstable();
        for entries in entries.chunks(ENTRIES) {
            let rows = entries.iter().map(|(key_hash, patient_id)| patient_key::ActiveModel {
                organization_id: Set(organization.uuid()),
                key_hash: Set(*key_hash),
                patient_id: Set(*patient_id),
            });
            let mut known = OnConflict::columns([Column::OrganizationId, Column::KeyHash, Column::PatientId]);
            let insert = patient_key::Entity::insert_many(rows).on_conflict(known.do_nothing().to_owned());
            insert.exec_without_returning(&self.tx).await.map_err(store_error)?;
        }
        Ok(())
    }

    pub(super) async fn remove_entries(
        &self,
        organization: OrganizationId,
        mut entries: Vec<(i64, Uuid)>,
    ) -> Result<(), StoreError> {
        use patient_key::Column;
        entries.sort_unstable();
        for entries in entries.chunks(DELETIONS) {
            let any = entries.iter().fold(Condition::any(), |any, (key_hash, patient_id)| {
                any.add(Column::KeyHash.eq(*key_hash).and(Column::PatientId.eq(*patient_id)))
            });
            patient_key::Entity::delete_many()
                .filter(Column::OrganizationId.eq(organization.uuid()))
                .filter(any)
                .exec(&self.tx)
                .await
                .map_err(store_error)?;
        }
        Ok(())
    }
}

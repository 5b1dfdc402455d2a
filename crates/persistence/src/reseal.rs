//! What old keys sealed, sealed anew with the current one; and what each key is still needed for.

mod places;

use chrono::{DateTime, Utc};
use kinlink_domain::{
    port::{KeyId, Sealed},
    store::StoreError,
};
use sea_orm::{ConnectionTrait, DatabaseConnection, QueryResult, Statement, Value};

use self::places::{HASHES, PLACES, Place};
use crate::{SeaStore, convert::key_id, error::store_error};

/// Rows in one transaction: short enough for others to get in between.
const BATCH: usize = 500;

/// How far the sealing anew is. Beginning again does no harm: what is done is passed over.
#[derive(Debug, Clone, Default)]
pub struct Resealing {
    place: usize,
    after: Option<Vec<Value>>,
    /// Rows sealed anew.
    pub resealed: u64,
    /// Rows that do not open: damaged, or of a key that is not there.
    pub unreadable: u64,
}

/// What rows need a key for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyUseKind {
    /// To be opened; they can be sealed anew.
    Sealed,
    /// To be compared with what somebody shows. Only whoever has that could make them anew.
    Hashed,
    /// To check the audit, which a retired key still does.
    Audit,
}

/// Rows that need a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUse {
    /// The key.
    pub key: KeyId,
    /// Their table.
    pub table: &'static str,
    /// What for.
    pub kind: KeyUseKind,
    /// How many.
    pub rows: u64,
}

/// A row that an old key sealed.
struct Found {
    key: Vec<Value>,
    sealed: Sealed,
    bound_to: Vec<u8>,
}

impl SeaStore {
    /// Seals the next rows anew that another key than the current one sealed; absent after the last. A row that
    /// changes meanwhile is left to who changes it.
    pub async fn reseal_next(&self, so_far: Resealing) -> Result<Option<Resealing>, StoreError> {
        let Some(place) = PLACES.get(so_far.place) else { return Ok(None) };
        let found = self.sealed_otherwise(place, so_far.after.as_deref()).await?;
        let mut progress = so_far;
        match found.last() {
            Some(last) if found.len() == BATCH => progress.after = Some(last.key.clone()),
            _ => (progress.place, progress.after) = (progress.place + 1, None),
        }
        if found.is_empty() {
            return Ok(Some(progress));
        }
        let unit = self.begin_unit().await?;
        for row in found {
            match self.ports.vault.open(&row.bound_to, &row.sealed) {
                Err(_) => progress.unreadable += 1,
                Ok(plain) => {
                    let anew = self.ports.vault.seal(&row.bound_to, &plain);
                    progress.resealed +=
                        unit.reseal(place.replace(self.database.backend(), &row, anew)).await?;
                }
            }
        }
        unit.commit_as_is().await?;
        Ok(Some(progress))
    }

    async fn sealed_otherwise(
        &self,
        place: &Place,
        after: Option<&[Value]>,
    ) -> Result<Vec<Found>, StoreError> {
        let current = self.ports.vault.current_key();
        let statement = place.select(self.database.backend(), current, after, BATCH);
        let rows = self.database.reader.query_all_raw(statement).await.map_err(store_error)?;
        rows.iter().map(|row| found(place, row)).collect()
    }

    /// What each key is needed for at this moment, table by table. Reads every row's key.
    pub async fn key_uses(&self, now: DateTime<Utc>) -> Result<Vec<KeyUse>, StoreError> {
        let reader = &self.database.reader;
        let mut uses = Vec::new();
        for place in PLACES {
            uses.extend(count(reader, place.table, place.counted(reader), KeyUseKind::Sealed).await?);
        }
        for hash in HASHES {
            uses.extend(count(reader, hash.table, hash.counted(reader, now), hash.kind).await?);
        }
        Ok(uses)
    }
}

fn found(place: &Place, row: &QueryResult) -> Result<Found, StoreError> {
    let key = place.key.iter().map(|column| column.read(row)).collect::<Result<_, _>>();
    let stored = row.try_get("", "old_key_id").map_err(store_error)?;
    Ok(Found {
        key: key.map_err(store_error)?,
        sealed: Sealed {
            key: key_id(place.table, stored)?,
            bytes: row.try_get("", "old_sealed").map_err(store_error)?,
        },
        bound_to: (place.bound_to)(row).map_err(store_error)?,
    })
}

async fn count(
    reader: &DatabaseConnection,
    table: &'static str,
    statement: Statement,
    kind: KeyUseKind,
) -> Result<Vec<KeyUse>, StoreError> {
    let rows = reader.query_all_raw(statement).await.map_err(store_error)?;
    let one = |row: &QueryResult| {
        let (key, rows): (i32, i64) = (
            row.try_get("", "a_key").map_err(store_error)?,
            row.try_get("", "a_count").map_err(store_error)?,
        );
        Ok(KeyUse { key: key_id(table, key)?, table, kind, rows: u64::try_from(rows).unwrap_or_default() })
    };
    rows.iter().map(one).collect()
}

use std::{collections::HashSet, sync::Once};

use kinlink_domain::store::{Schema, StoreError};
use kinlink_migrations::Migrator;
use sea_orm::{ConnectionTrait, Statement};
use sea_orm_migration::MigratorTrait;

use crate::{Database, convert::corrupt, error::store_error};

/// A migration and whether it was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationStatus {
    /// Its name, beginning with its date.
    pub name: String,
    /// Whether the database has it.
    pub applied: bool,
    /// Whether this program has it. One that it does not have was applied by a newer program, and leaves this one
    /// working: migrations add first, and take away a version later (CONTRIBUTING.md).
    pub known: bool,
}

impl Database {
    /// Applies all pending migrations, or the next `steps`. Does nothing to a schema that a newer program made.
    pub async fn migrate_up(&self, steps: Option<u32>) -> Result<(), StoreError> {
        let status = self.migration_status().await?;
        if status.iter().all(|migration| migration.applied) {
            return Ok(());
        }
        refuse_newer(&status)?;
        Migrator::up(&self.writer, steps).await.map_err(store_error)
    }

    /// Takes back the last `steps` migrations, with everything in their tables.
    pub async fn migrate_down(&self, steps: u32) -> Result<(), StoreError> {
        refuse_newer(&self.migration_status().await?)?;
        Migrator::down(&self.writer, Some(steps)).await.map_err(store_error)
    }

    /// All migrations of this program, in order, and behind them those that only the database has. Writes nothing and
    /// waits for no writer, so that readiness may ask it.
    ///
    /// An unknown migration that does not come after the known ones is of a program that was made otherwise, and
    /// [`StoreError::Corrupt`].
    pub async fn migration_status(&self) -> Result<Vec<MigrationStatus>, StoreError> {
        let applied = self.applied_migrations().await?;
        let known: Vec<String> = Migrator::migrations().iter().map(|one| one.name().to_owned()).collect();
        let newest = known.last().cloned().unwrap_or_default();
        let mut newer: Vec<&String> = applied.iter().filter(|name| !known.contains(name)).collect();
        newer.sort_unstable();
        if let Some(foreign) = newer.first().filter(|name| ***name < newest) {
            return Err(corrupt("schema", format!("this program does not have its migration {foreign}")));
        }
        let later = newer.into_iter().map(|name| (name.clone(), false)).collect::<Vec<_>>();
        let all = known.into_iter().map(|name| (name, true)).chain(later);
        Ok(all
            .map(|(name, known)| MigrationStatus { applied: applied.contains(&name), name, known })
            .collect())
    }

    /// Whether this program can work on the schema; says once in the log if a newer program made it.
    pub async fn schema(&self) -> Result<Schema, StoreError> {
        static TOLD: Once = Once::new();
        let status = self.migration_status().await?;
        if let Some(pending) = status.iter().find(|migration| !migration.applied) {
            return Err(corrupt("schema", format!("migration {} is pending", pending.name)));
        }
        let newer = status.iter().filter(|migration| !migration.known).count();
        if newer == 0 {
            return Ok(Schema::Own);
        }
        TOLD.call_once(|| {
            tracing::warn!(
                newer,
                "the database's schema is newer than this program, which works on as before"
            );
        });
        Ok(Schema::Newer)
    }

    /// Not by sea-orm's own list, which is an error as soon as the database holds a migration that is not in it.
    async fn applied_migrations(&self) -> Result<HashSet<String>, StoreError> {
        let backend = self.backend();
        let exists = match backend {
            sea_orm::DbBackend::Sqlite => {
                "select 1 from sqlite_master where type = 'table' and name = 'seaql_migrations'"
            }
            _ => {
                "select 1 from information_schema.tables \
                 where table_schema = current_schema() and table_name = 'seaql_migrations'"
            }
        };
        let exists = self.reader.query_one_raw(Statement::from_string(backend, exists)).await;
        if exists.map_err(store_error)?.is_none() {
            return Ok(HashSet::new());
        }
        let statement = Statement::from_string(backend, "select version from seaql_migrations");
        let rows = self.reader.query_all_raw(statement).await.map_err(store_error)?;
        rows.iter().map(|row| row.try_get("", "version").map_err(store_error)).collect()
    }
}

/// What a newer program applied, only that program can take back, or put others before.
fn refuse_newer(status: &[MigrationStatus]) -> Result<(), StoreError> {
    match status.iter().rev().find(|migration| !migration.known) {
        None => Ok(()),
        Some(newer) => {
            let name = &newer.name;
            Err(corrupt(
                "schema",
                format!("its migration {name} is of a newer program; use that one for this"),
            ))
        }
    }
}

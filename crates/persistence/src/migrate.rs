use kinlink_domain::store::StoreError;
use kinlink_migrations::Migrator;
use sea_orm_migration::MigratorTrait;

use crate::{Database, error::store_error};

/// A migration and whether it was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationStatus {
    /// Its name, beginning with its date.
    pub name: String,
    /// Whether the database has it.
    pub applied: bool,
}

impl Database {
    /// Applies all pending migrations, or the next `steps`.
    pub async fn migrate_up(&self, steps: Option<u32>) -> Result<(), StoreError> {
        Migrator::up(&self.writer, steps).await.map_err(store_error)
    }

    /// Takes back the last `steps` migrations, with everything in their tables.
    pub async fn migrate_down(&self, steps: u32) -> Result<(), StoreError> {
        Migrator::down(&self.writer, Some(steps)).await.map_err(store_error)
    }

    /// All migrations, in order. Writes nothing and waits for no writer, so that readiness may ask it.
    pub async fn migration_status(&self) -> Result<Vec<MigrationStatus>, StoreError> {
        let pending = Migrator::get_pending_migrations_read_only(&self.reader).await.map_err(store_error)?;
        let pending: Vec<&str> = pending.iter().map(sea_orm_migration::Migration::name).collect();
        let all = Migrator::migrations();
        let status = all.iter().map(|migration| {
            let name = migration.name().to_owned();
            MigrationStatus { applied: !pending.contains(&name.as_str()), name }
        });
        Ok(status.collect())
    }
}

//! The schema, forward and back, on SQLite and PostgreSQL. A migration that has landed is never edited.

mod m20261124_000001_main_job;
mod m20261124_000002_claims;
mod m20261124_000003_step_up;
mod m20261124_000004_proofing;
mod m20261124_000005_disputes;
mod m20261124_000006_blocking_index;
mod m20261124_000007_access;
mod m20261124_000008_grants;
mod m20261124_000009_ending;
mod m20261124_000010_events;
mod m20261124_000011_connections;
mod m20261124_000012_sources;
mod m20261124_000013_provisioning;
mod m20261124_000014_signing_keys;
mod m20261124_000015_provisioning_preview;
mod m20261124_000016_link_turns;
mod statements;

use sea_orm_migration::prelude::{MigrationTrait, MigratorTrait};

/// All migrations, in order.
#[derive(Debug)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261124_000001_main_job::Migration),
            Box::new(m20261124_000002_claims::Migration),
            Box::new(m20261124_000003_step_up::Migration),
            Box::new(m20261124_000004_proofing::Migration),
            Box::new(m20261124_000005_disputes::Migration),
            Box::new(m20261124_000006_blocking_index::Migration),
            Box::new(m20261124_000007_access::Migration),
            Box::new(m20261124_000008_grants::Migration),
            Box::new(m20261124_000009_ending::Migration),
            Box::new(m20261124_000010_events::Migration),
            Box::new(m20261124_000011_connections::Migration),
            Box::new(m20261124_000012_sources::Migration),
            Box::new(m20261124_000013_provisioning::Migration),
            Box::new(m20261124_000014_signing_keys::Migration),
            Box::new(m20261124_000015_provisioning_preview::Migration),
            Box::new(m20261124_000016_link_turns::Migration),
        ]
    }
}

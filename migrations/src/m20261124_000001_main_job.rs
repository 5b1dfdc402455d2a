//! Organizations, accounts, patient records, invitations, links, clients, audit, outbox, change feed.
//!
//! Every table begins with or carries its distribution key (docs/architecture.md); constraints that the
//! domain knows have names (`persistence/src/error.rs` maps them).

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};

use crate::statements::run;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, include_str!("main_job/up.sql")).await?;
        // One row for each partition of the change feed: a writer locks it, and finds it there.
        let heads: Vec<String> = (0..64).map(|partition| format!("({partition}, 0)")).collect();
        run(manager, &format!("insert into change_head (partition, seq) values {}", heads.join(", "))).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, include_str!("main_job/down.sql")).await
    }
}

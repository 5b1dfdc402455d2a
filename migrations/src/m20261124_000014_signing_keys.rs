//! One table for the keys of every purpose, with those that are there.
//!
//! A private half is bound to its row's name when it is sealed. That of an event's key is unchanged; an answer's key
//! keeps the name that holds the UUID which it is bound to. One that had a follower ends where that was made. On the way
//! back, answers' keys with newer names and those that were replaced stay behind: the program of then makes itself a
//! new one.

use sea_orm_migration::{
    prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait},
    sea_orm::DbBackend,
};

use crate::statements::run;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let id_as_hex = match manager.get_database_backend() {
            DbBackend::Sqlite => "lower(hex(id))",
            _ => "replace(id::text, '-', '')",
        };
        run(manager, &include_str!("signing_keys/up.sql").replace("{id_as_hex}", id_as_hex)).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let id_from_hex = match manager.get_database_backend() {
            DbBackend::Sqlite => "unhex(substr(kid, 5))",
            _ => "substr(kid, 5)::uuid",
        };
        run(manager, &include_str!("signing_keys/down.sql").replace("{id_from_hex}", id_from_hex)).await
    }
}

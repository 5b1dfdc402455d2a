//! SQL that both databases read, but for the names of a few column types.

use sea_orm_migration::{
    prelude::{DbErr, SchemaManager},
    sea_orm::{ConnectionTrait, DbBackend},
};

/// Runs statements separated by semicolons at line ends, with `{uuid}`, `{bytes}` and `{timestamp}` replaced
/// by what the database calls them. `{no_bytes}` is the empty value of `{bytes}`; a `{clustered}` table is its
/// primary key's tree and nothing besides, where the database has such tables.
pub(crate) async fn run(manager: &SchemaManager<'_>, sql: &str) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    // SQLite keeps a UUID as 16 bytes and a timestamp as RFC 3339 text in UTC, which sorts by time.
    let (uuid, bytes, timestamp) = match manager.get_database_backend() {
        DbBackend::Sqlite => ("blob", "blob", "text"),
        _ => ("uuid", "bytea", "timestamptz"),
    };
    let (no_bytes, clustered) = match manager.get_database_backend() {
        DbBackend::Sqlite => ("x''", "without rowid"),
        _ => ("''::bytea", ""),
    };
    let sql = sql.replace("{no_bytes}", no_bytes).replace("{clustered}", clustered);
    let sql = sql.replace("{uuid}", uuid).replace("{bytes}", bytes).replace("{timestamp}", timestamp);
    for statement in sql.split(";\n").map(str::trim).filter(|statement| !statement.is_empty()) {
        connection.execute_unprepared(statement).await?;
    }
    Ok(())
}

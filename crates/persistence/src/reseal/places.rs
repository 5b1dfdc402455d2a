//! Every column that holds what a key sealed or hashed. A test compares the list with the schema.

use chrono::{DateTime, Utc};
use kinlink_domain::{
    id::Id,
    port::{KeyId, Sealed},
    totp::Authenticator,
};
use sea_orm::{DatabaseConnection, DbBackend, DbErr, QueryResult, Statement, Value};
use uuid::Uuid;

use super::{Found, KeyUseKind};
use crate::unit::{candidate_name, patient_row_name, signing_key_name};

/// A column of a primary key.
#[derive(Debug, Clone, Copy)]
pub(super) enum Column {
    Uuid(&'static str),
    Integer(&'static str),
    Text(&'static str),
    Bytes(&'static str),
}

use Column::{Bytes, Integer, Text, Uuid as Id16};

/// Where sealed bytes are.
pub(super) struct Place {
    pub(super) table: &'static str,
    /// The primary key.
    pub(super) key: &'static [Column],
    /// What stands before `key_id` and `sealed` in the columns' names.
    prefix: &'static str,
    /// What is read beside the primary key, to know what a row is bound to.
    beside: &'static [&'static str],
    /// What a row is bound to: what it was sealed for.
    pub(super) bound_to: fn(&QueryResult) -> Result<Vec<u8>, DbErr>,
}

/// Where hashes are that only a key can check.
pub(super) struct Hash {
    pub(super) table: &'static str,
    column: &'static str,
    /// Which rows still count; `$1` is the present.
    counts: &'static str,
    pub(super) kind: KeyUseKind,
}

const OF_ORGANIZATION: &[Column] = &[Id16("organization_id"), Id16("id")];
const OF_ACCOUNT: &[Column] = &[Id16("account_id"), Id16("id")];

pub(super) const PLACES: &[Place] = &[
    place("patient", OF_ORGANIZATION, "", &["fhir_id"], |row| {
        let fhir_id: String = row.try_get("", "fhir_id")?;
        Ok(patient_row_name(row.try_get("", "organization_id")?, &fhir_id))
    }),
    place("patient", OF_ORGANIZATION, "exception_", &[], id),
    place("claim", OF_ORGANIZATION, "", &[], id),
    place(
        "claim_candidate",
        &[Id16("organization_id"), Id16("claim_id"), Integer("place")],
        "",
        &["patient_id"],
        |row| Ok(candidate_name(row.try_get("", "claim_id")?, row.try_get("", "patient_id")?)),
    ),
    place("proxy_grant", OF_ORGANIZATION, "contact_", &[], id),
    place("access_request", OF_ORGANIZATION, "", &[], id),
    place("bar", OF_ORGANIZATION, "", &[], id),
    place("link", OF_ACCOUNT, "facts_", &[], id),
    place("link_history", &[Id16("account_id"), Id16("link_id"), Integer("version")], "facts_", &[], |row| {
        uuid(row, "link_id")
    }),
    place("authenticator", &[Id16("account_id")], "active_", &[], authenticator),
    place("authenticator", &[Id16("account_id")], "pending_", &[], authenticator),
    place("outbox_message", &[Id16("id")], "", &[], id),
    place("idempotency_answer", &[Bytes("request")], "", &[], |row| row.try_get("", "request")),
    place("picker", OF_ACCOUNT, "", &[], id),
    place("event_stream", &[Id16("client_id"), Id16("id")], "", &[], id),
    place("patient_source", OF_ORGANIZATION, "", &[], id),
    place("provisioning_target", OF_ORGANIZATION, "", &[], id),
    place("signing_key", &[Text("purpose"), Integer("number")], "", &["kid"], |row| {
        let (purpose, kid): (String, String) = (row.try_get("", "purpose")?, row.try_get("", "kid")?);
        Ok(signing_key_name(&purpose, &kid))
    }),
];

pub(super) const HASHES: &[Hash] = &[
    hash("api_key", "key_id", "expires_at is null or expires_at > $1"),
    hash("patient_source", "token_key_id", "true"),
    hash("invitation", "code_key_id", "ended_at is null and expires_at > $1"),
    hash("claim", "code_key_id", "ended_at is null and expires_at > $1"),
    hash("proxy_grant", "code_key_id", "ended_at is null and accepted_at is null and expires_at > $1"),
    hash("picker", "browser_key_id", "answered_at is null and expires_at > $1"),
    hash("recovery_code", "key_id", "used_at is null"),
    Hash { kind: KeyUseKind::Audit, ..hash("audit_entry", "key_id", "true") },
    Hash { kind: KeyUseKind::Audit, ..hash("audit_end", "key_id", "true") },
];

const fn place(
    table: &'static str,
    key: &'static [Column],
    prefix: &'static str,
    beside: &'static [&'static str],
    bound_to: fn(&QueryResult) -> Result<Vec<u8>, DbErr>,
) -> Place {
    Place { table, key, prefix, beside, bound_to }
}

const fn hash(table: &'static str, column: &'static str, counts: &'static str) -> Hash {
    Hash { table, column, counts, kind: KeyUseKind::Hashed }
}

fn uuid(row: &QueryResult, column: &str) -> Result<Vec<u8>, DbErr> {
    let id: Uuid = row.try_get("", column)?;
    Ok(id.as_bytes().to_vec())
}

fn id(row: &QueryResult) -> Result<Vec<u8>, DbErr> {
    uuid(row, "id")
}

fn authenticator(row: &QueryResult) -> Result<Vec<u8>, DbErr> {
    Ok(Authenticator::row(Id::from_uuid(row.try_get("", "account_id")?)))
}

impl Column {
    const fn name(self) -> &'static str {
        match self {
            Id16(name) | Integer(name) | Text(name) | Bytes(name) => name,
        }
    }

    pub(super) fn read(self, row: &QueryResult) -> Result<Value, DbErr> {
        Ok(match self {
            Id16(name) => row.try_get::<Uuid>("", name)?.into(),
            Integer(name) => row.try_get::<i32>("", name)?.into(),
            Text(name) => row.try_get::<String>("", name)?.into(),
            Bytes(name) => row.try_get::<Vec<u8>>("", name)?.into(),
        })
    }
}

impl Place {
    fn key_names(&self) -> String {
        self.key.iter().map(|column| column.name()).collect::<Vec<_>>().join(", ")
    }

    /// The next rows in the order of the primary key that another key than `current` sealed.
    pub(super) fn select(
        &self,
        backend: DbBackend,
        current: KeyId,
        after: Option<&[Value]>,
        limit: usize,
    ) -> Statement {
        let Self { table, prefix, .. } = self;
        let key = self.key_names();
        let columns = [&[key.as_str()], self.beside].concat().join(", ");
        let mut values = vec![Value::from(i32::from(current.0))];
        let behind = after.map_or_else(String::new, |after| {
            values.extend_from_slice(after);
            format!(" and ({key}) > ({})", numbered(2, after.len()))
        });
        let sql = format!(
            "select {columns}, {prefix}key_id as old_key_id, {prefix}sealed as old_sealed from {table} \
             where {prefix}key_id <> $1 and {prefix}sealed is not null{behind} order by {key} limit {limit}"
        );
        Statement::from_sql_and_values(backend, sql, values)
    }

    /// Replaces what a row holds, if it still holds what was found.
    pub(super) fn replace(&self, backend: DbBackend, found: &Found, anew: Sealed) -> Statement {
        let Self { table, prefix, .. } = self;
        let mut values: Vec<Value> =
            vec![i32::from(anew.key.0).into(), anew.bytes.into(), found.sealed.bytes.clone().into()];
        values.extend_from_slice(&found.key);
        let sql = format!(
            "update {table} set {prefix}key_id = $1, {prefix}sealed = $2 \
             where {prefix}sealed = $3 and ({}) = ({})",
            self.key_names(),
            numbered(4, found.key.len()),
        );
        Statement::from_sql_and_values(backend, sql, values)
    }

    pub(super) fn counted(&self, connection: &DatabaseConnection) -> Statement {
        let Self { table, prefix, .. } = self;
        let sql = format!(
            "select {prefix}key_id as a_key, count(*) as a_count from {table} \
             where {prefix}key_id is not null and {prefix}sealed is not null group by {prefix}key_id"
        );
        Statement::from_string(connection.get_database_backend(), sql)
    }
}

impl Hash {
    pub(super) fn counted(&self, connection: &DatabaseConnection, now: DateTime<Utc>) -> Statement {
        let Self { table, column, counts, .. } = self;
        let sql = format!(
            "select {column} as a_key, count(*) as a_count from {table} \
             where {column} is not null and ({counts}) group by {column}"
        );
        // A parameter that no condition names is an error.
        let values: Vec<Value> = if counts.contains("$1") { vec![now.into()] } else { Vec::new() };
        Statement::from_sql_and_values(connection.get_database_backend(), sql, values)
    }
}

fn numbered(from: usize, count: usize) -> String {
    (from..from + count).map(|number| format!("${number}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use sea_orm::ConnectionTrait;

    use super::*;
    use crate::{Database, DatabaseSettings};

    #[tokio::test]
    async fn every_column_that_names_a_key_is_in_the_lists() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("schema.sqlite").display());
        let database = Database::connect(&DatabaseSettings::new(url)).await.unwrap();
        database.migrate_up(None).await.unwrap();
        let sql = "select t.name as of_table, c.name as of_column from sqlite_master t \
             join pragma_table_info(t.name) c where t.type = 'table' and c.name like '%key_id'";
        let rows =
            database.reader.query_all_raw(Statement::from_string(DbBackend::Sqlite, sql)).await.unwrap();
        let there: BTreeSet<(String, String)> = rows
            .iter()
            .map(|row| (row.try_get("", "of_table").unwrap(), row.try_get("", "of_column").unwrap()))
            .collect();
        let sealed = PLACES.iter().map(|one| (one.table.to_owned(), format!("{}key_id", one.prefix)));
        let hashed = HASHES.iter().map(|one| (one.table.to_owned(), one.column.to_owned()));
        assert_eq!(there, sealed.chain(hashed).collect());
    }
}

//! What the database says, in the domain's words. The only place that reads driver errors.

use kinlink_domain::store::{Constraint, StoreError};
use sea_orm::{DbErr, RuntimeErr, sqlx};

/// Named constraints, as PostgreSQL names them and as SQLite describes them.
const CONSTRAINTS: [(&str, &str, Constraint); 5] = [
    ("link_live_unique", "link.account_id, link.organization_id, link.patient_id", Constraint::LiveLink),
    ("dispute_open_unique", "dispute.organization_id, dispute.link_id", Constraint::OpenDispute),
    ("invitation_locator_unique", "invitation.locator", Constraint::Locator),
    ("proxy_grant_locator_unique", "proxy_grant.locator", Constraint::Locator),
    ("organization_slug_unique", "organization.slug", Constraint::OrganizationSlug),
];

pub(crate) fn store_error(error: DbErr) -> StoreError {
    match database_error(&error).map(classify) {
        Some(Class::Conflict(constraint)) => StoreError::Conflict(constraint),
        Some(Class::Contention) => StoreError::Contention(Box::new(error)),
        Some(Class::Other) | None => StoreError::Unavailable(Box::new(error)),
    }
}

enum Class {
    Conflict(Constraint),
    Contention,
    Other,
}

fn database_error(error: &DbErr) -> Option<&dyn sqlx::error::DatabaseError> {
    match error {
        DbErr::Exec(RuntimeErr::SqlxError(inner))
        | DbErr::Query(RuntimeErr::SqlxError(inner))
        | DbErr::Conn(RuntimeErr::SqlxError(inner)) => inner.as_database_error(),
        _ => None,
    }
}

fn classify(error: &dyn sqlx::error::DatabaseError) -> Class {
    if error.is_unique_violation() {
        return Class::Conflict(constraint(error));
    }
    match error.code().as_deref() {
        // PostgreSQL: serialization failure, deadlock, lock not available. SQLite: busy, locked, and their
        // extended codes (busy_recovery, busy_snapshot, busy_timeout).
        Some("40001" | "40P01" | "55P03" | "5" | "6" | "261" | "517" | "773") => Class::Contention,
        _ => Class::Other,
    }
}

fn constraint(error: &dyn sqlx::error::DatabaseError) -> Constraint {
    let named = error.constraint();
    let message = error.message();
    CONSTRAINTS
        .into_iter()
        .find(|(name, columns, _)| named == Some(name) || message.ends_with(columns))
        .map_or(Constraint::Other, |(_, _, constraint)| constraint)
}

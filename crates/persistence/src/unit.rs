//! One transaction. Each port of the domain is implemented in a file of its own below.

mod access_requests;
mod accounts;
mod attempts;
mod audit_log;
mod authenticators;
mod bars;
mod claims;
mod clients;
mod connections;
mod directory;
mod disputes;
mod endings;
mod events;
mod grants;
mod history;
mod idempotency;
mod invitations;
mod links;
mod merges;
mod patients;
mod pickers;
mod provisioning;
mod reports;
mod reviews;
mod save;
mod signing_keys;
mod sources;
mod streams;
mod turns;

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kinlink_domain::{
    access::Answering,
    audit::AuditEntry,
    event::LinkEvent,
    id::OrganizationId,
    outbox::Message,
    page::{Listed, Page},
    port::{Random, Vault},
    service::Ports,
    store::{Change, ChangeListener, Journal, StoreError, UnitOfWork},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, Select, Statement,
};

use crate::error::store_error;

pub(crate) use claims::candidate_name;
pub(crate) use links::{LinkToOrganization, link_from};
pub(crate) use patients::row_name as patient_row_name;
pub(crate) use signing_keys::row_name as signing_key_name;
pub(crate) use streams::row as stream_row;

/// A transaction and what it will journal.
pub(crate) struct SeaUnit {
    tx: DatabaseTransaction,
    /// For what the domain does beside what it was asked for.
    ports: Ports,
    vault: Arc<dyn Vault>,
    random: Arc<dyn Random>,
    begun_at: DateTime<Utc>,
    /// Absent for a unit that only reads.
    listener: Option<Arc<dyn ChangeListener>>,
    entries: Vec<AuditEntry>,
    messages: Vec<Message>,
    changes: Vec<Change>,
    events: Vec<LinkEvent>,
    /// What organizations answer by, as far as it was asked for.
    answering: HashMap<OrganizationId, Arc<Answering>>,
}

impl SeaUnit {
    /// A unit on this transaction; one without a listener only reads.
    pub(crate) fn new(
        tx: DatabaseTransaction,
        ports: &Ports,
        listener: Option<Arc<dyn ChangeListener>>,
    ) -> Self {
        Self {
            tx,
            ports: ports.clone(),
            vault: ports.vault.clone(),
            random: ports.random.clone(),
            begun_at: ports.clock.now(),
            listener,
            entries: Vec::new(),
            messages: Vec::new(),
            changes: Vec::new(),
            events: Vec::new(),
            answering: HashMap::new(),
        }
    }

    /// Runs a statement that changes no more than how something is sealed; returns how many rows it changed.
    pub(crate) async fn reseal(&self, statement: Statement) -> Result<u64, StoreError> {
        Ok(self.tx.execute_raw(statement).await.map_err(store_error)?.rows_affected())
    }

    /// Commits where nothing is to be journalled.
    pub(crate) async fn commit_as_is(self) -> Result<(), StoreError> {
        self.tx.commit().await.map_err(store_error)
    }

    fn backend(&self) -> DbBackend {
        self.tx.get_database_backend()
    }
}

impl Journal for SeaUnit {
    fn record(&mut self, entry: AuditEntry) {
        self.entries.push(entry);
    }

    fn send(&mut self, message: Message) {
        self.messages.push(message);
    }

    fn changed(&mut self, change: Change) {
        if !self.changes.contains(&change) {
            self.changes.push(change);
        }
    }

    fn happened(&mut self, event: LinkEvent) {
        // The feed gives the account's events their order.
        self.changed(Change::Account(event.account));
        self.events.push(event);
    }
}

#[async_trait]
impl UnitOfWork for SeaUnit {
    async fn save(mut self: Box<Self>) -> Result<(), StoreError> {
        self.save_all().await
    }
}

impl SeaUnit {
    /// One part of what `select` finds, newest first by its id (a UUIDv7), behind the last of the part before.
    async fn newest_first<E: EntityTrait, T>(
        &self,
        select: Select<E>,
        id_column: E::Column,
        page: Page,
        id: impl Fn(&E::Model) -> uuid::Uuid,
        convert: impl Fn(E::Model) -> Result<T, StoreError>,
    ) -> Result<Listed<T>, StoreError> {
        let select = match page.after {
            Some(after) => select.filter(id_column.lt(after)),
            None => select,
        };
        let select = select.order_by_desc(id_column).limit(u64::from(page.limit) + 1);
        listed(select.all(&self.tx).await.map_err(store_error)?, page.limit, id, convert)
    }
}

/// One part of a list, from one row more than asked for, which says whether there is a next part.
fn listed<R, T>(
    mut rows: Vec<R>,
    limit: u16,
    id: impl Fn(&R) -> uuid::Uuid,
    convert: impl Fn(R) -> Result<T, StoreError>,
) -> Result<Listed<T>, StoreError> {
    let more = rows.len() > usize::from(limit);
    rows.truncate(usize::from(limit));
    let next = rows.last().filter(|_| more).map(id);
    Ok(Listed { items: rows.into_iter().map(convert).collect::<Result<_, _>>()?, next })
}

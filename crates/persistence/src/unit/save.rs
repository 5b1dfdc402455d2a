use std::collections::{BTreeMap, HashMap};

use kinlink_domain::{
    audit::{AuditEntry, ChainEnd},
    id::{AccountId, OrganizationId},
    outbox::Message,
    store::{Change, StoreError},
};
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, EntityTrait, QuerySelect, Set, Statement, sea_query::LockType,
};

use super::{SeaUnit, audit_log};
use crate::{
    convert::{corrupt, to_json},
    entity::{audit_end, audit_entry, change_entry, outbox_message},
    error::store_error,
};

/// Partitions of the change feed; the migration made one head for each.
const PARTITIONS: u128 = 64;
/// Rows in one statement, well below both databases' limits of parameters.
pub(super) const ROWS: usize = 500;

impl SeaUnit {
    /// Writes outbox, change feed, events and audit in this order, and commits. The rows that writers share are
    /// locked last and in ascending order.
    pub(super) async fn save_all(mut self: Box<Self>) -> Result<(), StoreError> {
        let Some(listener) = self.listener.clone() else {
            return Err(corrupt("unit of work", "it was begun for reading only"));
        };
        let messages = std::mem::take(&mut self.messages);
        let changes = std::mem::take(&mut self.changes);
        let entries = std::mem::take(&mut self.entries);
        self.provision(&self.events).await?;
        for message in messages {
            self.enqueue(message).await?;
        }
        let events = std::mem::take(&mut self.events);
        // Who wants to hear is read before the feed's rows are locked.
        let listeners = self.listeners(&events).await?;
        let order = self.feed(&changes).await?;
        self.enqueue_events(&events, &listeners, &order).await?;
        self.append(entries).await?;
        self.tx.commit().await.map_err(store_error)?;
        if !changes.is_empty() {
            listener.committed(&changes);
        }
        Ok(())
    }

    async fn enqueue(&self, message: Message) -> Result<(), StoreError> {
        let sealed = self.vault.seal(message.id.uuid().as_bytes(), to_json(&message.body).as_bytes());
        let row = outbox_message::ActiveModel {
            id: Set(message.id.uuid()),
            organization_id: Set(message.organization.uuid()),
            key_id: Set(Some(sealed.key.0.into())),
            sealed: Set(Some(sealed.bytes)),
            kind: Set(message.body.kind().as_str().to_owned()),
            status: Set("pending".to_owned()),
            due_at: Set(message.due_at),
            expires_at: Set(message.expires_at),
            attempts: Set(message.attempts.into()),
            error: Set(None),
            settled_at: Set(None),
        };
        outbox_message::Entity::insert(row).exec_without_returning(&self.tx).await.map_err(store_error)?;
        Ok(())
    }

    /// Returns the place of each account in its partition.
    async fn feed(&self, changes: &[Change]) -> Result<HashMap<AccountId, i64>, StoreError> {
        let mut order = HashMap::new();
        let mut by_partition: BTreeMap<i32, Vec<Change>> = BTreeMap::new();
        for change in changes {
            by_partition.entry(partition(change)).or_default().push(*change);
        }
        for (partition, changes) in by_partition {
            let last = self.advance_head(partition, changes.len()).await?;
            let first = last - i64::try_from(changes.len()).unwrap_or_default() + 1;
            order.extend((first..).zip(&changes).filter_map(|(seq, change)| match change {
                Change::Account(account) => Some((*account, seq)),
                Change::Client(_) | Change::Organization(_) => None,
            }));
            let rows: Vec<_> =
                (first..).zip(changes).map(|(seq, change)| self.entry(partition, seq, change)).collect();
            for rows in rows.chunks(ROWS) {
                let insert = change_entry::Entity::insert_many(rows.to_vec());
                insert.exec_without_returning(&self.tx).await.map_err(store_error)?;
            }
        }
        Ok(order)
    }

    /// The head's row stays locked until the commit, so that a `change_seq` is visible only when all lower
    /// ones are.
    async fn advance_head(&self, partition: i32, by: usize) -> Result<i64, StoreError> {
        let sql = "update change_head set seq = seq + $1 where partition = $2 returning seq";
        let values = [i64::try_from(by).unwrap_or_default().into(), partition.into()];
        let statement = Statement::from_sql_and_values(self.backend(), sql, values);
        let row = self.tx.query_one_raw(statement).await.map_err(store_error)?;
        let row = row.ok_or_else(|| corrupt("change feed", "a partition has no head"))?;
        row.try_get("", "seq").map_err(store_error)
    }

    fn entry(&self, partition: i32, seq: i64, change: Change) -> change_entry::ActiveModel {
        let (kind, subject) = match change {
            Change::Account(id) => ("account", id.uuid()),
            Change::Client(id) => ("client", id.uuid()),
            Change::Organization(id) => ("organization", id.uuid()),
        };
        change_entry::ActiveModel {
            partition: Set(partition),
            seq: Set(seq),
            kind: Set(kind.to_owned()),
            subject: Set(subject),
            at: Set(self.begun_at),
        }
    }

    async fn append(&self, entries: Vec<AuditEntry>) -> Result<(), StoreError> {
        let mut by_organization: BTreeMap<OrganizationId, Vec<AuditEntry>> = BTreeMap::new();
        for entry in entries {
            by_organization.entry(entry.organization).or_default().push(entry);
        }
        for (organization, entries) in by_organization {
            let end = self.locked_end(organization).await?;
            let (mut seq, mut last) = (end.seq, end.last);
            let mut rows = Vec::with_capacity(entries.len());
            for entry in entries {
                seq += 1;
                let chained = entry.chain(seq, &last, &*self.vault);
                last = chained.hash.bytes;
                rows.push(audit_log::row(&chained));
            }
            for rows in rows.chunks(ROWS) {
                let insert = audit_entry::Entity::insert_many(rows.to_vec());
                insert.exec_without_returning(&self.tx).await.map_err(store_error)?;
            }
            let end = audit_log::end_row(&ChainEnd::new(organization, seq, last, &*self.vault));
            end.update(&self.tx).await.map_err(store_error)?;
        }
        Ok(())
    }

    async fn locked_end(&self, organization: OrganizationId) -> Result<ChainEnd, StoreError> {
        let row = audit_end::Entity::find_by_id(organization.uuid())
            .lock(LockType::Update)
            .one(&self.tx)
            .await
            .map_err(store_error)?
            .ok_or_else(|| corrupt("audit", "the organization's chain has no end"))?;
        audit_log::chain_end(row)
    }
}

/// UUIDv7 ids begin alike, and all kinds differ at the end.
fn partition(change: &Change) -> i32 {
    let subject = match change {
        Change::Account(id) => id.uuid(),
        Change::Client(id) => id.uuid(),
        Change::Organization(id) => id.uuid(),
    };
    i32::try_from(subject.as_u128() % PARTITIONS).unwrap_or_default()
}

use async_trait::async_trait;
use kinlink_domain::{
    audit::{AuditEntry, ChainEnd, ChainedEntry, Subject},
    id::{Id, OrganizationId},
    page::{Listed, Page},
    store::{AuditFilter, AuditLog, StoreError},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select, Set};

use uuid::Uuid;

use super::SeaUnit;
use crate::{
    convert::{actor_columns, actor_from_columns, corrupt, from_json, from_word, keyed_hash, to_json},
    entity::{audit_end, audit_entry},
    error::store_error,
};

const WHAT: &str = "audit entry";

pub(crate) fn row(chained: &ChainedEntry) -> audit_entry::ActiveModel {
    let entry = &chained.entry;
    let (actor_type, actor_id) = actor_columns(entry.actor);
    audit_entry::ActiveModel {
        organization_id: Set(entry.organization.uuid()),
        seq: Set(chained.seq),
        id: Set(entry.id.uuid()),
        at: Set(entry.at),
        actor_type: Set(actor_type),
        actor_id: Set(actor_id),
        action: Set(entry.action.as_str().to_owned()),
        patient_id: Set(entry.subject.patient.map(Id::uuid)),
        account_id: Set(entry.subject.account.map(Id::uuid)),
        link_id: Set(entry.subject.link.map(Id::uuid)),
        invitation_id: Set(entry.subject.invitation.map(Id::uuid)),
        client_id: Set(entry.subject.client.map(Id::uuid)),
        detail: Set(to_json(&entry.detail)),
        key_id: Set(chained.hash.key.0.into()),
        hash: Set(chained.hash.bytes.to_vec()),
    }
}

fn chained(row: &audit_entry::Model) -> Result<ChainedEntry, StoreError> {
    let entry = AuditEntry {
        id: Id::from_uuid(row.id),
        organization: Id::from_uuid(row.organization_id),
        at: row.at,
        actor: actor_from_columns(&row.actor_type, row.actor_id)?,
        action: from_word(WHAT, &row.action)?,
        subject: Subject {
            patient: row.patient_id.map(Id::from_uuid),
            account: row.account_id.map(Id::from_uuid),
            link: row.link_id.map(Id::from_uuid),
            invitation: row.invitation_id.map(Id::from_uuid),
            client: row.client_id.map(Id::from_uuid),
        },
        detail: from_json(WHAT, &row.detail)?,
    };
    Ok(ChainedEntry { seq: row.seq, entry, hash: keyed_hash(WHAT, row.key_id, &row.hash)? })
}

pub(crate) fn end_row(end: &ChainEnd) -> audit_end::ActiveModel {
    audit_end::ActiveModel {
        organization_id: Set(end.organization.uuid()),
        seq: Set(end.seq),
        last: Set(end.last.to_vec()),
        key_id: Set(end.hash.key.0.into()),
        hash: Set(end.hash.bytes.to_vec()),
    }
}

pub(crate) fn chain_end(row: audit_end::Model) -> Result<ChainEnd, StoreError> {
    Ok(ChainEnd {
        organization: Id::from_uuid(row.organization_id),
        seq: row.seq,
        last: row.last.try_into().map_err(|_| corrupt("audit end", "a hash has 32 bytes"))?,
        hash: keyed_hash("audit end", row.key_id, &row.hash)?,
    })
}

fn of(organization: OrganizationId) -> Select<audit_entry::Entity> {
    audit_entry::Entity::find().filter(audit_entry::Column::OrganizationId.eq(organization.uuid()))
}

fn filtered(select: Select<audit_entry::Entity>, filter: &AuditFilter) -> Select<audit_entry::Entity> {
    use audit_entry::Column;
    let mut select = select;
    if let Some(action) = filter.action {
        select = select.filter(Column::Action.eq(action.as_str()));
    }
    if let Some(actor) = filter.actor {
        let (kind, id) = actor_columns(actor);
        select = select.filter(Column::ActorType.eq(kind));
        select = match id {
            Some(id) => select.filter(Column::ActorId.eq(id)),
            None => select,
        };
    }
    let subjects = [
        (Column::PatientId, filter.patient.map(Id::uuid)),
        (Column::AccountId, filter.account.map(Id::uuid)),
        (Column::LinkId, filter.link.map(Id::uuid)),
        (Column::InvitationId, filter.invitation.map(Id::uuid)),
    ];
    for (column, id) in subjects {
        if let Some(id) = id {
            select = select.filter(column.eq(id));
        }
    }
    if let Some(from) = filter.from {
        select = select.filter(Column::At.gte(from));
    }
    if let Some(until) = filter.until {
        select = select.filter(Column::At.lt(until));
    }
    select
}

/// Entries of one moment have ids in no order, so the place in the chain is what a list goes on by.
fn cursor_of(seq: i64) -> Uuid {
    Uuid::from_u128(u128::try_from(seq).unwrap_or_default())
}

fn seq_of(cursor: Uuid) -> i64 {
    i64::try_from(cursor.as_u128()).unwrap_or(i64::MAX)
}

#[async_trait]
impl AuditLog for SeaUnit {
    async fn audit_entries(
        &mut self,
        organization: OrganizationId,
        filter: &AuditFilter,
        page: Page,
    ) -> Result<Listed<ChainedEntry>, StoreError> {
        let mut select = filtered(of(organization), filter);
        if let Some(after) = page.after {
            select = select.filter(audit_entry::Column::Seq.lt(seq_of(after)));
        }
        let rows = select
            .order_by_desc(audit_entry::Column::Seq)
            .limit(u64::from(page.limit) + 1)
            .all(&self.tx)
            .await
            .map_err(store_error)?;
        super::listed(rows, page.limit, |row| cursor_of(row.seq), |row| chained(&row))
    }

    async fn audit_chain(
        &mut self,
        organization: OrganizationId,
        after: i64,
        limit: u32,
    ) -> Result<Vec<ChainedEntry>, StoreError> {
        let rows = of(organization)
            .filter(audit_entry::Column::Seq.gt(after))
            .order_by_asc(audit_entry::Column::Seq)
            .limit(u64::from(limit))
            .all(&self.tx)
            .await
            .map_err(store_error)?;
        rows.iter().map(chained).collect()
    }

    async fn audit_end(&mut self, organization: OrganizationId) -> Result<Option<ChainEnd>, StoreError> {
        let row =
            audit_end::Entity::find_by_id(organization.uuid()).one(&self.tx).await.map_err(store_error)?;
        row.map(chain_end).transpose()
    }
}

use std::collections::HashSet;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kinlink_domain::{
    ending::{EndedItem, Ending, EndingScope, EndingState, Touched},
    id::{AccountId, EndingId, Id, OrganizationId, PatientId},
    link::Link,
    page::{Listed, Page},
    store::{Endings, StoreError},
};
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select, Set, sea_query::LockType,
};
use uuid::Uuid;

use super::SeaUnit;
use crate::{
    convert::{corrupt, from_json, from_word, to_json, to_word},
    entity::{
        ending::{ActiveModel, Column, Entity, Model},
        ending_item, patient,
    },
    error::store_error,
};

const WHAT: &str = "ending";

fn row(ending: &Ending) -> ActiveModel {
    let (patient, account) = match ending.scope {
        EndingScope::Record(patient) => (Some(patient.uuid()), None),
        EndingScope::Account(account) => (None, Some(account.uuid())),
    };
    ActiveModel {
        organization_id: Set(ending.organization.uuid()),
        id: Set(ending.id.uuid()),
        patient_id: Set(patient),
        account_id: Set(account),
        keep_self: Set(ending.keep_self),
        reason: Set(to_word(&ending.reason)),
        ended_by: Set(to_json(&ending.by)),
        ended_at: Set(ending.at),
        undo_until: Set(ending.undo_until),
        ..state_columns(ending)
    }
}

fn state_columns(ending: &Ending) -> ActiveModel {
    let (at, by) = match ending.state {
        EndingState::Done => (None, None),
        EndingState::Undone { at, by } => (Some(at), Some(to_json(&by))),
    };
    ActiveModel {
        organization_id: Set(ending.organization.uuid()),
        id: Set(ending.id.uuid()),
        undone_at: Set(at),
        undone_by: Set(by),
        ..Default::default()
    }
}

impl TryFrom<Model> for Ending {
    type Error = StoreError;
    fn try_from(row: Model) -> Result<Self, StoreError> {
        let scope = match (row.patient_id, row.account_id) {
            (Some(patient), None) => EndingScope::Record(Id::from_uuid(patient)),
            (None, Some(account)) => EndingScope::Account(Id::from_uuid(account)),
            _ => return Err(corrupt(WHAT, "it is of a record or of an account")),
        };
        let state = match (row.undone_at, row.undone_by) {
            (None, None) => EndingState::Done,
            (Some(at), Some(by)) => EndingState::Undone { at, by: from_json(WHAT, &by)? },
            _ => return Err(corrupt(WHAT, "its state does not fit together")),
        };
        Ok(Self {
            id: Id::from_uuid(row.id),
            organization: Id::from_uuid(row.organization_id),
            scope,
            keep_self: row.keep_self,
            reason: from_word(WHAT, &row.reason)?,
            by: from_json(WHAT, &row.ended_by)?,
            at: row.ended_at,
            undo_until: row.undo_until,
            state,
        })
    }
}

fn item_row(ending: &Ending, item: &EndedItem) -> ending_item::ActiveModel {
    let (kind, subject, before) = match item {
        EndedItem::Link { link, before } => ("link", link.uuid(), Some(to_json(before))),
        EndedItem::Invitation(id) => ("invitation", id.uuid(), None),
        EndedItem::Claim(id) => ("claim", id.uuid(), None),
        EndedItem::Offer(id) => ("offer", id.uuid(), None),
        EndedItem::Request(id) => ("request", id.uuid(), None),
    };
    ending_item::ActiveModel {
        organization_id: Set(ending.organization.uuid()),
        ending_id: Set(ending.id.uuid()),
        kind: Set(kind.to_owned()),
        subject_id: Set(subject),
        before: Set(before),
    }
}

fn item(row: &ending_item::Model) -> Result<EndedItem, StoreError> {
    match (row.kind.as_str(), row.before.as_deref()) {
        ("link", Some(before)) => {
            Ok(EndedItem::Link { link: Id::from_uuid(row.subject_id), before: from_json(WHAT, before)? })
        }
        ("invitation", None) => Ok(EndedItem::Invitation(Id::from_uuid(row.subject_id))),
        ("claim", None) => Ok(EndedItem::Claim(Id::from_uuid(row.subject_id))),
        ("offer", None) => Ok(EndedItem::Offer(Id::from_uuid(row.subject_id))),
        ("request", None) => Ok(EndedItem::Request(Id::from_uuid(row.subject_id))),
        _ => Err(corrupt(WHAT, "what it closed is of no known kind")),
    }
}

fn at(organization: OrganizationId, id: EndingId) -> Select<Entity> {
    Entity::find_by_id((organization.uuid(), id.uuid()))
}

impl SeaUnit {
    /// Nobody adds a link to these records before the end of this unit: whoever does keeps them as they are.
    async fn lock_records(&self, organization: OrganizationId, records: &[Uuid]) -> Result<(), StoreError> {
        patient::Entity::find()
            .select_only()
            .column(patient::Column::Id)
            .filter(patient::Column::OrganizationId.eq(organization.uuid()))
            .filter(patient::Column::Id.is_in(records.iter().copied()))
            .order_by_asc(patient::Column::FhirId)
            .lock(LockType::Update)
            .into_tuple::<Uuid>()
            .all(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(())
    }
}

#[async_trait]
impl Endings for SeaUnit {
    async fn touched(
        &mut self,
        organization: OrganizationId,
        scope: EndingScope,
        lock: bool,
        now: DateTime<Utc>,
    ) -> Result<Touched, StoreError> {
        match scope {
            EndingScope::Account(account) => Ok(Touched {
                links: self.unrevoked_of(organization, account).await?,
                invitations: Vec::new(),
                claims: self.open_claims_of(organization, account, lock, now).await?,
                ..Touched::default()
            }),
            EndingScope::Record(patient) => {
                // A code for a record that was merged into this one opens this one.
                let records = self.with_those_before(organization, HashSet::from([patient.uuid()])).await?;
                let records: Vec<Uuid> = records.into_iter().collect();
                // In the order in which whoever redeems a code locks.
                let invitations = self.open_invitations_to(organization, &records, lock, now).await?;
                let claims = self.open_claims_to(organization, &records, None, lock, now).await?;
                if lock {
                    self.lock_records(organization, &records).await?;
                }
                let links = self.unrevoked_to(organization, &records).await?;
                Ok(Touched { links, invitations, claims, ..Touched::default() })
            }
        }
    }

    async fn add_ending(&mut self, ending: &Ending, closed: &[EndedItem]) -> Result<(), StoreError> {
        Entity::insert(row(ending)).exec_without_returning(&self.tx).await.map_err(store_error)?;
        for closed in closed.chunks(1_000) {
            let rows = closed.iter().map(|item| item_row(ending, item));
            let insert = ending_item::Entity::insert_many(rows);
            insert.exec_without_returning(&self.tx).await.map_err(store_error)?;
        }
        Ok(())
    }

    async fn update_ending(&mut self, ending: &Ending) -> Result<(), StoreError> {
        Entity::update(state_columns(ending)).exec(&self.tx).await.map_err(store_error)?;
        Ok(())
    }

    async fn ending(
        &mut self,
        organization: OrganizationId,
        id: EndingId,
    ) -> Result<Option<Ending>, StoreError> {
        let row = at(organization, id).one(&self.tx).await.map_err(store_error)?;
        row.map(TryInto::try_into).transpose()
    }

    async fn ending_for_update(
        &mut self,
        organization: OrganizationId,
        id: EndingId,
    ) -> Result<Option<Ending>, StoreError> {
        let select = at(organization, id).lock(LockType::Update);
        select.one(&self.tx).await.map_err(store_error)?.map(TryInto::try_into).transpose()
    }

    /// By the primary key: the endings of an organization are few.
    async fn access_ended_since(
        &mut self,
        organization: OrganizationId,
        patient: PatientId,
        since: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let records = self.with_those_before(organization, HashSet::from([patient.uuid()])).await?;
        let ended = Entity::find()
            .filter(Column::OrganizationId.eq(organization.uuid()))
            .filter(Column::PatientId.is_in(records))
            .filter(Column::EndedAt.gte(since))
            .filter(Column::UndoneAt.is_null())
            .limit(1);
        Ok(ended.one(&self.tx).await.map_err(store_error)?.is_some())
    }

    async fn ended_items(
        &mut self,
        organization: OrganizationId,
        id: EndingId,
    ) -> Result<Vec<EndedItem>, StoreError> {
        let rows = ending_item::Entity::find()
            .filter(ending_item::Column::OrganizationId.eq(organization.uuid()))
            .filter(ending_item::Column::EndingId.eq(id.uuid()))
            .order_by_asc(ending_item::Column::SubjectId)
            .all(&self.tx)
            .await
            .map_err(store_error)?;
        rows.iter().map(item).collect()
    }

    async fn endings(
        &mut self,
        organization: OrganizationId,
        page: Page,
    ) -> Result<Listed<Ending>, StoreError> {
        let select = Entity::find().filter(Column::OrganizationId.eq(organization.uuid()));
        self.newest_first(select, Column::Id, page, |row| row.id, TryInto::try_into).await
    }

    async fn settle_merges(
        &mut self,
        organization: OrganizationId,
        account: AccountId,
        now: DateTime<Utc>,
    ) -> Result<Vec<Link>, StoreError> {
        self.settle(organization, account, now).await
    }
}

use std::collections::HashSet;

use async_trait::async_trait;
use kinlink_domain::{
    dispute::{Dispute, DisputeState, DisputeStatus},
    id::{DisputeId, Id, OrganizationId, PatientId},
    link::Link,
    page::{Listed, Page},
    store::{Disputes, StoreError},
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, NotSet, QueryFilter, QueryOrder, QuerySelect, Select, Set,
    sea_query::Query,
};

use super::SeaUnit;
use crate::{
    convert::{corrupt, from_json, from_word, to_json, to_word},
    entity::{
        dispute::{ActiveModel, Column, Entity, Model},
        link,
    },
    error::store_error,
};

const WHAT: &str = "dispute";

fn row(dispute: &Dispute) -> ActiveModel {
    let (at, by, reason) = match dispute.state {
        DisputeState::Open => (None, None, None),
        DisputeState::Upheld { at, by, reason } => (Some(at), Some(to_json(&by)), Some(to_word(&reason))),
        DisputeState::Dismissed { at, by, reason } => (Some(at), Some(to_json(&by)), Some(to_word(&reason))),
    };
    ActiveModel {
        organization_id: Set(dispute.organization.uuid()),
        id: Set(dispute.id.uuid()),
        link_id: Set(dispute.link.uuid()),
        account_id: Set(dispute.account.uuid()),
        patient_id: Set(dispute.patient.uuid()),
        message_id: Set(dispute.message.uuid()),
        opened_at: Set(dispute.opened_at),
        status: Set(to_word(&dispute.status())),
        decided_at: Set(at),
        decided_by: Set(by),
        decided_reason: Set(reason),
    }
}

impl TryFrom<Model> for Dispute {
    type Error = StoreError;
    fn try_from(row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            state: state(&row)?,
            id: Id::from_uuid(row.id),
            organization: Id::from_uuid(row.organization_id),
            link: Id::from_uuid(row.link_id),
            account: Id::from_uuid(row.account_id),
            patient: Id::from_uuid(row.patient_id),
            message: Id::from_uuid(row.message_id),
            opened_at: row.opened_at,
        })
    }
}

fn state(row: &Model) -> Result<DisputeState, StoreError> {
    let decided = (row.decided_at, row.decided_by.as_deref(), row.decided_reason.as_deref());
    match (from_word(WHAT, &row.status)?, decided) {
        (DisputeStatus::Open, (None, None, None)) => Ok(DisputeState::Open),
        (DisputeStatus::Upheld, (Some(at), Some(by), Some(reason))) => {
            Ok(DisputeState::Upheld { at, by: from_json(WHAT, by)?, reason: from_word(WHAT, reason)? })
        }
        (DisputeStatus::Dismissed, (Some(at), Some(by), Some(reason))) => {
            Ok(DisputeState::Dismissed { at, by: from_json(WHAT, by)?, reason: from_word(WHAT, reason)? })
        }
        _ => Err(corrupt(WHAT, "its state does not fit together")),
    }
}

fn of(organization: OrganizationId) -> Select<Entity> {
    Entity::find().filter(Column::OrganizationId.eq(organization.uuid()))
}

#[async_trait]
impl Disputes for SeaUnit {
    async fn add_dispute(&mut self, dispute: &Dispute) -> Result<(), StoreError> {
        Entity::insert(row(dispute)).exec_without_returning(&self.tx).await.map_err(store_error)?;
        Ok(())
    }

    async fn update_dispute(&mut self, dispute: &Dispute) -> Result<(), StoreError> {
        let columns = ActiveModel {
            link_id: NotSet,
            account_id: NotSet,
            patient_id: NotSet,
            message_id: NotSet,
            opened_at: NotSet,
            ..row(dispute)
        };
        Entity::update(columns).exec(&self.tx).await.map_err(store_error)?;
        Ok(())
    }

    async fn dispute(
        &mut self,
        organization: OrganizationId,
        id: DisputeId,
    ) -> Result<Option<Dispute>, StoreError> {
        let select = of(organization).filter(Column::Id.eq(id.uuid()));
        select.one(&self.tx).await.map_err(store_error)?.map(TryInto::try_into).transpose()
    }

    async fn disputes_of_link(&mut self, link: &Link) -> Result<Vec<Dispute>, StoreError> {
        let links = self.with_those_absorbed(link).await?.into_iter().map(Id::uuid);
        let select = of(link.organization).filter(Column::LinkId.is_in(links)).order_by_desc(Column::Id);
        let rows = select.all(&self.tx).await.map_err(store_error)?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    async fn is_disputed(
        &mut self,
        organization: OrganizationId,
        patient: PatientId,
    ) -> Result<bool, StoreError> {
        let records = self.with_those_before(organization, HashSet::from([patient.uuid()])).await?;
        // A link goes on and comes back with merges, its dispute says where it was.
        let there = Query::select()
            .column(link::Column::Id)
            .from(link::Entity)
            .and_where(link::Column::OrganizationId.eq(organization.uuid()))
            .and_where(link::Column::PatientId.is_in(records.iter().copied()))
            .to_owned();
        // By the index `dispute_by_status`: open disputes are few.
        let open = of(organization)
            .filter(Column::Status.eq(to_word(&DisputeStatus::Open)))
            .filter(
                Condition::any().add(Column::PatientId.is_in(records)).add(Column::LinkId.in_subquery(there)),
            )
            .limit(1);
        Ok(open.one(&self.tx).await.map_err(store_error)?.is_some())
    }

    async fn disputes(
        &mut self,
        organization: OrganizationId,
        status: Option<DisputeStatus>,
        page: Page,
    ) -> Result<Listed<Dispute>, StoreError> {
        let mut select = of(organization);
        if let Some(status) = status {
            select = select.filter(Column::Status.eq(to_word(&status)));
        }
        self.newest_first(select, Column::Id, page, |row| row.id, TryInto::try_into).await
    }
}

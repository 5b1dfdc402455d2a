use async_trait::async_trait;
use kinlink_domain::{
    id::{Id, OrganizationId, ReviewId},
    page::{Listed, Page},
    review::{Approval, Review, ReviewState, ReviewStatus},
    store::{Reviews, StoreError},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, Select, Set, sea_query::LockType};

use super::SeaUnit;
use crate::{
    convert::{corrupt, from_json, from_word, to_json, to_word},
    entity::review::{ActiveModel, Column, Entity, Model},
    error::store_error,
};

const WHAT: &str = "review";
/// The table was made for reviews of links too; there are none.
const KIND: &str = "claim";

/// The columns that change: what was asked, and what was decided.
fn state_columns(review: &Review) -> ActiveModel {
    let base = ActiveModel {
        organization_id: Set(review.organization.uuid()),
        id: Set(review.id.uuid()),
        asks: Set(to_json(&review.asks)),
        status: Set(review.status().as_str().to_owned()),
        approvals: Set(to_json(&review.approvals())),
        decided_at: Set(None),
        decided_by: Set(None),
        decided_reason: Set(None),
        ..Default::default()
    };
    match &review.state {
        ReviewState::Declined { at, by, reason } => ActiveModel {
            decided_at: Set(Some(*at)),
            decided_by: Set(Some(to_json(by))),
            decided_reason: Set(Some(to_word(reason))),
            ..base
        },
        ReviewState::Open
        | ReviewState::Seconding { .. }
        | ReviewState::Approved { .. }
        | ReviewState::Moot => base,
    }
}

fn row(review: &Review) -> ActiveModel {
    ActiveModel {
        kind: Set(KIND.to_owned()),
        claim_id: Set(Some(review.claim.uuid())),
        link_id: Set(None),
        patient_id: Set(None),
        reasons: Set(to_json(&review.reasons)),
        opened_at: Set(review.opened_at),
        ..state_columns(review)
    }
}

impl TryFrom<Model> for Review {
    type Error = StoreError;
    fn try_from(row: Model) -> Result<Self, StoreError> {
        let claim = match (row.kind.as_str(), row.claim_id, row.link_id, row.patient_id) {
            (KIND, Some(claim), None, None) => Id::from_uuid(claim),
            _ => return Err(corrupt(WHAT, "its kind does not fit what it is about")),
        };
        Ok(Self {
            id: Id::from_uuid(row.id),
            organization: Id::from_uuid(row.organization_id),
            claim,
            reasons: from_json(WHAT, &row.reasons)?,
            opened_at: row.opened_at,
            asks: from_json(WHAT, &row.asks)?,
            state: state(&row)?,
        })
    }
}

fn state(row: &Model) -> Result<ReviewState, StoreError> {
    let mut approvals: Vec<Approval> = from_json(WHAT, &row.approvals)?;
    let status: ReviewStatus = from_word(WHAT, &row.status)?;
    Ok(match (status, row.decided_at, row.decided_by.as_deref(), row.decided_reason.as_deref()) {
        (ReviewStatus::Open, None, None, None) if approvals.is_empty() => ReviewState::Open,
        (ReviewStatus::Seconding, None, None, None) if approvals.len() == 1 => {
            ReviewState::Seconding { first: approvals.remove(0) }
        }
        (ReviewStatus::Approved, None, None, None) if !approvals.is_empty() => {
            ReviewState::Approved { approvals }
        }
        (ReviewStatus::Declined, Some(at), Some(by), Some(reason)) => {
            ReviewState::Declined { at, by: from_json(WHAT, by)?, reason: from_word(WHAT, reason)? }
        }
        (ReviewStatus::Moot, None, None, None) => ReviewState::Moot,
        _ => return Err(corrupt(WHAT, "its state does not fit together")),
    })
}

fn of(organization: OrganizationId) -> Select<Entity> {
    Entity::find().filter(Column::OrganizationId.eq(organization.uuid()))
}

impl SeaUnit {
    async fn one_review(&self, select: Select<Entity>) -> Result<Option<Review>, StoreError> {
        select.one(&self.tx).await.map_err(store_error)?.map(TryInto::try_into).transpose()
    }
}

#[async_trait]
impl Reviews for SeaUnit {
    async fn add_review(&mut self, review: &Review) -> Result<(), StoreError> {
        Entity::insert(row(review)).exec_without_returning(&self.tx).await.map_err(store_error)?;
        Ok(())
    }

    async fn update_review(&mut self, review: &Review) -> Result<(), StoreError> {
        Entity::update_many()
            .set(state_columns(review))
            .filter(Column::OrganizationId.eq(review.organization.uuid()))
            .filter(Column::Id.eq(review.id.uuid()))
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        Ok(())
    }

    async fn review(
        &mut self,
        organization: OrganizationId,
        id: ReviewId,
    ) -> Result<Option<Review>, StoreError> {
        self.one_review(of(organization).filter(Column::Id.eq(id.uuid()))).await
    }

    async fn review_for_update(
        &mut self,
        organization: OrganizationId,
        id: ReviewId,
    ) -> Result<Option<Review>, StoreError> {
        self.one_review(of(organization).filter(Column::Id.eq(id.uuid())).lock(LockType::Update)).await
    }

    async fn reviews(
        &mut self,
        organization: OrganizationId,
        status: Option<ReviewStatus>,
        page: Page,
    ) -> Result<Listed<Review>, StoreError> {
        let mut select = of(organization);
        if let Some(status) = status {
            select = select.filter(Column::Status.eq(status.as_str()));
        }
        self.newest_first(select, Column::Id, page, |row| row.id, TryInto::try_into).await
    }
}

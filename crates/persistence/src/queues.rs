//! What waits for a worker of some replica: claims, access requests, and links that the clock or a policy changes.
//!
//! As for the outbox, a lease is nothing but a later `due_at`: should the worker die, what it took is due again by
//! itself.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kinlink_domain::{
    id::{ClaimId, Id, LinkId, OrganizationId, RequestId},
    organization::Organization,
    store::{ClaimQueue, RequestQueue, Store, StoreError, TurnQueue},
};
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
    prelude::Expr,
    sea_query::{LockBehavior, LockType},
};
use uuid::Uuid;

use crate::{
    SeaStore,
    entity::{access_request, claim, link_turn},
    error::store_error,
};

/// Where a queue keeps what a lease needs.
struct Places<E: EntityTrait> {
    organization: E::Column,
    id: E::Column,
    due_at: E::Column,
}

impl SeaStore {
    /// Takes up to `limit` of what waits and is due, until `lease_until`; what another replica is taking, it passes
    /// over.
    async fn lease<E: EntityTrait>(
        &self,
        waiting: Select<E>,
        places: Places<E>,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<(Uuid, Uuid)>, StoreError> {
        let tx = self.begin_immediate().await?;
        let taken: Vec<(Uuid, Uuid)> = waiting
            .select_only()
            .columns([places.organization, places.id])
            .filter(places.due_at.lte(now))
            .order_by_asc(places.due_at)
            .limit(u64::from(limit))
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .into_tuple()
            .all(&tx)
            .await
            .map_err(store_error)?;
        if taken.is_empty() {
            return Ok(Vec::new());
        }
        E::update_many()
            .col_expr(places.due_at, Expr::value(lease_until))
            // Ids are unique over all organizations; these are beside them to name the distribution key.
            .filter(places.organization.is_in(taken.iter().map(|(organization, _)| *organization)))
            .filter(places.id.is_in(taken.iter().map(|(_, id)| *id)))
            .exec(&tx)
            .await
            .map_err(store_error)?;
        tx.commit().await.map_err(store_error)?;
        Ok(taken)
    }
}

#[async_trait]
impl ClaimQueue for SeaStore {
    /// By the index `claim_due`.
    async fn take_submitted(
        &self,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<(OrganizationId, ClaimId)>, StoreError> {
        use claim::{Column, Entity};
        let waiting = Entity::find().filter(Column::Status.eq("submitted")).filter(Column::ExpiresAt.gt(now));
        let places = Places { organization: Column::OrganizationId, id: Column::Id, due_at: Column::DueAt };
        let taken = self.lease::<Entity>(waiting, places, now, lease_until, limit).await?.into_iter();
        Ok(taken.map(|(organization, id)| (Id::from_uuid(organization), Id::from_uuid(id))).collect())
    }
}

#[async_trait]
impl RequestQueue for SeaStore {
    /// By the index `access_request_due`.
    async fn take_requests(
        &self,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<(OrganizationId, RequestId)>, StoreError> {
        use access_request::{Column, Entity};
        let waiting = Entity::find().filter(Column::Status.eq("submitted")).filter(Column::ExpiresAt.gt(now));
        let places = Places { organization: Column::OrganizationId, id: Column::Id, due_at: Column::DueAt };
        let taken = self.lease::<Entity>(waiting, places, now, lease_until, limit).await?.into_iter();
        Ok(taken.map(|(organization, id)| (Id::from_uuid(organization), Id::from_uuid(id))).collect())
    }
}

#[async_trait]
impl TurnQueue for SeaStore {
    /// By the index `link_turn_due`.
    async fn take_turns(
        &self,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<LinkId>, StoreError> {
        use link_turn::{Column, Entity};
        let places =
            Places { organization: Column::OrganizationId, id: Column::LinkId, due_at: Column::DueAt };
        let taken = self.lease::<Entity>(Entity::find(), places, now, lease_until, limit).await?;
        Ok(taken.into_iter().map(|(_, id)| Id::from_uuid(id)).collect())
    }

    /// By the index `link_turn_answered_by`: two probes of it for each organization.
    async fn wake_links(&self, now: DateTime<Utc>, limit: u16) -> Result<u64, StoreError> {
        let mut woken = 0;
        for organization in self.begin_read().await?.organizations().await? {
            woken += self.wake_links_of(&organization, now, limit).await?;
        }
        Ok(woken)
    }
}

impl SeaStore {
    async fn wake_links_of(
        &self,
        organization: &Organization,
        now: DateTime<Utc>,
        limit: u16,
    ) -> Result<u64, StoreError> {
        use link_turn::{Column, Entity};
        let answers_by = organization.answering().fingerprint().0.to_vec();
        let by_less = Column::AnsweredBy.lt(answers_by.clone());
        let mut woken = 0;
        for by_another in [by_less, Column::AnsweredBy.gt(answers_by.clone())] {
            let told = Entity::find()
                .select_only()
                .column(Column::LinkId)
                .filter(Column::OrganizationId.eq(organization.id.uuid()))
                .filter(by_another);
            let any = told.clone().limit(1).into_tuple::<Uuid>().one(&self.database.reader).await;
            if any.map_err(store_error)?.is_none() {
                continue;
            }
            let tx = self.begin_immediate().await?;
            // Nobody is waited for: what somebody is writing is found the next time.
            let told =
                told.limit(u64::from(limit)).lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
            let links: Vec<Uuid> = told.into_tuple().all(&tx).await.map_err(store_error)?;
            let update = Entity::update_many()
                .col_expr(Column::DueAt, Expr::value(now))
                .col_expr(Column::AnsweredBy, Expr::value(answers_by.clone()))
                .filter(Column::OrganizationId.eq(organization.id.uuid()))
                .filter(Column::LinkId.is_in(links));
            woken += update.exec(&tx).await.map_err(store_error)?.rows_affected;
            tx.commit().await.map_err(store_error)?;
        }
        Ok(woken)
    }
}

use chrono::{DateTime, Utc};
use kinlink_domain::{
    id::{Id, ProvisioningTargetId},
    provisioning::{Cause, Counts, ProvisioningTarget, Run},
    store::StoreError,
};
use sea_orm::{
    ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Set,
    prelude::Expr,
    sea_query::{LockBehavior, LockType},
};

use super::{super::SeaUnit, Key, free};
use crate::{
    convert::{corrupt, from_json, from_word, to_json, to_word},
    entity::{
        provisioning_account,
        provisioning_run::{ActiveModel, Column, Entity, Model},
    },
    error::store_error,
};

const WHAT: &str = "reconcile";

fn run_from(row: Model) -> Result<Run, StoreError> {
    Ok(Run {
        organization: Id::from_uuid(row.organization_id),
        target: Id::from_uuid(row.target_id),
        phase: from_word(WHAT, &row.phase)?,
        cause: from_word(WHAT, &row.cause)?,
        requested_at: row.requested_at,
        after: row.after_account.map(Id::from_uuid),
        total: u64::try_from(row.total).map_err(|error| corrupt(WHAT, error))?,
        counts: from_json(WHAT, &row.counts)?,
        failures: u16::try_from(row.failures).map_err(|error| corrupt(WHAT, error))?,
        last: row.last.map(|last| from_json(WHAT, &last)).transpose()?,
    })
}

fn beginning(cause: Cause, now: DateTime<Utc>, total: u64) -> ActiveModel {
    ActiveModel {
        cause: Set(to_word(&cause)),
        requested_at: Set(now),
        leased_until: Set(None),
        after_account: Set(None),
        total: Set(i64::try_from(total).unwrap_or(i64::MAX)),
        counts: Set(to_json(&Counts::default())),
        failures: Set(0),
        ..Default::default()
    }
}

impl SeaUnit {
    pub(super) async fn insert_run(&self, target: &ProvisioningTarget) -> Result<(), StoreError> {
        let row = ActiveModel {
            organization_id: Set(target.organization.uuid()),
            target_id: Set(target.id.uuid()),
            phase: Set("idle".to_owned()),
            last: Set(None),
            ..beginning(Cause::Asked, target.created_at, 0)
        };
        Entity::insert(row).exec_without_returning(&self.tx).await.map_err(store_error)?;
        Ok(())
    }

    pub(super) async fn find_run(&self, key: Key) -> Result<Option<Run>, StoreError> {
        Entity::find_by_id(key).one(&self.tx).await.map_err(store_error)?.map(run_from).transpose()
    }

    pub(super) async fn idle_runs(&self) -> Result<Vec<Run>, StoreError> {
        let select = Entity::find().filter(Column::Phase.eq("idle"));
        let rows = select.all(&self.tx).await.map_err(store_error)?;
        rows.into_iter().map(run_from).collect()
    }

    /// One statement decides, so that of two replicas one begins it.
    pub(super) async fn begin_run(
        &self,
        target: &ProvisioningTarget,
        cause: Cause,
        unless_since: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.add_accounts(target, false, now).await?;
        let total = provisioning_account::Entity::find()
            .filter(provisioning_account::Column::OrganizationId.eq(target.organization.uuid()))
            .filter(provisioning_account::Column::TargetId.eq(target.id.uuid()))
            .count(&self.tx)
            .await
            .map_err(store_error)?;
        let row = ActiveModel { phase: Set("running".to_owned()), ..beginning(cause, now, total) };
        let mut update = Entity::update_many()
            .set(row)
            .filter(Column::OrganizationId.eq(target.organization.uuid()))
            .filter(Column::TargetId.eq(target.id.uuid()))
            .filter(Column::Phase.eq("idle"));
        if let Some(since) = unless_since {
            update = update.filter(Column::RequestedAt.lt(since));
        }
        Ok(update.exec(&self.tx).await.map_err(store_error)?.rows_affected == 1)
    }

    pub(super) async fn take_run(
        &self,
        only: Option<ProvisioningTargetId>,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
    ) -> Result<Option<Run>, StoreError> {
        let open = self.open_targets(now).await?;
        let mut select = Entity::find()
            .filter(Column::Phase.eq("running"))
            .filter(Column::TargetId.is_in(open))
            .filter(free(Column::LeasedUntil, now));
        if let Some(only) = only {
            select = select.filter(Column::TargetId.eq(only.uuid()));
        }
        let row = select
            .order_by_asc(Column::RequestedAt)
            .limit(1)
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .one(&self.tx)
            .await
            .map_err(store_error)?;
        let Some(row) = row else { return Ok(None) };
        Entity::update_many()
            .col_expr(Column::LeasedUntil, Expr::value(lease_until))
            .filter(Column::OrganizationId.eq(row.organization_id))
            .filter(Column::TargetId.eq(row.target_id))
            .exec(&self.tx)
            .await
            .map_err(store_error)?;
        run_from(row).map(Some)
    }

    pub(super) async fn keep_run(&self, run: &Run, leased_until: DateTime<Utc>) -> Result<bool, StoreError> {
        let row = ActiveModel {
            phase: Set(to_word(&run.phase)),
            leased_until: Set(None),
            after_account: Set(run.after.map(Id::uuid)),
            counts: Set(to_json(&run.counts)),
            failures: Set(run.failures.into()),
            last: Set(run.last.as_ref().map(to_json)),
            ..Default::default()
        };
        let update = Entity::update_many()
            .set(row)
            .filter(Column::OrganizationId.eq(run.organization.uuid()))
            .filter(Column::TargetId.eq(run.target.uuid()))
            .filter(Column::LeasedUntil.eq(leased_until));
        Ok(update.exec(&self.tx).await.map_err(store_error)?.rows_affected == 1)
    }
}

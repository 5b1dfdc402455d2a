use chrono::{DateTime, Utc};
use kinlink_domain::{
    id::{Id, ProvisioningTargetId},
    provisioning::{Cause, Counts, ProvisioningTarget, Run, RunKind},
    store::StoreError,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Set,
    prelude::Expr,
    sea_query::{LockBehavior, LockType},
};
use uuid::Uuid;

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
        kind: from_word(WHAT, &row.kind)?,
        phase: from_word(WHAT, &row.phase)?,
        cause: from_word(WHAT, &row.cause)?,
        requested_at: row.requested_at,
        after: row.after_account.map(Id::from_uuid),
        sweep: row.sweep,
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
        sweep: Set(None),
        total: Set(i64::try_from(total).unwrap_or(i64::MAX)),
        counts: Set(to_json(&Counts::default())),
        failures: Set(0),
        ..Default::default()
    }
}

impl SeaUnit {
    pub(super) async fn insert_run(&self, target: &ProvisioningTarget) -> Result<(), StoreError> {
        let row = |kind| ActiveModel {
            organization_id: Set(target.organization.uuid()),
            target_id: Set(target.id.uuid()),
            kind: Set(to_word(&kind)),
            phase: Set("idle".to_owned()),
            last: Set(None),
            ..beginning(Cause::Asked, target.created_at, 0)
        };
        let rows = [row(RunKind::Reconcile), row(RunKind::Preview)];
        Entity::insert_many(rows).exec_without_returning(&self.tx).await.map_err(store_error)?;
        Ok(())
    }

    pub(super) async fn find_run(&self, key: Key, kind: RunKind) -> Result<Option<Run>, StoreError> {
        Entity::find_by_id((key.0, key.1, to_word(&kind)))
            .one(&self.tx)
            .await
            .map_err(store_error)?
            .map(run_from)
            .transpose()
    }

    pub(super) async fn idle_runs(&self) -> Result<Vec<Run>, StoreError> {
        let reconcile = Column::Kind.eq(to_word(&RunKind::Reconcile));
        let select = Entity::find().filter(Column::Phase.eq("idle")).filter(reconcile);
        let rows = select.all(&self.tx).await.map_err(store_error)?;
        rows.into_iter().map(run_from).collect()
    }

    /// One statement decides, so that of two replicas one begins it.
    pub(super) async fn begin_run(
        &self,
        target: &ProvisioningTarget,
        kind: RunKind,
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
            .filter(Column::Kind.eq(to_word(&kind)))
            .filter(Column::Phase.eq("idle"));
        if let Some(since) = unless_since {
            update = update.filter(Column::RequestedAt.lt(since));
        }
        let begun = update.exec(&self.tx).await.map_err(store_error)?.rows_affected == 1;
        if begun {
            self.forget_findings((target.organization.uuid(), target.id.uuid()), Some(kind)).await?;
        }
        Ok(begun)
    }

    pub(super) async fn take_run(
        &self,
        only: Option<(ProvisioningTargetId, RunKind)>,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
    ) -> Result<Option<Run>, StoreError> {
        let of = |kind: RunKind, targets: Vec<Uuid>| {
            Condition::all().add(Column::Kind.eq(to_word(&kind))).add(Column::TargetId.is_in(targets))
        };
        let may_go_on = Condition::any()
            .add(of(RunKind::Reconcile, self.open_targets(now).await?))
            .add(of(RunKind::Preview, self.readable_targets(now).await?));
        let mut select = Entity::find()
            .filter(Column::Phase.eq("running"))
            .filter(may_go_on)
            .filter(free(Column::LeasedUntil, now));
        if let Some((target, kind)) = only {
            select = select.filter(of(kind, vec![target.uuid()]));
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
            .filter(Column::Kind.eq(&row.kind))
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
            sweep: Set(run.sweep.clone()),
            counts: Set(to_json(&run.counts)),
            failures: Set(run.failures.into()),
            last: Set(run.last.as_ref().map(to_json)),
            ..Default::default()
        };
        let update = Entity::update_many()
            .set(row)
            .filter(Column::OrganizationId.eq(run.organization.uuid()))
            .filter(Column::TargetId.eq(run.target.uuid()))
            .filter(Column::Kind.eq(to_word(&run.kind)))
            .filter(Column::LeasedUntil.eq(leased_until));
        Ok(update.exec(&self.tx).await.map_err(store_error)?.rows_affected == 1)
    }
}

use chrono::{DateTime, Utc};
use kinlink_domain::{
    event::LinkEvent,
    id::{AccountId, Id, OrganizationId},
    provisioning::{Known, ProvisioningOutcome, ProvisioningTarget, ProvisioningTask, QueueCounts},
    store::StoreError,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, Select, Set,
    Statement, UpdateMany,
    prelude::Expr,
    sea_query::{LockBehavior, LockType},
};
use uuid::Uuid;

use super::{super::SeaUnit, Key, free};
use crate::{
    convert::corrupt,
    entity::provisioning_account::{ActiveModel, Column, Entity, Model},
    error::store_error,
};

const WHAT: &str = "provisioned account";

fn of(key: Key) -> Select<Entity> {
    Entity::find().filter(Column::OrganizationId.eq(key.0)).filter(Column::TargetId.eq(key.1))
}

fn known(status: &str, written: Option<Vec<u8>>) -> Result<Known, StoreError> {
    let written = written.map(TryInto::try_into).transpose();
    let written = written.map_err(|_| corrupt(WHAT, "a digest has 16 bytes"))?;
    Ok(Known { waiting: status == "pending", written })
}

fn task_from(row: Model, leased_until: DateTime<Utc>) -> Result<ProvisioningTask, StoreError> {
    Ok(ProvisioningTask {
        organization: Id::from_uuid(row.organization_id),
        target: Id::from_uuid(row.target_id),
        account: Id::from_uuid(row.account_id),
        generation: row.generation,
        attempts: u16::try_from(row.attempts).map_err(|error| corrupt(WHAT, error))?,
        known: known(&row.status, row.written)?,
        leased_until,
    })
}

/// The row that a task was made from, while its lease holds.
fn held(task: &ProvisioningTask) -> UpdateMany<Entity> {
    Entity::update_many()
        .filter(Column::OrganizationId.eq(task.organization.uuid()))
        .filter(Column::TargetId.eq(task.target.uuid()))
        .filter(Column::AccountId.eq(task.account.uuid()))
        .filter(Column::LeasedUntil.eq(task.leased_until))
}

fn settled(task: &ProvisioningTask, outcome: &ProvisioningOutcome, now: DateTime<Utc>) -> ActiveModel {
    let base = ActiveModel { leased_until: Set(None), ..Default::default() };
    let over = |status: &str, error: Option<String>| ActiveModel {
        status: Set(status.to_owned()),
        error: Set(error),
        settled_at: Set(Some(now)),
        ..base.clone()
    };
    match outcome {
        ProvisioningOutcome::Done { written } => ActiveModel {
            written: Set(written.map(|digest| digest.to_vec())),
            attempts: Set(0),
            ..over("done", None)
        },
        ProvisioningOutcome::Gone => ActiveModel { written: Set(None), ..over("gone", None) },
        ProvisioningOutcome::Dead { error } => over("dead", Some(error.clone())),
        ProvisioningOutcome::Untouched => base,
        ProvisioningOutcome::Retry { error, at, counts } => ActiveModel {
            status: Set("pending".to_owned()),
            due_at: Set(*at),
            attempts: Set(i32::from(task.attempts) + i32::from(*counts)),
            error: Set(Some(error.clone())),
            ..base
        },
    }
}

impl SeaUnit {
    /// Makes the accounts of these events due at the targets of their organizations. The rows are locked in
    /// the order of their keys.
    pub(in super::super) async fn provision(&self, events: &[LinkEvent]) -> Result<(), StoreError> {
        let mut touched: Vec<(OrganizationId, AccountId)> =
            events.iter().map(|event| (event.organization, event.account)).collect();
        touched.sort_unstable();
        touched.dedup();
        let sql = "insert into provisioning_account \
               (organization_id, target_id, account_id, generation, status, due_at, attempts, changed_at) \
             select target.organization_id, target.id, account.id, 1, 'pending', $1, 0, $1 \
               from account join provisioning_target target on target.iss = account.iss \
               where account.id = $2 and target.organization_id = $3 order by target.id \
             on conflict (organization_id, target_id, account_id) do update set \
               generation = provisioning_account.generation + 1, status = 'pending', attempts = 0, \
               due_at = excluded.due_at, error = null, changed_at = excluded.changed_at";
        for (organization, account) in touched {
            let values = [self.begun_at.into(), account.uuid().into(), organization.uuid().into()];
            let statement = Statement::from_sql_and_values(self.backend(), sql, values);
            self.tx.execute_raw(statement).await.map_err(store_error)?;
        }
        Ok(())
    }

    pub(super) async fn add_accounts(
        &self,
        target: &ProvisioningTarget,
        due: bool,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let sql = "insert into provisioning_account \
               (organization_id, target_id, account_id, generation, status, due_at, attempts, changed_at) \
             select $1, $2, account.id, 1, $3, $4, 0, $4 from account \
               where account.iss = $5 and exists (select 1 from link \
                 where link.account_id = account.id and link.organization_id = $1) \
             on conflict (organization_id, target_id, account_id) do nothing";
        let values = [
            target.organization.uuid().into(),
            target.id.uuid().into(),
            if due { "pending" } else { "done" }.into(),
            now.into(),
            target.issuer.as_str().into(),
        ];
        let statement = Statement::from_sql_and_values(self.backend(), sql, values);
        Ok(self.tx.execute_raw(statement).await.map_err(store_error)?.rows_affected())
    }

    pub(super) async fn revive(&self, key: Key, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let row = ActiveModel {
            status: Set("pending".to_owned()),
            attempts: Set(0),
            due_at: Set(now),
            ..Default::default()
        };
        let update = Entity::update_many()
            .set(row)
            .filter(Column::OrganizationId.eq(key.0))
            .filter(Column::TargetId.eq(key.1))
            .filter(Column::Status.eq("dead"));
        Ok(update.exec(&self.tx).await.map_err(store_error)?.rows_affected)
    }

    /// By the index `provisioning_by_status`.
    pub(super) async fn counts(&self, key: Key) -> Result<QueueCounts, StoreError> {
        let rows: Vec<(String, i64)> = of(key)
            .select_only()
            .column(Column::Status)
            .column_as(Column::AccountId.count(), "accounts")
            .group_by(Column::Status)
            .into_tuple()
            .all(&self.tx)
            .await
            .map_err(store_error)?;
        let mut counts = QueueCounts::default();
        for (status, accounts) in rows {
            let accounts = u64::try_from(accounts).unwrap_or_default();
            match status.as_str() {
                "pending" => counts.pending = accounts,
                "done" => counts.done = accounts,
                "gone" => counts.gone = accounts,
                "dead" => counts.dead = accounts,
                _ => return Err(corrupt(WHAT, "no such status")),
            }
        }
        Ok(counts)
    }

    pub(super) async fn accounts_behind(
        &self,
        key: Key,
        after: Option<AccountId>,
        limit: u16,
    ) -> Result<Vec<(AccountId, Known)>, StoreError> {
        let mut select = of(key).select_only().columns([Column::AccountId, Column::Status, Column::Written]);
        if let Some(after) = after {
            select = select.filter(Column::AccountId.gt(after.uuid()));
        }
        let select = select.order_by_asc(Column::AccountId).limit(u64::from(limit)).into_tuple();
        let rows: Vec<(Uuid, String, Option<Vec<u8>>)> = select.all(&self.tx).await.map_err(store_error)?;
        let account =
            |(id, status, written): (Uuid, String, _)| Ok((Id::from_uuid(id), known(&status, written)?));
        rows.into_iter().map(account).collect()
    }

    pub(super) async fn accounts_among(
        &self,
        key: Key,
        accounts: &[AccountId],
    ) -> Result<Vec<AccountId>, StoreError> {
        if accounts.is_empty() {
            return Ok(Vec::new());
        }
        let select = of(key).select_only().column(Column::AccountId);
        let among = select.filter(Column::AccountId.is_in(accounts.iter().map(|account| account.uuid())));
        let ids: Vec<Uuid> = among.into_tuple().all(&self.tx).await.map_err(store_error)?;
        Ok(ids.into_iter().map(Id::from_uuid).collect())
    }

    /// By the index `provisioning_due`.
    pub(super) async fn take_due_accounts(
        &self,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<ProvisioningTask>, StoreError> {
        let open = self.open_targets(now).await?;
        if open.is_empty() {
            return Ok(Vec::new());
        }
        let rows = Entity::find()
            .filter(Column::Status.eq("pending"))
            .filter(Column::DueAt.lte(now))
            .filter(Column::TargetId.is_in(open))
            .filter(free(Column::LeasedUntil, now))
            .order_by_asc(Column::DueAt)
            .limit(u64::from(limit))
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .all(&self.tx)
            .await
            .map_err(store_error)?;
        self.lease(rows, lease_until).await
    }

    pub(super) async fn take_account(
        &self,
        key: Key,
        account: AccountId,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
    ) -> Result<Option<ProvisioningTask>, StoreError> {
        let select = of(key)
            .filter(Column::AccountId.eq(account.uuid()))
            .filter(free(Column::LeasedUntil, now))
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
        let row = select.one(&self.tx).await.map_err(store_error)?;
        Ok(self.lease(row.into_iter().collect(), lease_until).await?.pop())
    }

    async fn lease(
        &self,
        rows: Vec<Model>,
        until: DateTime<Utc>,
    ) -> Result<Vec<ProvisioningTask>, StoreError> {
        let mut tasks = Vec::with_capacity(rows.len());
        for row in rows {
            Entity::update_many()
                .col_expr(Column::LeasedUntil, Expr::value(until))
                .filter(Column::OrganizationId.eq(row.organization_id))
                .filter(Column::TargetId.eq(row.target_id))
                .filter(Column::AccountId.eq(row.account_id))
                .exec(&self.tx)
                .await
                .map_err(store_error)?;
            tasks.push(task_from(row, until)?);
        }
        Ok(tasks)
    }

    /// A change that came meanwhile keeps the account due: only the lease ends then, and what was written is
    /// remembered.
    pub(super) async fn settle_account(
        &self,
        task: &ProvisioningTask,
        outcome: &ProvisioningOutcome,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let columns = settled(task, outcome, now);
        let overtaken =
            ActiveModel { leased_until: Set(None), written: columns.written.clone(), ..Default::default() };
        let unchanged = held(task).filter(Expr::col(Column::Generation).eq(task.generation));
        let settled = unchanged.set(columns).exec(&self.tx).await.map_err(store_error)?;
        if settled.rows_affected == 1 {
            return Ok(true);
        }
        let given_back = held(task).set(overtaken).exec(&self.tx).await.map_err(store_error)?;
        Ok(given_back.rows_affected == 1)
    }
}

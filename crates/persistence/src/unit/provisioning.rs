//! Servers whose users carry attributes: the targets themselves, their accounts, and their reconciles.

mod accounts;
mod findings;
mod runs;
mod targets;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kinlink_domain::{
    id::{AccountId, OrganizationId, ProvisioningTargetId},
    provisioning::{
        Cause, Finding, Known, ProvisioningOutcome, ProvisioningTarget, ProvisioningTask, QueueCounts, Run,
        RunKind,
    },
    store::{Provisioning, StoreError},
};
use sea_orm::{ColumnTrait, Condition};
use uuid::Uuid;

use super::SeaUnit;

/// What nobody has just now.
fn free(leased_until: impl ColumnTrait, now: DateTime<Utc>) -> Condition {
    Condition::any().add(leased_until.is_null()).add(leased_until.lte(now))
}

type Key = (Uuid, Uuid);

fn key(organization: OrganizationId, id: ProvisioningTargetId) -> Key {
    (organization.uuid(), id.uuid())
}

#[async_trait]
impl Provisioning for SeaUnit {
    async fn add_provisioning_target(&mut self, target: &ProvisioningTarget) -> Result<(), StoreError> {
        self.insert_target(target).await?;
        self.insert_run(target).await
    }

    async fn update_provisioning_target(&mut self, target: &ProvisioningTarget) -> Result<(), StoreError> {
        self.update_target(target).await
    }

    async fn remove_provisioning_target(
        &mut self,
        organization: OrganizationId,
        id: ProvisioningTargetId,
    ) -> Result<(), StoreError> {
        self.delete_target(key(organization, id)).await
    }

    async fn provisioning_target(
        &mut self,
        organization: OrganizationId,
        id: ProvisioningTargetId,
    ) -> Result<Option<ProvisioningTarget>, StoreError> {
        self.find_target(key(organization, id)).await
    }

    async fn provisioning_targets(
        &mut self,
        organization: OrganizationId,
    ) -> Result<Vec<ProvisioningTarget>, StoreError> {
        self.all_targets(organization).await
    }

    async fn pause_provisioning(
        &mut self,
        organization: OrganizationId,
        id: ProvisioningTargetId,
        until: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.pause_target(key(organization, id), until).await
    }

    async fn add_provisioned_accounts(
        &mut self,
        target: &ProvisioningTarget,
        due: bool,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        self.add_accounts(target, due, now).await
    }

    async fn revive_provisioning(
        &mut self,
        organization: OrganizationId,
        id: ProvisioningTargetId,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        self.revive(key(organization, id), now).await
    }

    async fn provisioning_counts(
        &mut self,
        organization: OrganizationId,
        id: ProvisioningTargetId,
    ) -> Result<QueueCounts, StoreError> {
        self.counts(key(organization, id)).await
    }

    async fn provisioned_accounts(
        &mut self,
        organization: OrganizationId,
        id: ProvisioningTargetId,
        after: Option<AccountId>,
        limit: u16,
    ) -> Result<Vec<(AccountId, Known)>, StoreError> {
        self.accounts_behind(key(organization, id), after, limit).await
    }

    async fn provisioned_among(
        &mut self,
        organization: OrganizationId,
        id: ProvisioningTargetId,
        accounts: &[AccountId],
    ) -> Result<Vec<AccountId>, StoreError> {
        self.accounts_among(key(organization, id), accounts).await
    }

    async fn take_provisioning(
        &mut self,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<ProvisioningTask>, StoreError> {
        self.take_due_accounts(now, lease_until, limit).await
    }

    async fn lease_provisioning(
        &mut self,
        target: &ProvisioningTarget,
        account: AccountId,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
    ) -> Result<Option<ProvisioningTask>, StoreError> {
        self.take_account(key(target.organization, target.id), account, now, lease_until).await
    }

    async fn settle_provisioning(
        &mut self,
        task: &ProvisioningTask,
        outcome: &ProvisioningOutcome,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.settle_account(task, outcome, now).await
    }

    async fn provisioning_run(
        &mut self,
        organization: OrganizationId,
        id: ProvisioningTargetId,
        kind: RunKind,
    ) -> Result<Option<Run>, StoreError> {
        self.find_run(key(organization, id), kind).await
    }

    async fn idle_provisioning_runs(&mut self) -> Result<Vec<Run>, StoreError> {
        self.idle_runs().await
    }

    async fn begin_provisioning_run(
        &mut self,
        target: &ProvisioningTarget,
        kind: RunKind,
        cause: Cause,
        unless_since: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.begin_run(target, kind, cause, unless_since, now).await
    }

    async fn take_provisioning_run(
        &mut self,
        only: Option<(ProvisioningTargetId, RunKind)>,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
    ) -> Result<Option<Run>, StoreError> {
        self.take_run(only, now, lease_until).await
    }

    async fn keep_provisioning_run(
        &mut self,
        run: &Run,
        findings: &[Finding],
        leased_until: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let ours = self.keep_run(run, leased_until).await?;
        if ours {
            self.add_findings(run, findings).await?;
        }
        Ok(ours)
    }

    async fn provisioning_findings(
        &mut self,
        run: &Run,
        after: Option<AccountId>,
        limit: u16,
    ) -> Result<Vec<Finding>, StoreError> {
        self.findings_behind(run, after, limit).await
    }
}

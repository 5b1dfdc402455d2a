use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::StoreError;
use crate::{
    id::{AccountId, OrganizationId, ProvisioningTargetId},
    provisioning::{
        Cause, Finding, Known, ProvisioningOutcome, ProvisioningTarget, ProvisioningTask, QueueCounts, Run,
        RunKind,
    },
};

/// Authorization servers whose users carry attributes, and how far each account is.
///
/// Every event of a link makes its account due at the targets of its organization, in the unit that writes the
/// link ([`super::Journal::happened`]). There is one row for each account and target, so a newer change takes
/// the place of one that was not sent; and one worker at most has it, so changes of one account keep their
/// order.
#[async_trait]
pub trait Provisioning {
    /// Adds a target.
    async fn add_provisioning_target(&mut self, target: &ProvisioningTarget) -> Result<(), StoreError>;
    /// Replaces settings, client, secret and state, and lifts a pause.
    async fn update_provisioning_target(&mut self, target: &ProvisioningTarget) -> Result<(), StoreError>;
    /// Removes a target with all that is known of its accounts.
    async fn remove_provisioning_target(
        &mut self,
        organization: OrganizationId,
        id: ProvisioningTargetId,
    ) -> Result<(), StoreError>;
    /// One target.
    async fn provisioning_target(
        &mut self,
        organization: OrganizationId,
        id: ProvisioningTargetId,
    ) -> Result<Option<ProvisioningTarget>, StoreError>;
    /// The organization's targets, oldest first.
    async fn provisioning_targets(
        &mut self,
        organization: OrganizationId,
    ) -> Result<Vec<ProvisioningTarget>, StoreError>;
    /// Nothing is sent to the target before `until`.
    async fn pause_provisioning(
        &mut self,
        organization: OrganizationId,
        id: ProvisioningTargetId,
        until: DateTime<Utc>,
    ) -> Result<(), StoreError>;

    /// Adds every account of the target's issuer that has or had a link at its organization and is not there
    /// yet: due if `due`, and else as if nothing was to be done.
    async fn add_provisioned_accounts(
        &mut self,
        target: &ProvisioningTarget,
        due: bool,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError>;
    /// Makes accounts that were given up due again.
    async fn revive_provisioning(
        &mut self,
        organization: OrganizationId,
        id: ProvisioningTargetId,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError>;
    /// How a target's accounts stand.
    async fn provisioning_counts(
        &mut self,
        organization: OrganizationId,
        id: ProvisioningTargetId,
    ) -> Result<QueueCounts, StoreError>;
    /// A target's accounts behind `after`, in the order of their ids, with what is known of them.
    async fn provisioned_accounts(
        &mut self,
        organization: OrganizationId,
        id: ProvisioningTargetId,
        after: Option<AccountId>,
        limit: u16,
    ) -> Result<Vec<(AccountId, Known)>, StoreError>;
    /// Those of `accounts` that are the target's.
    async fn provisioned_among(
        &mut self,
        organization: OrganizationId,
        id: ProvisioningTargetId,
        accounts: &[AccountId],
    ) -> Result<Vec<AccountId>, StoreError>;
    /// Takes up to `limit` accounts that are due, until `lease_until`. What one worker has, others pass over.
    async fn take_provisioning(
        &mut self,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<ProvisioningTask>, StoreError>;
    /// Takes one account, due or not; nothing if another worker has it.
    async fn lease_provisioning(
        &mut self,
        target: &ProvisioningTarget,
        account: AccountId,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
    ) -> Result<Option<ProvisioningTask>, StoreError>;
    /// Notes what became of a task and gives it back; false if its lease had run out and somebody else took it.
    async fn settle_provisioning(
        &mut self,
        task: &ProvisioningTask,
        outcome: &ProvisioningOutcome,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError>;

    /// The comparison of this kind that is under way, or the last one.
    async fn provisioning_run(
        &mut self,
        organization: OrganizationId,
        id: ProvisioningTargetId,
        kind: RunKind,
    ) -> Result<Option<Run>, StoreError>;
    /// The targets for which no reconcile is under way.
    async fn idle_provisioning_runs(&mut self) -> Result<Vec<Run>, StoreError>;
    /// Begins a comparison, unless one of its kind is under way or the last one was asked for at `unless_since`
    /// or later. What the last one found is forgotten.
    async fn begin_provisioning_run(
        &mut self,
        target: &ProvisioningTarget,
        kind: RunKind,
        cause: Cause,
        unless_since: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError>;
    /// Takes a comparison that is under way, of any target or this one, until `lease_until`.
    async fn take_provisioning_run(
        &mut self,
        only: Option<(ProvisioningTargetId, RunKind)>,
        now: DateTime<Utc>,
        lease_until: DateTime<Utc>,
    ) -> Result<Option<Run>, StoreError>;
    /// Writes how far a comparison is and what was found on the way, and gives it back, if it is still held by
    /// this lease.
    async fn keep_provisioning_run(
        &mut self,
        run: &Run,
        findings: &[Finding],
        leased_until: DateTime<Utc>,
    ) -> Result<bool, StoreError>;
    /// What the comparison of this kind found so far, or the last one, behind `after`, in the order of the
    /// accounts' ids.
    async fn provisioning_findings(
        &mut self,
        run: &Run,
        after: Option<AccountId>,
        limit: u16,
    ) -> Result<Vec<Finding>, StoreError>;
}

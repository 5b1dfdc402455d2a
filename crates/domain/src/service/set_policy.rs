//! An organization's policy is replaced. Links are worth what the policy in force says, so they are to be
//! reassessed afterwards ([`super::reassess::reassess_next`]) where it changed what evidence is worth. Where it changed
//! what lookups answer, whoever listens is told by those who find the links that were last told of by another policy
//! ([`crate::store::TurnQueue::wake_links`]): here, nobody waits for a million of them.

use super::Ports;
use crate::{
    actor::Authorized,
    audit::{Action, Subject},
    organization::Organization,
    policy::{Finding, Policy, PolicyChange, Severity},
    store::{Change, StoreError, UnitOfWork},
};

/// Why a policy was not taken.
#[derive(Debug, thiserror::Error)]
pub enum SetPolicyError {
    /// No such organization.
    #[error("no such organization")]
    NotFound,
    /// Something is wrong with it.
    #[error("the policy cannot be used")]
    Invalid(Vec<Finding>),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Replaces the policy, and says what changed. What did not change is not written.
pub async fn set(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    by: Authorized,
    policy: Policy,
) -> Result<Vec<PolicyChange>, SetPolicyError> {
    let wrong: Vec<_> = policy
        .validate()
        .into_iter()
        .filter(|finding| finding.violation.severity() == Severity::Error)
        .collect();
    if !wrong.is_empty() {
        return Err(SetPolicyError::Invalid(wrong));
    }
    let id = by.organization();
    let organization = unit.organization_for_update(id).await?.ok_or(SetPolicyError::NotFound)?;
    let changes = organization.policy.changes(&policy);
    if changes.is_empty() {
        return Ok(changes);
    }
    unit.update_organization(&Organization { policy, ..organization }).await?;
    unit.changed(Change::Organization(id));
    let detail = serde_json::json!({"policy": changes});
    let action = Action::OrganizationConfigure;
    unit.record(ports.audit(id, by.actor(), action, Subject::default(), detail));
    Ok(changes)
}

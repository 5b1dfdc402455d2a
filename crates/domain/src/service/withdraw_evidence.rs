//! Staff withdraw evidence: it counts no more, and stays to be seen.

use super::{Ports, reassess};
use crate::{
    actor::Authorized,
    audit::{Action, Subject},
    evidence::{AlreadyWithdrawn, Evidence, Withdrawal},
    id::{EvidenceId, LinkId},
    link::Link,
    store::{StoreError, UnitOfWork},
};

/// Why evidence was not withdrawn.
#[derive(Debug, thiserror::Error)]
pub enum WithdrawEvidenceError {
    /// No such link at this organization, or no such evidence of it.
    #[error("no such evidence")]
    NotFound,
    /// It was withdrawn before.
    #[error(transparent)]
    Refused(#[from] AlreadyWithdrawn),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Withdraws evidence; also of a link that has ended, so that its story is told right.
pub async fn withdraw(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    by: Authorized,
    link: LinkId,
    id: EvidenceId,
    reason: Withdrawal,
) -> Result<(Link, Evidence), WithdrawEvidenceError> {
    let link = unit.link_for_update(link).await?;
    let link =
        link.filter(|link| link.organization == by.organization()).ok_or(WithdrawEvidenceError::NotFound)?;
    let organization = unit.organization(link.organization).await?.ok_or(WithdrawEvidenceError::NotFound)?;
    let evidence = unit.evidence(link.id).await?.into_iter().find(|evidence| evidence.id == id);
    let evidence = evidence.ok_or(WithdrawEvidenceError::NotFound)?;
    let withdrawn = evidence.withdraw(by.actor(), reason, ports.clock.now())?;
    unit.update_evidence(&withdrawn).await?;
    let detail = serde_json::json!({"id": id, "evidence": withdrawn.fact.kind(), "reason": reason});
    let subject = Subject::from(&link);
    unit.record(ports.audit(link.organization, by.actor(), Action::EvidenceWithdraw, subject, detail));
    let link = reassess::evidence_changed(unit, ports, &organization.policy.proofing, link).await?;
    Ok((link, withdrawn))
}

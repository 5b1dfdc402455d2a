//! Staff close a link until it is clear whether it is right, or open it again.

use super::{
    Ports, doubt,
    write_link::{Told, write},
};
use crate::{
    actor::{Actor, Authorized},
    audit::Action,
    dispute::DisputeStatus,
    id::LinkId,
    link::{Link, LinkState, ReinstateRefusal, Reinstatement, SuspendRefusal, Suspension},
    store::{StoreError, UnitOfWork},
};

/// Why a link was not suspended, or its suspension not lifted.
#[derive(Debug, thiserror::Error)]
pub enum SuspendLinkError {
    /// No such link at this organization.
    #[error("no such link")]
    NotFound,
    /// It cannot be suspended.
    #[error(transparent)]
    NotSuspended(#[from] SuspendRefusal),
    /// Its suspension cannot be lifted.
    #[error(transparent)]
    NotReinstated(#[from] ReinstateRefusal),
    /// A dispute about it is open: whoever decides that lifts the suspension.
    #[error("a dispute about the link is open")]
    DisputeOpen,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Suspends a link.
pub async fn suspend(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    by: Authorized,
    id: LinkId,
    reason: Suspension,
) -> Result<Link, SuspendLinkError> {
    let link = of_organization(unit, by, id).await?;
    let suspended = link.suspend(by.actor(), reason, ports.clock.now())?;
    write_suspended(unit, ports, &suspended, by.actor(), reason).await?;
    Ok(suspended)
}

/// Lifts a suspension. If the link of whoever granted this one is in doubt, it stays closed for that; staff who
/// lift that too mean to open it all the same.
pub async fn reinstate(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    by: Authorized,
    id: LinkId,
    reason: Reinstatement,
) -> Result<Link, SuspendLinkError> {
    let link = of_organization(unit, by, id).await?;
    let disputes = unit.disputes_of_link(&link).await?;
    if disputes.iter().any(|dispute| dispute.status() == DisputeStatus::Open) {
        return Err(SuspendLinkError::DisputeOpen);
    }
    let detail = serde_json::json!({"reason": reason});
    if !matches!(link.state, LinkState::Suspended { reason: Suspension::Grantor, .. }) {
        return Ok(doubt::lift(unit, ports, link, by.actor(), detail).await??);
    }
    let reinstated = link.reinstate(ports.clock.now())?;
    let told = Told { by: by.actor(), action: Action::LinkReinstate, detail };
    write(unit, ports, &reinstated, told).await?;
    Ok(reinstated)
}

async fn of_organization(
    unit: &mut dyn UnitOfWork,
    by: Authorized,
    id: LinkId,
) -> Result<Link, SuspendLinkError> {
    let link = unit.link_for_update(id).await?;
    link.filter(|link| link.organization == by.organization()).ok_or(SuspendLinkError::NotFound)
}

/// Writes a link that was just suspended; lookups change at once.
pub(super) async fn write_suspended(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    link: &Link,
    by: Actor,
    reason: Suspension,
) -> Result<(), StoreError> {
    let detail = serde_json::json!({"reason": reason});
    write(unit, ports, link, Told { by, action: Action::LinkSuspend, detail }).await
}

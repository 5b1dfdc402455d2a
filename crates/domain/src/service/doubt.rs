//! A link can be in doubt for several reasons, and names one of them. When that one is gone, another may be left.

use super::{
    Ports,
    follow_link::puts_in_doubt,
    write_link::{Told, write},
};
use crate::{
    actor::Actor,
    audit::Action,
    dispute::DisputeStatus,
    link::{Link, LinkRole, LinkState, ReinstateRefusal, Suspension},
    store::{StoreError, UnitOfWork},
};

/// The doubt that a link named is gone, as `by` found: it opens the record again, or stays closed for what is left.
/// Returns the link as it was written.
pub(super) async fn lift(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    link: Link,
    by: Actor,
    detail: serde_json::Value,
) -> Result<Result<Link, ReinstateRefusal>, StoreError> {
    let left = left(unit, &link).await?;
    let lifted = match link.lift(left, ports.clock.now()) {
        Ok(lifted) => lifted,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let told = match left {
        None => Told { by, action: Action::LinkReinstate, detail },
        Some((by, reason)) => {
            Told { by, action: Action::LinkSuspend, detail: serde_json::json!({"reason": reason}) }
        }
    };
    write(unit, ports, &lifted, told).await?;
    Ok(Ok(lifted))
}

/// What speaks against a link beside what it is suspended for.
async fn left(unit: &mut dyn UnitOfWork, link: &Link) -> Result<Option<(Actor, Suspension)>, StoreError> {
    let disputes = unit.disputes_of_link(link).await?;
    if let Some(open) = disputes.iter().find(|dispute| dispute.status() == DisputeStatus::Open) {
        return Ok(Some((Actor::Contact(open.message), Suspension::Disputed)));
    }
    Ok(grantor_is_in_doubt(unit, link).await?.then_some((Actor::System, Suspension::Grantor)))
}

/// Whether the link of whoever granted this one is such that it closes what came of it.
async fn grantor_is_in_doubt(unit: &mut dyn UnitOfWork, link: &Link) -> Result<bool, StoreError> {
    if link.role == LinkRole::SelfRole {
        return Ok(false);
    }
    let Some(grant) = unit.grant_of_link(link.organization, link.id).await? else { return Ok(false) };
    let Actor::Account(grantor) = grant.by else { return Ok(false) };
    let mut links = unit.links_of_account(grantor).await?;
    links.retain(|of_grantor| {
        of_grantor.organization == link.organization && of_grantor.patient == link.patient
    });
    // Newest first; at most one is not revoked.
    let stands = links.iter().find(|link| !matches!(link.state, LinkState::Revoked { .. }));
    Ok(stands.or(links.first()).is_some_and(puts_in_doubt))
}

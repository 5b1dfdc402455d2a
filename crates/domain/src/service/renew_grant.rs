//! Staff saw new papers: what was given for the old ones holds longer, or again.

use chrono::{DateTime, Utc};

use super::{
    Ports,
    write_link::{Told, write},
};
use crate::{
    actor::{Actor, Authorized},
    audit::Action,
    evidence::{Evidence, EvidenceState, Fact},
    grant::{Grant, GrantRefusal},
    id::{EvidenceId, GrantId},
    link::Link,
    store::{StoreError, UnitOfWork},
};

/// What staff saw, and until when access is to be.
#[derive(Debug)]
pub struct Renewal {
    /// The new papers.
    pub proof: Vec<Fact>,
    /// Until when, if before the papers run out.
    pub until: Option<DateTime<Utc>>,
}

/// Why a grant was not renewed.
#[derive(Debug, thiserror::Error)]
pub enum RenewError {
    /// No such grant at this organization.
    #[error("no such grant at this organization")]
    NotFound,
    /// Staff renew what they hold themselves.
    #[error("nobody renews their own access")]
    OwnGrant,
    /// It was never accepted, or is over for good.
    #[error(transparent)]
    NotOpen(#[from] GrantRefusal),
    /// No paper was named.
    #[error("a paper that shows the relationship must have been seen")]
    RelationshipNotShown,
    /// The end lies in the past.
    #[error("the end lies in the past")]
    OverAlready,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Renews.
pub async fn renew(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    by: Authorized,
    id: GrantId,
    renewal: Renewal,
) -> Result<(Grant, Link), RenewError> {
    let now = ports.clock.now();
    if !shows_relationship(&renewal.proof) {
        return Err(RenewError::RelationshipNotShown);
    }
    let end = first_end(&renewal.proof, renewal.until);
    if end.is_some_and(|end| end <= now) {
        return Err(RenewError::OverAlready);
    }
    let found = unit.grant(id).await?.filter(|grant| grant.organization == by.organization());
    let found = found.ok_or(RenewError::NotFound)?;
    let accepted = found.acceptance().ok_or(GrantRefusal(found.status(now)))?;
    if by.actor() == Actor::Staff(accepted.account) {
        return Err(RenewError::OwnGrant);
    }
    // The link before the grant, as everywhere.
    let link = unit.link_for_update(accepted.link).await?.ok_or(RenewError::NotFound)?;
    let grant = unit.grant_for_update(id).await?.ok_or(RenewError::NotFound)?.renew(end, now)?;
    unit.update_grant(&grant).await?;
    for fact in &renewal.proof {
        unit.add_evidence(&seen(ports, by, &link, fact)).await?;
    }
    let prolonged = link.clone().prolong(end, now);
    if prolonged.version != link.version {
        let detail = serde_json::json!({"grant": id, "until": end, "proof": renewal.proof});
        write(unit, ports, &prolonged, Told { by: by.actor(), action: Action::GrantRenew, detail }).await?;
    }
    Ok((grant, prolonged))
}

/// Whether one of the facts is a paper that shows a relationship.
pub(super) fn shows_relationship(proof: &[Fact]) -> bool {
    proof.iter().any(|fact| matches!(fact, Fact::RelationshipSeen { .. }))
}

/// The first moment at which either it is to be over or a paper runs out.
pub(super) fn first_end(proof: &[Fact], until: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    proof.iter().filter_map(Fact::valid_until).chain(until).min()
}

fn seen(ports: &Ports, by: Authorized, link: &Link, fact: &Fact) -> Evidence {
    let now = ports.clock.now();
    Evidence {
        id: EvidenceId::new(now, &*ports.random),
        link: link.id,
        organization: link.organization,
        fact: fact.clone(),
        established_at: now,
        by: by.actor(),
        valid_until: fact.valid_until(),
        state: EvidenceState::Valid,
    }
}

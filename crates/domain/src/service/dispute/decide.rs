use super::subject;
use crate::{
    actor::{Actor, Authorized},
    audit::Action,
    dispute::{AlreadyDecided, Dispute, DisputeStatus},
    id::DisputeId,
    link::{Link, LinkState, Reinstatement, Revocation, RevokeRefusal},
    service::{
        Ports, cut_off, doubt,
        end_link::{EndLinkError, Ender, end},
        follow_link::follow,
    },
    store::{StoreError, UnitOfWork},
};

/// Why a dispute was not decided.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// No such dispute at this organization.
    #[error("no such dispute at this organization")]
    NotFound,
    /// It was decided before.
    #[error(transparent)]
    AlreadyDecided(#[from] AlreadyDecided),
    /// The link was ended meanwhile: the dispute can only be upheld.
    #[error("the link was ended before")]
    LinkEnded,
    /// This reason is not staff's to give.
    #[error("this reason is not one that this caller can give")]
    ReasonNotAllowed,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What staff find of a dispute, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is right: its link ends.
    Right(Revocation),
    /// It is wrong: its link opens the record again, unless something else speaks against that.
    Wrong(Reinstatement),
}

/// Decides a dispute. If its link was absorbed when records were merged, what follows is for the link that stands
/// for it now.
pub async fn decide(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    by: Authorized,
    id: DisputeId,
    verdict: Verdict,
) -> Result<Dispute, DecideError> {
    if let Verdict::Right(_) = verdict
        && let Some(seen) = unit.dispute(by.organization(), id).await?
    {
        let whose = (seen.account, seen.patient);
        cut_off::claims(unit, ports, by.actor(), seen.organization, whose).await?;
    }
    let (dispute, link) = open_dispute(unit, by, id).await?;
    let now = ports.clock.now();
    // It is written before its link, which stays closed while one is open.
    let (decided, action, reason) = match verdict {
        Verdict::Right(reason) => {
            let upheld = dispute.uphold(by.actor(), reason, now)?;
            unit.update_dispute(&upheld).await?;
            end_disputed(unit, ports, by, &link, reason).await?;
            (upheld, Action::DisputeUphold, serde_json::json!(reason))
        }
        Verdict::Wrong(reason) => {
            let dismissed = dispute.dismiss(by.actor(), reason, now)?;
            unit.update_dispute(&dismissed).await?;
            open_disputed(unit, ports, by, link, reason).await?;
            (dismissed, Action::DisputeDismiss, serde_json::json!(reason))
        }
    };
    let detail = serde_json::json!({"dispute": id, "reason": reason});
    unit.record(ports.audit(by.organization(), by.actor(), action, subject(&decided), detail));
    Ok(decided)
}

/// Ends the link, unless somebody else has.
async fn end_disputed(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    by: Authorized,
    link: &Link,
    reason: Revocation,
) -> Result<(), DecideError> {
    if !reason.allowed_to(by.actor()) {
        return Err(DecideError::ReasonNotAllowed);
    }
    if !matches!(link.state, LinkState::Revoked { .. }) {
        end(unit, ports, Ender::Staff(by), link.id, reason).await?;
    }
    Ok(())
}

/// Lifts what a contact said against the link. Whatever else it is suspended for stands.
async fn open_disputed(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    by: Authorized,
    link: Link,
    reason: Reinstatement,
) -> Result<(), DecideError> {
    match link.state {
        LinkState::Revoked { .. } => Err(DecideError::LinkEnded),
        LinkState::Suspended { by: Actor::Contact(_), .. } => {
            let detail = serde_json::json!({"reason": reason});
            let lifted = doubt::lift(unit, ports, link, by.actor(), detail).await?;
            lifted.map(drop).map_err(|_| DecideError::LinkEnded)
        }
        // Staff suspended it for a reason of their own, or whoever granted it is in doubt.
        LinkState::Suspended { .. } => Ok(()),
        // It stands for the disputed one and was never in doubt itself. What was granted by that one opens again.
        LinkState::Active => Ok(follow(unit, ports, &link, Action::LinkReinstate).await?),
    }
}

/// The dispute, and the link that stands for the disputed one. The link's row is locked first, as by whoever opens a
/// dispute, so that two decisions at once have one winner.
async fn open_dispute(
    unit: &mut dyn UnitOfWork,
    by: Authorized,
    id: DisputeId,
) -> Result<(Dispute, Link), DecideError> {
    let seen = unit.dispute(by.organization(), id).await?.ok_or(DecideError::NotFound)?;
    let link = unit.standing_link_for_update(seen.link).await?.ok_or(DecideError::NotFound)?;
    let dispute = unit.dispute(by.organization(), id).await?.ok_or(DecideError::NotFound)?;
    match dispute.status() {
        DisputeStatus::Open => Ok((dispute, link)),
        DisputeStatus::Upheld | DisputeStatus::Dismissed => Err(AlreadyDecided.into()),
    }
}

impl From<EndLinkError> for DecideError {
    fn from(error: EndLinkError) -> Self {
        match error {
            EndLinkError::NotFound => Self::NotFound,
            EndLinkError::Refused(RevokeRefusal::AlreadyRevoked) => Self::LinkEnded,
            EndLinkError::Refused(RevokeRefusal::ReasonNotAllowed) => Self::ReasonNotAllowed,
            EndLinkError::Store(error) => Self::Store(error),
        }
    }
}

use super::subject;
use crate::{
    actor::Authorized,
    audit::Action,
    dispute::{AlreadyDecided, Dispute, DisputeStatus},
    id::DisputeId,
    link::{Link, LinkState, ReinstateRefusal, Reinstatement, Revocation, RevokeRefusal},
    service::{
        Ports, cut_off,
        end_link::{EndLinkError, Ender, end},
        suspend_link::write_reinstated,
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
    /// It is wrong: its link opens the record again.
    Wrong(Reinstatement),
}

/// Decides a dispute.
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
    let (decided, action, reason) = match verdict {
        Verdict::Right(reason) => {
            let upheld = dispute.uphold(by.actor(), reason, now)?;
            end_disputed(unit, ports, by, &link, reason).await?;
            (upheld, Action::DisputeUphold, serde_json::json!(reason))
        }
        Verdict::Wrong(reason) => {
            let dismissed = dispute.dismiss(by.actor(), reason, now)?;
            open_disputed(unit, ports, by, link.reinstate(now), reason).await?;
            (dismissed, Action::DisputeDismiss, serde_json::json!(reason))
        }
    };
    unit.update_dispute(&decided).await?;
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

async fn open_disputed(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    by: Authorized,
    opened: Result<Link, ReinstateRefusal>,
    reason: Reinstatement,
) -> Result<(), DecideError> {
    match opened {
        Ok(link) => Ok(write_reinstated(unit, ports, &link, by.actor(), reason).await?),
        Err(ReinstateRefusal::AlreadyRevoked) => Err(DecideError::LinkEnded),
        // A link with an open dispute stays suspended, so this is a row that somebody changed by hand.
        Err(ReinstateRefusal::NotSuspended) => Ok(()),
    }
}

/// The dispute and its link. The link's row is locked first, as by whoever opens a dispute, so that two
/// decisions at once have one winner.
async fn open_dispute(
    unit: &mut dyn UnitOfWork,
    by: Authorized,
    id: DisputeId,
) -> Result<(Dispute, Link), DecideError> {
    let seen = unit.dispute(by.organization(), id).await?.ok_or(DecideError::NotFound)?;
    let link = unit.link_for_update(seen.link).await?.ok_or(DecideError::NotFound)?;
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

use super::subject;
use crate::{
    actor::Authorized,
    audit::Action,
    dispute::{AlreadyDecided, Dispute, DisputeStatus},
    id::DisputeId,
    link::{Link, LinkState, ReinstateRefusal, Reinstatement, Revocation, RevokeRefusal},
    service::{
        Ports,
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

/// Finds a dispute right: ends its link, unless somebody else has.
pub async fn uphold(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    by: Authorized,
    id: DisputeId,
    reason: Revocation,
) -> Result<Dispute, DecideError> {
    let (dispute, link) = open_dispute(unit, by, id).await?;
    let upheld = dispute.uphold(by.actor(), reason, ports.clock.now())?;
    if !reason.allowed_to(by.actor()) {
        return Err(DecideError::ReasonNotAllowed);
    }
    if !matches!(link.state, LinkState::Revoked { .. }) {
        end(unit, ports, Ender::Staff(by), link.id, reason).await?;
    }
    unit.update_dispute(&upheld).await?;
    let detail = serde_json::json!({"dispute": id, "reason": reason});
    unit.record(ports.audit(by.organization(), by.actor(), Action::DisputeUphold, subject(&upheld), detail));
    Ok(upheld)
}

/// Finds a dispute wrong: its link opens the record again.
pub async fn dismiss(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    by: Authorized,
    id: DisputeId,
    reason: Reinstatement,
) -> Result<Dispute, DecideError> {
    let (dispute, link) = open_dispute(unit, by, id).await?;
    let now = ports.clock.now();
    let dismissed = dispute.dismiss(by.actor(), reason, now)?;
    match link.reinstate(now) {
        Ok(reinstated) => write_reinstated(unit, ports, &reinstated, by.actor(), reason).await?,
        Err(ReinstateRefusal::AlreadyRevoked) => return Err(DecideError::LinkEnded),
        // A link with an open dispute stays suspended, so this is a row that somebody changed by hand.
        Err(ReinstateRefusal::NotSuspended) => {}
    }
    unit.update_dispute(&dismissed).await?;
    let detail = serde_json::json!({"dispute": id, "reason": reason});
    let action = Action::DisputeDismiss;
    unit.record(ports.audit(by.organization(), by.actor(), action, subject(&dismissed), detail));
    Ok(dismissed)
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

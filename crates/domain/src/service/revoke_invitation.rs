//! Staff take an invitation back.

use super::Ports;
use crate::{
    actor::Authorized,
    audit::{Action, Subject},
    id::InvitationId,
    invitation::{Invitation, InvitationRevocation, NotOpen},
    store::{StoreError, UnitOfWork},
};

/// Why an invitation was not revoked.
#[derive(Debug, thiserror::Error)]
pub enum RevokeInvitationError {
    /// No such invitation at this organization.
    #[error("no such invitation at this organization")]
    NotFound,
    /// It was redeemed or revoked before.
    #[error(transparent)]
    NotOpen(#[from] NotOpen),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Revokes an invitation.
pub async fn revoke(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    by: Authorized,
    id: InvitationId,
    reason: InvitationRevocation,
) -> Result<Invitation, RevokeInvitationError> {
    let invitation =
        unit.invitation_for_update(by.organization(), id).await?.ok_or(RevokeInvitationError::NotFound)?;
    let revoked = invitation.revoke(by.actor(), reason, ports.clock.now())?;
    unit.update_invitation(&revoked).await?;
    let subject = Subject { invitation: Some(id), patient: Some(revoked.patient), ..Subject::default() };
    let detail = serde_json::json!({"reason": reason});
    unit.record(ports.audit(by.organization(), by.actor(), Action::InvitationRevoke, subject, detail));
    Ok(revoked)
}

//! A link is ended, by its account or by staff, and by nobody else.

use super::{
    Ports, cut_off,
    write_link::{Told, write},
};
use crate::{
    actor::{Actor, Authorized},
    audit::Action,
    id::{AccountId, LinkId},
    link::{Link, Revocation, RevokeRefusal},
    store::{StoreError, UnitOfWork},
};

/// Who ends a link.
#[derive(Debug, Clone, Copy)]
pub enum Ender {
    /// The account that it belongs to.
    Account(AccountId),
    /// Staff of the organization that it belongs to.
    Staff(Authorized),
}

impl Ender {
    fn may_end(&self, link: &Link) -> bool {
        match self {
            Self::Account(account) => link.account == *account,
            Self::Staff(staff) => link.organization == staff.organization(),
        }
    }

    const fn actor(&self) -> Actor {
        match self {
            Self::Account(account) => Actor::Account(*account),
            Self::Staff(staff) => staff.actor(),
        }
    }
}

/// Why a link was not ended.
#[derive(Debug, thiserror::Error)]
pub enum EndLinkError {
    /// No such link, or none of the caller's.
    #[error("no such link")]
    NotFound,
    /// It was ended before, or the reason is not the caller's to give.
    #[error(transparent)]
    Refused(#[from] RevokeRefusal),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Ends a link.
pub async fn end(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    by: Ender,
    id: LinkId,
    reason: Revocation,
) -> Result<Link, EndLinkError> {
    let seen = unit.link(id).await?.filter(|link| by.may_end(link)).ok_or(EndLinkError::NotFound)?;
    if reason.keeps_out().is_some() {
        let whose = (seen.account, seen.patient);
        cut_off::claims(unit, ports, by.actor(), seen.organization, whose).await?;
    }
    let link = unit.link_for_update(id).await?.ok_or(EndLinkError::NotFound)?;
    // That is the patient's to say of others' links ([`super::end_grant`]), not of one's own.
    if reason == Revocation::PatientEnded {
        return Err(RevokeRefusal::ReasonNotAllowed.into());
    }
    let ended = link.revoke(by.actor(), reason, ports.clock.now())?;
    let told =
        Told { by: by.actor(), action: Action::LinkRevoke, detail: serde_json::json!({"reason": reason}) };
    write(unit, ports, &ended, told).await?;
    Ok(ended)
}

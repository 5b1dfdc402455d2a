//! A grant is ended, by ending its link; or an offer is taken back before anybody accepted it.

use super::{
    Ports,
    surviving_record::surviving,
    write_link::{Told, write},
};
use crate::{
    actor::{Actor, Authorized},
    audit::{Action, Subject},
    grant::{Grant, GrantRefusal},
    id::{AccountId, GrantId},
    link::{LinkRole, LinkStatus, Revocation, RevokeRefusal},
    relationship::ProxyBasis,
    store::{StoreError, UnitOfWork},
};

/// Who ends a grant, or takes it back.
#[derive(Debug, Clone, Copy)]
pub enum GrantEnder {
    /// The patient, or the proxy: which of them is found out.
    Account(AccountId),
    /// Staff of the organization, with their reason.
    Staff(Authorized, Revocation),
}

/// Why a grant was not ended, or not taken back.
#[derive(Debug, thiserror::Error)]
pub enum EndGrantError {
    /// No such grant, or none of the caller's.
    #[error("no such grant")]
    NotFound,
    /// Staff decided it on papers, so only they can end it for the patient.
    #[error("this access was decided by the organization: ask its staff")]
    NotThePatients,
    /// It is not in a state for this.
    #[error(transparent)]
    NotOpen(#[from] GrantRefusal),
    /// The link was ended before, or the reason is not the caller's to give.
    #[error(transparent)]
    Refused(#[from] RevokeRefusal),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What an account is to a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Who acts.
    Proxy,
    /// Whoever granted it, or the patient.
    Patient,
}

/// What this account is to this grant now, if anything.
pub async fn standing(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    grant: &Grant,
    account: AccountId,
) -> Result<Option<Standing>, StoreError> {
    if grant.acceptance().is_some_and(|accepted| accepted.account == account) {
        return Ok(Some(Standing::Proxy));
    }
    let now = ports.clock.now();
    let links = unit.links_of_account(account).await?;
    // An offer stays at a record that was merged into the one where its grantor's link stands now.
    let record = surviving(unit, grant.organization, grant.patient).await?;
    let record = record.map_or(grant.patient, |record| record.id);
    let mut here = links.iter().filter(|link| {
        link.organization == grant.organization
            && link.patient == record
            && link.stored_status(now) == LinkStatus::Active
    });
    let granted = grant.by == Actor::Account(account);
    let patient = here.any(|link| granted || link.role == LinkRole::SelfRole);
    Ok(patient.then_some(Standing::Patient))
}

/// Whether patients end it themselves; what staff decided on papers is staff's to end.
pub fn is_the_patients(grant: &Grant) -> bool {
    grant.basis == ProxyBasis::PatientGrant || matches!(grant.by, Actor::Account(_))
}

/// Ends a grant and its link.
pub async fn end(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    by: GrantEnder,
    id: GrantId,
) -> Result<Grant, EndGrantError> {
    let grant = unit.grant(id).await?.ok_or(EndGrantError::NotFound)?;
    let (actor, reason) = match by {
        GrantEnder::Staff(staff, reason) if staff.organization() == grant.organization => {
            (staff.actor(), reason)
        }
        GrantEnder::Staff(..) => return Err(EndGrantError::NotFound),
        GrantEnder::Account(account) => match standing(unit, ports, &grant, account).await? {
            Some(Standing::Proxy) => (Actor::Account(account), Revocation::NoLongerWanted),
            Some(Standing::Patient) if is_the_patients(&grant) => {
                (Actor::Account(account), Revocation::PatientEnded)
            }
            Some(Standing::Patient) => return Err(EndGrantError::NotThePatients),
            None => return Err(EndGrantError::NotFound),
        },
    };
    let now = ports.clock.now();
    let link = match grant.acceptance() {
        Some(accepted) => unit.link_for_update(accepted.link).await?,
        None => return Err(GrantRefusal(grant.status(now)).into()),
    };
    let ended = link.ok_or(EndGrantError::NotFound)?.revoke(actor, reason, now)?;
    let detail = serde_json::json!({"reason": reason, "grant": id});
    write(unit, ports, &ended, Told { by: actor, action: Action::LinkRevoke, detail }).await?;
    unit.grant(id).await?.ok_or(EndGrantError::NotFound)
}

/// Takes an offer back.
pub async fn withdraw(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    account: AccountId,
    id: GrantId,
) -> Result<Grant, EndGrantError> {
    let grant = unit.grant_for_update(id).await?.ok_or(EndGrantError::NotFound)?;
    if standing(unit, ports, &grant, account).await? != Some(Standing::Patient) {
        return Err(EndGrantError::NotFound);
    }
    let withdrawn = grant.withdraw(Actor::Account(account), ports.clock.now())?;
    unit.update_grant(&withdrawn).await?;
    let subject = Subject { patient: Some(withdrawn.patient), account: Some(account), ..Subject::default() };
    let detail = serde_json::json!({"grant": id});
    let by = Actor::Account(account);
    unit.record(ports.audit(withdrawn.organization, by, Action::GrantWithdraw, subject, detail));
    Ok(withdrawn)
}

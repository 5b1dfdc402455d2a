//! Staff take away an authenticator whose owner has neither the app nor a recovery code.
//!
//! Whoever can have an authenticator reset can act as its owner with nothing but the login, so staff state
//! which document they compared the person with, the organization must know the account, and a login with
//! staff roles is reset by an admin only.

use super::lock;
use crate::{
    actor::{Actor, Authorized},
    audit::{Action, Subject},
    evidence::Document,
    id::{AccountId, MessageId, OrganizationId},
    link::{Link, LinkRole, LinkStatus},
    outbox::{Mail, Message, MessageBody},
    service::Ports,
    store::{StoreError, UnitOfWork},
};

/// What staff ask for.
#[derive(Debug)]
pub struct Reset {
    /// Whose authenticator.
    pub account: AccountId,
    /// By whom, for a patient's account.
    pub by: Authorized,
    /// The right to reset a login with staff roles at the same organization, if the caller has it.
    pub over_staff: bool,
    /// Which document the person was compared with.
    pub document: Document,
    /// Staff's own reference to it; never its number.
    pub reference: Option<String>,
}

/// Why nothing was reset.
#[derive(Debug, thiserror::Error)]
pub enum ResetError {
    /// No such account, or none with a link or a staff role at the organization.
    #[error("the organization knows no such account")]
    NotFound,
    /// It is the caller's own.
    #[error("nobody resets their own authenticator")]
    Own,
    /// The login has staff roles.
    #[error("a login with staff roles is reset by an admin of the organization where it has them")]
    StaffLogin,
    /// There is none.
    #[error("the account has no authenticator")]
    NotEnrolled,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Resets it.
pub async fn reset(unit: &mut dyn UnitOfWork, ports: &Ports, request: &Reset) -> Result<(), ResetError> {
    let here = request.by.organization();
    let now = ports.clock.now();
    // Locked even if no more tries are allowed: a reset is what helps then.
    let _ = lock(unit, ports, request.account).await?;
    let links = unit.links_of_account(request.account).await?;
    let live: Vec<Link> =
        links.into_iter().filter(|link| link.stored_status(now) == LinkStatus::Active).collect();
    let staff_at = unit.staff_organizations(request.account).await?;
    if matches!(request.by.actor(), Actor::Staff(account) if account == request.account) {
        return Err(ResetError::Own);
    }
    if !staff_at.contains(&here) && !live.iter().any(|link| link.organization == here) {
        return Err(ResetError::NotFound);
    }
    let may = staff_at.is_empty() || (request.over_staff && staff_at.contains(&here));
    if !may {
        return Err(ResetError::StaffLogin);
    }
    if unit.authenticator(request.account).await?.is_none() {
        return Err(ResetError::NotEnrolled);
    }
    unit.remove_authenticator(request.account).await?;
    unit.forget_step_ups(request.account).await?;
    record(unit, ports, request, &live, staff_at);
    for link in live.iter().filter(|link| link.role == LinkRole::SelfRole) {
        tell_owner(unit, ports, link).await?;
    }
    Ok(())
}

/// Every organization that relies on the authenticator learns that it is gone, and who vouched.
fn record(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    request: &Reset,
    links: &[Link],
    staff_at: Vec<OrganizationId>,
) {
    let mut concerned = staff_at;
    concerned.extend(links.iter().map(|link| link.organization));
    concerned.push(request.by.organization());
    concerned.sort_unstable();
    concerned.dedup();
    for organization in concerned {
        let subject = Subject { account: Some(request.account), ..Subject::default() };
        let mut detail = serde_json::json!({"document": request.document, "at": request.by.organization()});
        if organization == request.by.organization() {
            detail["reference"] = serde_json::json!(request.reference);
        }
        unit.record(ports.audit(organization, request.by.actor(), Action::TotpReset, subject, detail));
    }
}

/// By the first email address on the owner's own record.
async fn tell_owner(unit: &mut dyn UnitOfWork, ports: &Ports, link: &Link) -> Result<(), StoreError> {
    let now = ports.clock.now();
    let organization = unit.organization(link.organization).await?;
    let patient = unit.patient_by_id(link.organization, link.patient).await?;
    let (Some(organization), Some(patient)) = (organization, patient) else { return Ok(()) };
    let Some(to) = patient.record.demographics.emails().first().map(|to| (*to).to_owned()) else {
        return Ok(());
    };
    let mail = Mail::AuthenticatorReset { organization: organization.name, at: now };
    unit.send(Message {
        id: MessageId::new(now, &*ports.random),
        organization: organization.id,
        body: MessageBody::Mail { to, mail },
        due_at: now,
        expires_at: None,
        attempts: 0,
    });
    Ok(())
}

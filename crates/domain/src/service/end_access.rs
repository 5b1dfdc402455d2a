//! Staff end every access to a record, or every link of an account at their organization, in one act: first they
//! see what it would touch, then they confirm just that.

mod family;

use std::cmp::Reverse;

use super::{
    Ports,
    surviving_record::surviving_for_update,
    write_link::{Told, write},
};
use crate::{
    actor::Authorized,
    audit::{Action, Subject},
    ending::{EndedItem, Ending, EndingScope, EndingState, Touched},
    id::{EndingId, OrganizationId, PatientId},
    invitation::InvitationRevocation,
    link::{LinkRole, Revocation},
    organization::Organization,
    patient::FhirId,
    store::{StoreError, UnitOfWork},
};

/// Whose access is to end.
#[derive(Debug, Clone, Copy)]
pub struct EndAccess {
    /// Whose.
    pub scope: EndingScope,
    /// Leave patients' own links alone.
    pub keep_self: bool,
}

/// Why access was not ended.
#[derive(Debug, thiserror::Error)]
pub enum EndAccessError {
    /// What it would touch is not what was confirmed: this is what it would touch now.
    #[error("something else would be touched now")]
    Changed(Box<Touched>),
    /// There is nothing to end.
    #[error("there is nothing to end")]
    Nothing,
    /// The reason is not staff's to give.
    #[error("this reason is not one that this caller can give")]
    ReasonNotAllowed,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The record that this FHIR id names now: of one that was merged away, what it has become.
pub async fn record(
    unit: &mut dyn UnitOfWork,
    organization: OrganizationId,
    fhir_id: &FhirId,
) -> Result<Option<PatientId>, StoreError> {
    match unit.patient(organization, fhir_id).await? {
        Some(found) => {
            let surviving = surviving_for_update(unit, organization, found.id).await?;
            Ok(surviving.map(|record| record.id))
        }
        None => Ok(None),
    }
}

impl EndAccess {
    /// What it would touch.
    ///
    /// Whatever else can become a link belongs here too, so that nothing opens what was just closed.
    async fn touches(
        self,
        unit: &mut dyn UnitOfWork,
        organization: OrganizationId,
        lock: bool,
        ports: &Ports,
    ) -> Result<Touched, StoreError> {
        let mut touched = unit.touched(organization, self.scope, lock, ports.clock.now()).await?;
        touched.links.retain(|link| !(self.keep_self && link.role == LinkRole::SelfRole));
        // Whoever acts for the patient before the patient, and those who were appointed before those who appointed
        // them: what follows from the end of one then finds nothing left to do.
        touched.links.sort_by_key(|link| (link.role == LinkRole::SelfRole, Reverse(link.created_at)));
        family::touch(unit, organization, self.scope, &mut touched, ports.clock.now()).await?;
        Ok(touched)
    }

    fn subject(self) -> Subject {
        match self.scope {
            EndingScope::Record(patient) => Subject { patient: Some(patient), ..Subject::default() },
            EndingScope::Account(account) => Subject { account: Some(account), ..Subject::default() },
        }
    }
}

/// Shows what it would touch.
pub async fn preview(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    by: Authorized,
    wanted: EndAccess,
) -> Result<Touched, StoreError> {
    let touched = wanted.touches(unit, by.organization(), false, ports).await?;
    let (action, detail) = (Action::EndingPreview, counts(&touched));
    unit.record(ports.audit(by.organization(), by.actor(), action, wanted.subject(), detail));
    Ok(touched)
}

/// Ends what was confirmed by its digest. Lookups change at once.
pub async fn end(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    by: Authorized,
    wanted: EndAccess,
    reason: Revocation,
    digest: &str,
) -> Result<Ending, EndAccessError> {
    if !reason.allowed_to(by.actor()) {
        return Err(EndAccessError::ReasonNotAllowed);
    }
    let gone = || StoreError::Corrupt { what: "ending", why: "its organization is gone".into() };
    let organization = unit.organization(by.organization()).await?.ok_or_else(gone)?;
    let touched = wanted.touches(unit, by.organization(), true, ports).await?;
    if touched.digest(wanted.scope, wanted.keep_self) != digest {
        return Err(EndAccessError::Changed(Box::new(touched)));
    }
    if touched.is_empty() {
        return Err(EndAccessError::Nothing);
    }
    let ending = ending(ports, by, wanted, reason, &organization);
    let mut detail = counts(&touched);
    detail["ending"] = serde_json::json!(ending.id);
    detail["reason"] = serde_json::json!(reason);
    detail["keep_self"] = serde_json::json!(wanted.keep_self);
    let closed = close(unit, ports, &ending, touched, &organization).await?;
    unit.add_ending(&ending, &closed).await?;
    unit.record(ports.audit(ending.organization, ending.by, Action::EndingEnd, wanted.subject(), detail));
    Ok(ending)
}

fn ending(
    ports: &Ports,
    by: Authorized,
    wanted: EndAccess,
    reason: Revocation,
    organization: &Organization,
) -> Ending {
    let at = ports.clock.now();
    Ending {
        id: EndingId::new(at, &*ports.random),
        organization: organization.id,
        scope: wanted.scope,
        keep_self: wanted.keep_self,
        reason,
        by: by.actor(),
        at,
        undo_until: at + Ending::window(&organization.policy.family),
        state: EndingState::Done,
    }
}

fn counts(touched: &Touched) -> serde_json::Value {
    serde_json::json!({
        "links": touched.links.len(),
        "invitations": touched.invitations.len(),
        "claims": touched.claims.len(),
        "offers": touched.offers.len(),
        "requests": touched.requests.len(),
    })
}

/// Offers before links: the end of the grantor's link may take them back, and they would be nobody's act.
async fn close(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    ending: &Ending,
    touched: Touched,
    organization: &Organization,
) -> Result<Vec<EndedItem>, EndAccessError> {
    let mut closed = family::close(unit, ending, touched.offers, touched.requests).await?;
    for link in touched.links {
        let before = link.state;
        let ended = link
            .revoke(ending.by, ending.reason, ending.at)
            .map_err(|_| StoreError::Conflict(crate::store::Constraint::Version))?;
        let detail = serde_json::json!({"reason": ending.reason, "ending": ending.id});
        write(unit, ports, &ended, Told { by: ending.by, action: Action::LinkRevoke, detail }).await?;
        closed.push(EndedItem::Link { link: ended.id, before });
    }
    for invitation in touched.invitations {
        let Ok(revoked) = invitation.revoke(ending.by, InvitationRevocation::AccessEnded, ending.at) else {
            continue;
        };
        unit.update_invitation(&revoked).await?;
        closed.push(EndedItem::Invitation(revoked.id));
        let (invitation, patient) = (Some(revoked.id), Some(revoked.patient));
        let subject = Subject { patient, invitation, ..Subject::default() };
        let detail = serde_json::json!({"reason": InvitationRevocation::AccessEnded, "ending": ending.id});
        unit.record(ports.audit(ending.organization, ending.by, Action::InvitationRevoke, subject, detail));
    }
    for claim in touched.claims {
        let Ok(declined) = claim.cut_off(ending.by, &organization.policy.claims, ending.at) else { continue };
        unit.update_claim(&declined).await?;
        closed.push(EndedItem::Claim(declined.id));
    }
    Ok(closed)
}

//! Staff add evidence to a link that is there: the person came to the desk and showed a document.

use chrono::{DateTime, Utc};

use super::{Ports, reassess};
use crate::{
    actor::{Actor, Authorized},
    audit::{Action, Subject},
    evidence::{Document, Evidence, EvidenceState, Fact},
    id::{EvidenceId, LinkId},
    link::{Link, LinkStatus},
    store::{StoreError, UnitOfWork},
};

/// What staff saw.
#[derive(Debug, Clone)]
pub struct AddEvidence {
    /// For which link.
    pub link: LinkId,
    /// The kind of document.
    pub document: Document,
    /// Staff's own reference to it; never its number.
    pub reference: Option<String>,
    /// Until when it counts, if not for ever.
    pub valid_until: Option<DateTime<Utc>>,
}

/// Why evidence was not added.
#[derive(Debug, thiserror::Error)]
pub enum AddEvidenceError {
    /// No such link at this organization.
    #[error("no such link")]
    NotFound,
    /// The link was ended, or its period is over.
    #[error("the link has ended")]
    Ended,
    /// The link is the staff user's own: nobody vouches for themselves.
    #[error("nobody adds evidence to a link of their own")]
    OwnLink,
    /// It would count at no time.
    #[error("`valid_until` lies in the past")]
    OverAlready,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Adds evidence.
pub async fn add(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    by: Authorized,
    wanted: AddEvidence,
) -> Result<(Link, Evidence), AddEvidenceError> {
    let now = ports.clock.now();
    let link = unit.link_for_update(wanted.link).await?;
    let link =
        link.filter(|link| link.organization == by.organization()).ok_or(AddEvidenceError::NotFound)?;
    if by.actor() == Actor::Staff(link.account) {
        return Err(AddEvidenceError::OwnLink);
    }
    if matches!(link.stored_status(now), LinkStatus::Revoked | LinkStatus::Expired) {
        return Err(AddEvidenceError::Ended);
    }
    if wanted.valid_until.is_some_and(|end| end <= now) {
        return Err(AddEvidenceError::OverAlready);
    }
    let organization = unit.organization(link.organization).await?.ok_or(AddEvidenceError::NotFound)?;
    let evidence = Evidence {
        id: EvidenceId::new(now, &*ports.random),
        link: link.id,
        organization: link.organization,
        fact: Fact::DocumentSeen { document: wanted.document, reference: wanted.reference },
        established_at: now,
        by: by.actor(),
        valid_until: wanted.valid_until,
        state: EvidenceState::Valid,
    };
    unit.add_evidence(&evidence).await?;
    let detail = serde_json::json!({
        "id": evidence.id,
        "evidence": evidence.fact,
        "valid_until": evidence.valid_until,
    });
    let subject = Subject::from(&link);
    unit.record(ports.audit(link.organization, by.actor(), Action::EvidenceAdd, subject, detail));
    let link = reassess::evidence_changed(unit, ports, &organization.policy.proofing, link).await?;
    Ok((link, evidence))
}

//! The one place where a link comes to be, with its evidence, its audit entry, its notice and its entry in the
//! change feed; or where the one that is there already gets more evidence.

use chrono::{DateTime, Utc};

use super::{
    Ports, federate,
    notice::notify_link_made,
    reassess,
    write_link::{Told, tell},
};
use crate::{
    actor::Actor,
    audit::{Action, Subject},
    evidence::{Evidence, EvidenceState, Fact},
    federated::Asserted,
    grant::ProxyTerms,
    id::{AccountId, EvidenceId, InvitationId, LinkId, PatientId},
    link::{Link, LinkRole, LinkState, Period},
    organization::Organization,
    patient::PatientRecord,
    proofing::assess_over_time,
    store::{Constraint, StoreError, UnitOfWork},
};

/// A fact that supports a link.
#[derive(Debug, Clone, PartialEq)]
pub struct Support {
    /// The fact.
    pub fact: Fact,
    /// When it was established.
    pub at: DateTime<Utc>,
    /// Who established it.
    pub by: Actor,
}

/// The link that is to be.
#[derive(Debug)]
pub struct WantedLink<'a> {
    /// Who may open.
    pub account: AccountId,
    /// The custodian.
    pub organization: &'a Organization,
    /// What may be opened.
    pub patient: &'a PatientRecord,
    /// The record that it is made for: another than `patient` if that was merged into it.
    pub home: PatientId,
    /// In which role.
    pub role: LinkRole,
    /// What a proxy gets; a patient gets what the policy says.
    pub terms: Option<&'a ProxyTerms>,
    /// The invitation it comes from.
    pub invitation: Option<InvitationId>,
    /// Who makes it.
    pub by: Actor,
    /// The contact that a code went to, if that is known; whoever reads it needs no notice.
    pub used: Option<String>,
    /// What the account's identity provider says of it, if that may count.
    pub asserted: Option<&'a Asserted>,
    /// Why it may be made.
    pub support: Vec<Support>,
}

/// What came of it.
#[derive(Debug)]
pub enum Made {
    /// The link was made.
    Created(Link),
    /// The account had it already; now it has more evidence.
    Existing(Link),
}

impl Made {
    /// The link.
    pub const fn link(&self) -> &Link {
        match self {
            Self::Created(link) | Self::Existing(link) => link,
        }
    }
}

/// Makes the link, or strengthens the one that the account has to this record as what it is to be. One in another
/// role is never made better by this one's evidence: the caller refuses, or ends it first.
pub async fn make_link(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    wanted: WantedLink<'_>,
) -> Result<Made, StoreError> {
    let existing = unit.unrevoked_link_for_update(wanted.account, wanted.patient.id).await?;
    let made = match existing {
        Some(link) if is_patients(&link.role) != is_patients(&wanted.role) => {
            return Err(StoreError::Conflict(Constraint::LiveLink));
        }
        Some(link) => Made::Existing(strengthen(unit, ports, link, &wanted).await?),
        None => Made::Created(create(unit, ports, &wanted).await?),
    };
    Ok(made)
}

fn is_patients(role: &LinkRole) -> bool {
    *role == LinkRole::SelfRole
}

async fn create(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    wanted: &WantedLink<'_>,
) -> Result<Link, StoreError> {
    let now = ports.clock.now();
    let (organization, patient) = (wanted.organization, wanted.patient);
    let id = LinkId::new(now, &*ports.random);
    let mut evidence = evidence(ports, id, wanted);
    if let Some(asserted) = wanted.asserted {
        let said =
            federate::evidence(ports, organization, id, wanted.account, &wanted.role, patient, asserted);
        evidence.extend(said);
    }
    let link = Link {
        id,
        version: 1,
        account: wanted.account,
        organization: organization.id,
        patient: patient.id,
        fhir_id: patient.record.fhir_id.clone(),
        role: wanted.role,
        permissions: wanted
            .terms
            .map_or(&organization.policy.self_permissions, |terms| &terms.permissions)
            .clone(),
        period: Period { start: now, end: wanted.terms.and_then(|terms| terms.until) },
        assurance: assess_over_time(&evidence, &organization.policy.proofing, now),
        record_usable: true,
        facts: patient.facts(),
        invitation: wanted.invitation,
        created_at: now,
        updated_at: now,
        state: LinkState::Active,
    };
    unit.add_link(&link, wanted.home).await?;
    for evidence in &evidence {
        unit.add_evidence(evidence).await?;
    }
    let facts: Vec<&Fact> = evidence.iter().map(|evidence| &evidence.fact).collect();
    let assurance = link.assurance.at(now);
    let detail = serde_json::json!({"role": link.role.as_str(), "assurance": assurance, "evidence": facts});
    let subject = Subject { invitation: wanted.invitation, ..Subject::from(&link) };
    tell(unit, ports, &link, Told { by: wanted.by, action: Action::LinkCreate, detail }, subject);
    notify_link_made(unit, ports, organization, &link, patient, wanted.used.as_deref()).await?;
    Ok(link)
}

/// Adds evidence to a link that is already there, which may raise its assurance.
async fn strengthen(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    link: Link,
    wanted: &WantedLink<'_>,
) -> Result<Link, StoreError> {
    for evidence in evidence(ports, link.id, wanted) {
        unit.add_evidence(&evidence).await?;
    }
    if let Some(asserted) = wanted.asserted {
        federate::add_if_news(unit, ports, wanted.organization, &link, wanted.patient, asserted).await?;
    }
    reassess::reassess(unit, ports, &wanted.organization.policy.proofing, link).await
}

/// What supports the link, as evidence of it.
fn evidence(ports: &Ports, link: LinkId, wanted: &WantedLink<'_>) -> Vec<Evidence> {
    let now = ports.clock.now();
    let evidence = |support: &Support| Evidence {
        id: EvidenceId::new(now, &*ports.random),
        link,
        organization: wanted.organization.id,
        fact: support.fact.clone(),
        established_at: support.at,
        by: support.by,
        valid_until: support.fact.valid_until(),
        state: EvidenceState::Valid,
    };
    wanted.support.iter().map(evidence).collect()
}

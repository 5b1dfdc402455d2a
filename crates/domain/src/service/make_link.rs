//! The one place where a link comes to be, with its evidence, its audit entry, its notice and its entry in the
//! change feed; or where the one that is there already gets more evidence.

use chrono::{DateTime, Utc};

use super::Ports;
use crate::{
    actor::Actor,
    audit::{Action, Subject},
    evidence::{Evidence, Fact},
    id::{AccountId, EvidenceId, InvitationId, LinkId, MessageId},
    link::{Link, LinkRole, LinkState, Period},
    organization::Organization,
    outbox::{Mail, Message, MessageBody},
    patient::PatientRecord,
    proofing::assess,
    store::{Change, StoreError, UnitOfWork},
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
    /// In which role.
    pub role: LinkRole,
    /// The invitation it comes from.
    pub invitation: Option<InvitationId>,
    /// Who makes it.
    pub by: Actor,
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

/// Makes the link, or strengthens the one that the account has to this record.
pub async fn make_link(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    wanted: WantedLink<'_>,
) -> Result<Made, StoreError> {
    let existing = unit.unrevoked_link_for_update(wanted.account, wanted.patient.id).await?;
    let made = match existing {
        Some(link) => Made::Existing(strengthen(unit, ports, link, &wanted).await?),
        None => Made::Created(create(unit, ports, &wanted).await?),
    };
    unit.changed(Change::Account(wanted.account));
    Ok(made)
}

async fn create(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    wanted: &WantedLink<'_>,
) -> Result<Link, StoreError> {
    let now = ports.clock.now();
    let (organization, patient) = (wanted.organization, wanted.patient);
    let facts: Vec<&Fact> = wanted.support.iter().map(|support| &support.fact).collect();
    let link = Link {
        id: LinkId::new(now, &*ports.random),
        version: 1,
        account: wanted.account,
        organization: organization.id,
        patient: patient.id,
        fhir_id: patient.record.fhir_id.clone(),
        role: wanted.role.clone(),
        permissions: organization.policy.self_permissions.clone(),
        period: Period { start: now, end: None },
        assurance: assess(facts.iter().copied(), &organization.policy.proofing),
        record_usable: true,
        invitation: wanted.invitation,
        created_at: now,
        updated_at: now,
        state: LinkState::Active,
    };
    unit.add_link(&link).await?;
    add_evidence(unit, ports, &link, &wanted.support).await?;
    let detail =
        serde_json::json!({"role": link.role.as_str(), "assurance": link.assurance, "evidence": facts});
    let subject = Subject { invitation: wanted.invitation, ..about(&link) };
    unit.record(ports.audit(organization.id, wanted.by, Action::LinkCreate, subject, detail));
    if let Some(to) = patient.record.demographics.emails().first() {
        unit.send(notice(ports, organization, &link, (*to).to_owned()));
    }
    Ok(link)
}

/// Adds evidence to a link that is already there, which may raise its assurance.
async fn strengthen(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    link: Link,
    wanted: &WantedLink<'_>,
) -> Result<Link, StoreError> {
    add_evidence(unit, ports, &link, &wanted.support).await?;
    let evidence = unit.evidence(link.id).await?;
    let policy = &wanted.organization.policy.proofing;
    let assurance = assess(evidence.iter().map(|evidence| &evidence.fact), policy);
    let before = link.version;
    let link = link.reassess(assurance, ports.clock.now());
    if link.version != before {
        unit.update_link(&link).await?;
        let detail = serde_json::json!({"assurance": assurance});
        let subject = about(&link);
        unit.record(ports.audit(link.organization, Actor::System, Action::LinkReassess, subject, detail));
    }
    Ok(link)
}

async fn add_evidence(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    link: &Link,
    support: &[Support],
) -> Result<(), StoreError> {
    let now = ports.clock.now();
    for Support { fact, at, by } in support {
        let evidence = Evidence {
            id: EvidenceId::new(now, &*ports.random),
            link: link.id,
            organization: link.organization,
            fact: fact.clone(),
            established_at: *at,
            by: *by,
        };
        unit.add_evidence(&evidence).await?;
    }
    Ok(())
}

fn about(link: &Link) -> Subject {
    Subject {
        link: Some(link.id),
        account: Some(link.account),
        patient: Some(link.patient),
        ..Subject::default()
    }
}

fn notice(ports: &Ports, organization: &Organization, link: &Link, to: String) -> Message {
    let mail =
        Mail::LinkNotice { organization: organization.name.clone(), at: link.created_at, link: link.id };
    Message {
        id: MessageId::new(link.created_at, &*ports.random),
        organization: organization.id,
        body: MessageBody::Mail { to, mail },
        due_at: link.created_at,
        expires_at: None,
        attempts: 0,
    }
}

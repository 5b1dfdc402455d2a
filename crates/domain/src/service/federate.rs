//! What an account's identity provider says of it becomes evidence of a link, if the organization counts it.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Ports, reassess};
use crate::{
    account::Iss,
    actor::Actor,
    audit::{Action, Subject},
    evidence::{Evidence, EvidenceState, EvidenceStatus, Fact},
    federated::{Asserted, Recognized},
    id::{AccountId, EvidenceId, LinkId},
    link::{Link, LinkRole, LinkStatus},
    organization::Organization,
    patient::PatientRecord,
    store::{StoreError, UnitOfWork},
};

/// The same word again is news only if it lasts so much longer.
const NEWS: TimeDelta = TimeDelta::days(1);

/// Why nothing was added.
#[derive(Debug, thiserror::Error)]
pub enum FederateError {
    /// No such link of the account's.
    #[error("no such link")]
    NotFound,
    /// The link was ended, or its period is over.
    #[error("the link has ended")]
    Ended,
    /// The organization does not accept logins of this provider any more.
    #[error("the organization does not accept logins of this identity provider")]
    IssuerNotTrusted,
    /// The organization's policy counts nothing that the token says, or the token speaks of another person.
    #[error("nothing that the token says counts at this organization")]
    NotRecognized,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Adds what a token says to a link of its account. The evidence is absent if the link had it already.
pub async fn federate(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    account: AccountId,
    iss: &Iss,
    asserted: &Asserted,
    link: LinkId,
) -> Result<(Link, Option<Evidence>), FederateError> {
    let now = ports.clock.now();
    let link = unit.link_for_update(link).await?;
    let link = link.filter(|link| link.account == account).ok_or(FederateError::NotFound)?;
    if matches!(link.stored_status(now), LinkStatus::Revoked | LinkStatus::Expired) {
        return Err(FederateError::Ended);
    }
    let trusted = unit.trust_in(iss).await?;
    if !trusted.iter().any(|trust| trust.organization == link.organization && trust.accounts) {
        return Err(FederateError::IssuerNotTrusted);
    }
    let organization = unit.organization(link.organization).await?;
    let patient = unit.patient_by_id(link.organization, link.patient).await?;
    let (Some(organization), Some(patient)) = (organization, patient) else {
        return Err(FederateError::NotFound);
    };
    if recognized(ports, &organization, &link.role, &patient, asserted).is_none() {
        return Err(FederateError::NotRecognized);
    }
    let Some(added) = add_if_news(unit, ports, &organization, &link, &patient, asserted).await? else {
        return Ok((link, None));
    };
    let link = reassess::evidence_changed(unit, ports, &organization.policy.proofing, link).await?;
    Ok((link, Some(added)))
}

/// What a token says, as evidence of a link that is about to be made.
pub(super) fn evidence(
    ports: &Ports,
    organization: &Organization,
    link: LinkId,
    account: AccountId,
    role: &LinkRole,
    patient: &PatientRecord,
    asserted: &Asserted,
) -> Option<Evidence> {
    let now = ports.clock.now();
    let recognized = recognized(ports, organization, role, patient, asserted)?;
    Some(Evidence {
        id: EvidenceId::new(now, &*ports.random),
        link,
        organization: organization.id,
        fact: recognized.fact,
        established_at: now,
        by: Actor::Account(account),
        valid_until: recognized.valid_until,
        state: EvidenceState::Valid,
    })
}

/// Adds what a token says to a link that is there and locked, unless it has that evidence. The caller
/// reassesses the link.
pub(super) async fn add_if_news(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    organization: &Organization,
    link: &Link,
    patient: &PatientRecord,
    asserted: &Asserted,
) -> Result<Option<Evidence>, StoreError> {
    let said = evidence(ports, organization, link.id, link.account, &link.role, patient, asserted);
    let Some(said) = said else { return Ok(None) };
    let now = ports.clock.now();
    let known = unit.evidence(link.id).await?;
    let settled = known.iter().any(|known| match known.status(now) {
        // Staff who withdrew a provider's word are not overruled by its saying it again in other words.
        EvidenceStatus::Withdrawn => issuer(&known.fact) == issuer(&said.fact),
        EvidenceStatus::Valid => {
            same_word(&known.fact, &said.fact) && !lasts_longer(said.valid_until, known.valid_until)
        }
        EvidenceStatus::Expired => false,
    });
    if settled {
        return Ok(None);
    }
    unit.add_evidence(&said).await?;
    let detail = serde_json::json!({"id": said.id, "evidence": said.fact, "valid_until": said.valid_until});
    let subject = Subject::from(link);
    unit.record(ports.audit(link.organization, said.by, Action::EvidenceAdd, subject, detail));
    Ok(Some(said))
}

fn recognized(
    ports: &Ports,
    organization: &Organization,
    role: &LinkRole,
    patient: &PatientRecord,
    asserted: &Asserted,
) -> Option<Recognized> {
    // A proxy is not the person of the record, whose birth date says nothing about them.
    let birth_date = match role {
        LinkRole::SelfRole => patient.record.demographics.birth_date,
        LinkRole::Proxy { .. } => None,
    };
    asserted.recognized(&organization.policy.proofing, birth_date, ports.clock.now())
}

fn issuer(fact: &Fact) -> Option<&Iss> {
    match fact {
        Fact::FederatedAssurance { iss, .. } => Some(iss),
        _ => None,
    }
}

/// By which methods the user logged in says nothing of how they were identified.
fn same_word(known: &Fact, said: &Fact) -> bool {
    without_methods(known) == without_methods(said)
}

fn without_methods(fact: &Fact) -> Fact {
    let mut fact = fact.clone();
    if let Fact::FederatedAssurance { amr, .. } = &mut fact {
        amr.clear();
    }
    fact
}

fn lasts_longer(new: Option<DateTime<Utc>>, known: Option<DateTime<Utc>>) -> bool {
    match (new, known) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(new), Some(known)) => known + NEWS <= new,
    }
}

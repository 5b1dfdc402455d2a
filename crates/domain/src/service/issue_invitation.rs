//! Staff issue an invitation, or issue one anew.

use super::Ports;
use crate::{
    actor::Authorized,
    audit::{Action, Subject},
    code::Code,
    demographics::{Demographics, Identifier},
    evidence::{AddressValidation, Fact},
    id::{InvitationId, MessageId},
    invitation::{Challenge, Channel, Invitation, InvitationRevocation, InvitationState, NotOpen},
    link::{LinkRole, LinkStatus},
    organization::Organization,
    outbox::{Mail, Message, MessageBody},
    patient::{FhirId, PatientRecord},
    policy::Policy,
    port::Purpose,
    store::{StoreError, UnitOfWork},
};

/// How staff name a patient record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PatientReference {
    /// By the FHIR server's id.
    FhirId(FhirId),
    /// By a business identifier such as the MRN.
    Identifier(Identifier),
}

/// Where an emailed code goes.
#[derive(Clone, PartialEq, Eq)]
pub enum EmailTarget {
    /// The preferred email on the patient's record.
    OnRecord,
    /// This address; if it is not on the record, staff must have validated it.
    Address {
        /// The address.
        address: String,
        /// Whether staff say that they validated it.
        validated_by_staff: bool,
    },
}

/// Shows no address.
impl std::fmt::Debug for EmailTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EmailTarget(…)")
    }
}

/// What staff ask for.
#[derive(Debug, Clone)]
pub struct IssueInvitation {
    /// The record on offer.
    pub patient: PatientReference,
    /// What the link will be.
    pub role: LinkRole,
    /// The way the code takes.
    pub channel: Channel,
    /// Where an emailed code goes; only for [`Channel::Email`].
    pub email: EmailTarget,
    /// What must be given beside the code.
    pub challenge: Option<Challenge>,
    /// Documents that staff saw.
    pub proof: Vec<Fact>,
}

/// An invitation with its code, which nothing shows again.
#[derive(Debug)]
pub struct Issued {
    /// The invitation.
    pub invitation: Invitation,
    /// The code, unless it went out by email.
    pub code: Option<Code>,
    /// Accounts that already open this record as the patient: for staff to see when they expected none.
    pub other_self_links: usize,
}

/// Why no invitation was issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// No such record at this organization.
    #[error("no such patient at this organization")]
    PatientNotFound,
    /// An identifier that several records have.
    #[error("several patients have this identifier")]
    PatientAmbiguous,
    /// The record is inactive, merged into another, or its patient deceased.
    #[error("the record is inactive, merged into another, or its patient is deceased")]
    RecordNotInvitable,
    /// A birth date is to be asked for, but the record has none to the day.
    #[error("the record has no complete birth date to ask for")]
    ChallengeImpossible,
    /// An email is to be sent, but the record has no address.
    #[error("the record has no email address")]
    NoContact,
    /// An email is to go to an address that is not on record and that nobody validated.
    #[error("the address is not on the record")]
    ContactNotOnRecord,
    /// A proxy invitation without its proof of relationship.
    #[error("proxy invitations are not offered yet")]
    RoleNotOffered,
    /// The invitation to be issued anew is not there.
    #[error("no such invitation at this organization")]
    InvitationNotFound,
    /// The invitation to be issued anew cannot be ended.
    #[error(transparent)]
    NotOpen(#[from] NotOpen),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Issues an invitation.
pub async fn issue(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    organization: &Organization,
    by: Authorized,
    request: IssueInvitation,
) -> Result<Issued, IssueError> {
    issue_in_place_of(unit, ports, organization, by, request, None).await
}

/// Ends an invitation and issues a like one with a new code, by the same or another way. What staff saw for
/// the first still counts.
pub async fn reissue(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    organization: &Organization,
    by: Authorized,
    id: InvitationId,
    channel: Option<Channel>,
    email: EmailTarget,
) -> Result<Issued, IssueError> {
    let old = unit.invitation_for_update(organization.id, id).await?.ok_or(IssueError::InvitationNotFound)?;
    let request = IssueInvitation {
        patient: PatientReference::FhirId(old.fhir_id.clone()),
        role: old.role.clone(),
        channel: channel.unwrap_or(old.channel),
        email,
        challenge: old.challenge,
        proof: old.proof.clone(),
    };
    let revoked = old.revoke(by.actor(), InvitationRevocation::Reissued, ports.clock.now())?;
    unit.update_invitation(&revoked).await?;
    let subject = Subject { invitation: Some(id), patient: Some(revoked.patient), ..Subject::default() };
    let detail = serde_json::json!({"reason": InvitationRevocation::Reissued});
    unit.record(ports.audit(organization.id, by.actor(), Action::InvitationRevoke, subject, detail));
    issue_in_place_of(unit, ports, organization, by, request, Some(id)).await
}

async fn issue_in_place_of(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    organization: &Organization,
    by: Authorized,
    request: IssueInvitation,
    replaces: Option<InvitationId>,
) -> Result<Issued, IssueError> {
    if request.role != LinkRole::SelfRole {
        return Err(IssueError::RoleNotOffered);
    }
    let patient = find_patient(unit, organization, request.patient).await?;
    check_invitable(&patient, request.challenge)?;
    let email = match request.channel {
        Channel::Email => Some(choose_email(&patient.record.demographics, request.email)?),
        _ => None,
    };
    let now = ports.clock.now();
    let code = Code::generate(Policy::strength(request.channel), &*ports.random);
    let invitation = Invitation {
        id: InvitationId::new(now, &*ports.random),
        organization: organization.id,
        patient: patient.id,
        fhir_id: patient.record.fhir_id.clone(),
        role: request.role,
        channel: request.channel,
        address: email
            .as_ref()
            .map_or_else(|| presumed_address(request.channel), |(_, validation)| *validation),
        locator: code.locator(),
        code_hash: ports.vault.keyed_hash(Purpose::InvitationCode, &code.hash_input()),
        challenge: request.challenge,
        proof: request.proof,
        failures: 0,
        issued_by: by.actor(),
        issued_at: now,
        expires_at: now + organization.policy.validity(request.channel),
        replaces,
        state: InvitationState::Issued,
    };
    unit.add_invitation(&invitation).await?;
    record_issue(unit, ports, &invitation);
    let other_self_links = count_live_self_links(unit, ports, &invitation).await?;
    let code = match email {
        Some((address, _)) => {
            unit.send(invitation_mail(ports, organization, &invitation, &code, address));
            None
        }
        None => Some(code),
    };
    Ok(Issued { invitation, code, other_self_links })
}

/// The record that staff mean.
pub async fn find_patient(
    unit: &mut dyn UnitOfWork,
    organization: &Organization,
    reference: PatientReference,
) -> Result<PatientRecord, IssueError> {
    match reference {
        PatientReference::FhirId(id) => {
            unit.patient(organization.id, &id).await?.ok_or(IssueError::PatientNotFound)
        }
        PatientReference::Identifier(identifier) => {
            let mut found = unit.patients_by_identifier(organization.id, &identifier).await?;
            // A merged record often keeps the identifiers of the one that replaced it.
            if found.len() > 1 {
                found.retain(|patient| patient.record.is_usable());
            }
            match (found.pop(), found.is_empty()) {
                (Some(patient), true) => Ok(patient),
                (Some(_), false) => Err(IssueError::PatientAmbiguous),
                (None, _) => Err(IssueError::PatientNotFound),
            }
        }
    }
}

fn check_invitable(patient: &PatientRecord, challenge: Option<Challenge>) -> Result<(), IssueError> {
    if !patient.record.is_usable() || patient.record.deceased {
        return Err(IssueError::RecordNotInvitable);
    }
    let birth_date = patient.record.demographics.birth_date.and_then(crate::partial_date::PartialDate::day);
    match challenge {
        Some(Challenge::BirthDate) if birth_date.is_none() => Err(IssueError::ChallengeImpossible),
        _ => Ok(()),
    }
}

fn choose_email(
    demographics: &Demographics,
    target: EmailTarget,
) -> Result<(String, AddressValidation), IssueError> {
    let emails = demographics.emails();
    match target {
        EmailTarget::OnRecord => {
            let preferred = emails.first().ok_or(IssueError::NoContact)?;
            Ok(((*preferred).to_owned(), AddressValidation::OnRecord))
        }
        EmailTarget::Address { address, validated_by_staff } => {
            if emails.iter().any(|email| email.eq_ignore_ascii_case(&address)) {
                Ok((address, AddressValidation::OnRecord))
            } else if validated_by_staff {
                Ok((address, AddressValidation::ByStaff))
            } else {
                Err(IssueError::ContactNotOnRecord)
            }
        }
    }
}

/// Letters and calls are made by staff, to where the record says.
const fn presumed_address(channel: Channel) -> AddressValidation {
    match channel {
        Channel::Post | Channel::Phone => AddressValidation::OnRecord,
        Channel::InPerson | Channel::Email => AddressValidation::None,
    }
}

fn record_issue(unit: &mut dyn UnitOfWork, ports: &Ports, invitation: &Invitation) {
    let subject =
        Subject { invitation: Some(invitation.id), patient: Some(invitation.patient), ..Subject::default() };
    let detail = serde_json::json!({
        "channel": invitation.channel,
        "role": invitation.role.as_str(),
        "address": invitation.address,
        "challenge": invitation.challenge,
        "proof": invitation.proof,
        "replaces": invitation.replaces,
    });
    let entry =
        ports.audit(invitation.organization, invitation.issued_by, Action::InvitationIssue, subject, detail);
    unit.record(entry);
}

async fn count_live_self_links(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    invitation: &Invitation,
) -> Result<usize, StoreError> {
    let now = ports.clock.now();
    let links = unit.links_to_patient(invitation.organization, invitation.patient).await?;
    let live =
        |link: &&crate::link::Link| link.role == LinkRole::SelfRole && link.status(now) == LinkStatus::Active;
    Ok(links.iter().filter(live).count())
}

fn invitation_mail(
    ports: &Ports,
    organization: &Organization,
    invitation: &Invitation,
    code: &Code,
    to: String,
) -> Message {
    let mail = Mail::Invitation {
        organization: organization.name.clone(),
        code: code.to_string(),
        expires_at: invitation.expires_at,
        asks_birth_date: invitation.challenge == Some(Challenge::BirthDate),
        invitation: invitation.id,
    };
    Message {
        id: MessageId::new(invitation.issued_at, &*ports.random),
        organization: organization.id,
        body: MessageBody::Mail { to, mail },
        due_at: invitation.issued_at,
        expires_at: Some(invitation.expires_at),
        attempts: 0,
    }
}

//! Staff issue an invitation, or issue one anew.

mod print;
mod route;

use chrono::{DateTime, Utc};

use super::{
    Ports,
    proxy::{self, TermsError},
    renew_grant::{first_end, shows_relationship},
};
use crate::{
    actor::Authorized,
    audit::{Action, Subject},
    bar::Bar,
    code::Code,
    demographics::Identifier,
    evidence::Fact,
    grant::ProxyTerms,
    id::InvitationId,
    invitation::{Challenge, Channel, Invitation, InvitationRevocation, InvitationState, NotOpen},
    link::{LinkRole, LinkStatus},
    organization::Organization,
    outbox::Letter,
    patient::{FhirId, PatientRecord},
    policy::Policy,
    port::Purpose,
    postal::PostalAddress,
    relationship::ProxyBasis,
    store::{StoreError, UnitOfWork},
};

pub use print::letter_to_print;
use route::Route;

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
    /// What a proxy will get; needed for one, and for nobody else.
    pub profile: Option<String>,
    /// Until when a proxy may act; never longer than the papers that were seen.
    pub until: Option<DateTime<Utc>>,
    /// The way the code takes.
    pub channel: Channel,
    /// Where an emailed code goes; only for [`Channel::Email`].
    pub email: EmailTarget,
    /// Whether Kinlink sends the letter or the text message, rather than staff. An email it always sends.
    pub send: bool,
    /// What must be given beside the code.
    pub challenge: Option<Challenge>,
    /// Documents and papers that staff saw.
    pub proof: Vec<Fact>,
}

/// An invitation with its code, which nothing shows again.
#[derive(Debug)]
pub struct Issued {
    /// The invitation.
    pub invitation: Invitation,
    /// The code, unless Kinlink sends it.
    pub code: Option<Code>,
    /// The letter to print, if the code goes by post and staff send it. Its address is empty where the record
    /// has none.
    pub letter: Option<(PostalAddress, Letter)>,
    /// Accounts that already open this record as the patient: for staff to see when they expected none.
    pub other_self_links: usize,
    /// The patient is a minor, or may be, and the code is to make an account theirs: for staff to see, since a
    /// parent's account would open the record for good.
    pub minor: bool,
    /// Bars of this record that are in force: for staff to see whom they must not hand the code to.
    pub bars: Vec<Bar>,
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
    /// The code is to be sent, but the record has no address or number for that way.
    #[error("the record has no such contact: no email address, no mobile number, or no name with an address")]
    NoContact,
    /// Kinlink is to send the code by a way that this installation does not have.
    #[error("Kinlink cannot send codes by this channel here")]
    ChannelNotSendable,
    /// An email is to go to an address that is not on record and that nobody validated.
    #[error("the address is not on the record")]
    ContactNotOnRecord,
    /// A proxy invitation without a paper that shows the relationship.
    #[error("a paper that shows the relationship must have been seen")]
    RelationshipNotShown,
    /// What a proxy is to get cannot be given.
    #[error(transparent)]
    Terms(#[from] TermsError),
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
    let terms = terms(organization, &request, ports.clock.now())?;
    issue_in_place_of(unit, ports, organization, by, (request, terms), None).await
}

/// How an invitation is issued anew.
#[derive(Debug)]
pub struct Reissue {
    /// The way the new code takes; the same as the last unless said.
    pub channel: Option<Channel>,
    /// Where an emailed code goes.
    pub email: EmailTarget,
    /// Whether Kinlink sends the letter or the text message.
    pub send: bool,
}

/// Ends an invitation and issues a like one with a new code, by the same or another way. What staff saw for
/// the first still counts.
pub async fn reissue(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    organization: &Organization,
    by: Authorized,
    id: InvitationId,
    anew: Reissue,
) -> Result<Issued, IssueError> {
    let old = unit.invitation_for_update(organization.id, id).await?.ok_or(IssueError::InvitationNotFound)?;
    let request = IssueInvitation {
        patient: PatientReference::FhirId(old.fhir_id.clone()),
        role: old.role,
        profile: None,
        until: None,
        channel: anew.channel.unwrap_or(old.channel),
        email: anew.email,
        send: anew.send,
        challenge: old.challenge,
        proof: old.proof.clone(),
    };
    let terms = old.terms.clone();
    let revoked = old.revoke(by.actor(), InvitationRevocation::Reissued, ports.clock.now())?;
    unit.update_invitation(&revoked).await?;
    let subject = Subject { invitation: Some(id), patient: Some(revoked.patient), ..Subject::default() };
    let detail = serde_json::json!({"reason": InvitationRevocation::Reissued});
    unit.record(ports.audit(organization.id, by.actor(), Action::InvitationRevoke, subject, detail));
    issue_in_place_of(unit, ports, organization, by, (request, terms), Some(id)).await
}

async fn issue_in_place_of(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    organization: &Organization,
    by: Authorized,
    (request, terms): (IssueInvitation, Option<ProxyTerms>),
    replaces: Option<InvitationId>,
) -> Result<Issued, IssueError> {
    let patient = find_patient(unit, organization, request.patient).await?;
    check_invitable(&patient, request.role, request.challenge)?;
    let (demographics, contact) = (&patient.record.demographics, &organization.policy.contact);
    let route =
        Route::choose(request.channel, request.send, request.email, demographics, contact, ports.outlets)?;
    let now = ports.clock.now();
    let code = Code::generate(Policy::strength(request.channel), &*ports.random);
    let invitation = Invitation {
        id: InvitationId::new(now, &*ports.random),
        organization: organization.id,
        patient: patient.id,
        fhir_id: patient.record.fhir_id.clone(),
        role: request.role,
        terms,
        channel: request.channel,
        address: route.address(request.channel),
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
    record_issue(unit, ports, &invitation, route.is_sent());
    let mut bars = unit.bars(organization.id, patient.id).await?;
    bars.retain(|bar| bar.is_in_force(now));
    let minor = invitation.role == LinkRole::SelfRole
        && organization.policy.family.rules().may_be_minor(&patient.facts(), now);
    let other_self_links = count_live_self_links(unit, ports, &invitation).await?;
    let letter = (invitation.channel == Channel::Post && !route.is_sent())
        .then(|| print::addressed(organization, &invitation, demographics, &code));
    let code = match route.message(organization, &invitation, &code, &*ports.random) {
        Some(message) => {
            unit.send(message);
            None
        }
        None => Some(code),
    };
    Ok(Issued { invitation, code, letter, other_self_links, minor, bars })
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

/// What a proxy gets by the invitation; nothing for a patient, who gets what the policy says.
fn terms(
    organization: &Organization,
    request: &IssueInvitation,
    now: DateTime<Utc>,
) -> Result<Option<ProxyTerms>, IssueError> {
    let Some(basis) = request.role.basis() else { return Ok(None) };
    // What the patient decides, staff write down for them: they need to have seen who that is.
    let shown = match basis {
        ProxyBasis::PatientGrant => !request.proof.is_empty(),
        _ => shows_relationship(&request.proof),
    };
    if !shown {
        return Err(IssueError::RelationshipNotShown);
    }
    let profile = request.profile.as_deref().ok_or(TermsError::UnknownProfile)?;
    let most = &organization.policy.self_permissions;
    let end = first_end(&request.proof, request.until);
    Ok(Some(proxy::terms(organization, profile, most, [end], now)?))
}

fn check_invitable(
    patient: &PatientRecord,
    role: LinkRole,
    challenge: Option<Challenge>,
) -> Result<(), IssueError> {
    let executor = role.basis() == Some(ProxyBasis::Executor);
    if !patient.record.is_usable() || (patient.record.deceased && !executor) {
        return Err(IssueError::RecordNotInvitable);
    }
    let birth_date = patient.record.demographics.birth_date.and_then(crate::partial_date::PartialDate::day);
    match challenge {
        Some(Challenge::BirthDate) if birth_date.is_none() => Err(IssueError::ChallengeImpossible),
        _ => Ok(()),
    }
}

fn record_issue(unit: &mut dyn UnitOfWork, ports: &Ports, invitation: &Invitation, sent: bool) {
    let subject =
        Subject { invitation: Some(invitation.id), patient: Some(invitation.patient), ..Subject::default() };
    let detail = serde_json::json!({
        "channel": invitation.channel,
        "sent": sent,
        "role": invitation.role.as_str(),
        "relationship": invitation.role.relationship(),
        "terms": invitation.terms,
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
    let live = |link: &&crate::link::Link| {
        link.role == LinkRole::SelfRole && link.stored_status(now) == LinkStatus::Active
    };
    Ok(links.iter().filter(live).count())
}

//! A reviewer decides a claim that is not beyond doubt: approves, asks for more, or declines.

use super::{
    Ports,
    own_past::{contact_shows_nothing, own_past},
    send_code::{self, CodeFor},
};
use crate::{
    actor::{Actor, Authorized},
    audit::{Action, Subject},
    claim::{Claim, ClaimRefusal, Decline},
    code::Code,
    evidence::Fact,
    id::{MessageId, PatientId, ReviewId},
    organization::Organization,
    outbox::{Mail, Message, MessageBody},
    patient::PatientRecord,
    review::{Approval, Ask, Handover, Missing, Review, ReviewRefusal, ReviewState},
    store::{StoreError, UnitOfWork},
};

/// Why a reviewer's decision was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// No such review at this organization, or none of a claim.
    #[error("no such review")]
    NotFound,
    /// Reviewers do not decide about their own accounts.
    #[error("a reviewer does not decide about their own account")]
    OwnClaim,
    /// The review's state, or the other reviewer, stands against it.
    #[error(transparent)]
    Review(#[from] ReviewRefusal),
    /// The claim's state stands against it.
    #[error(transparent)]
    Claim(#[from] ClaimRefusal),
    /// The record was not among the candidates.
    #[error("the record is not one of the candidates")]
    NotACandidate,
    /// The record is inactive, merged into another, or its patient deceased.
    #[error("the record is inactive, merged into another, or its patient is deceased")]
    RecordNotUsable,
    /// The record has no email that the code could go to.
    #[error("the record has no email address")]
    NoContact,
    /// A code is handed only to a person whom a document was compared with, and goes to nobody else where a contact
    /// on record is no sign of the patient.
    #[error("a document must have been seen")]
    ProofNeeded,
    /// This reason is not a reviewer's to give.
    #[error("this reason is not one that a reviewer can give")]
    ReasonNotAllowed,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A reviewer's approval.
#[derive(Debug)]
pub struct Approve {
    /// Which record is the person's.
    pub patient: PatientId,
    /// The proof that was seen.
    pub proof: Vec<Fact>,
    /// How the code goes to the person.
    pub handover: Handover,
}

/// What an approval came to.
#[derive(Debug)]
pub struct Approved {
    /// The review as it is now.
    pub review: Review,
    /// The code, to be handed over, shown this once. Absent if it goes by email, or if a second has to agree.
    pub code: Option<Code>,
}

/// Approves, or seconds another reviewer's approval; then the code goes out.
pub async fn approve(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    organization: &Organization,
    by: Authorized,
    id: ReviewId,
    request: Approve,
) -> Result<Approved, ReviewError> {
    let (claim, review) = load(unit, organization, by, id).await?;
    let claim = claim.in_review(&organization.policy.claims, ports.clock.now())?;
    let record = candidate(unit, organization, &claim, request.patient).await?;
    if !record.record.is_usable() || record.record.deceased {
        return Err(ReviewError::RecordNotUsable);
    }
    let now = ports.clock.now();
    let seen = request.proof.iter().any(|fact| matches!(fact, Fact::DocumentSeen { .. }));
    let past = own_past(unit, &record, claim.account).await?;
    let document_needed = contact_shows_nothing(&past, organization, &record, now);
    match request.handover {
        Handover::Email if record.record.demographics.emails().is_empty() => {
            return Err(ReviewError::NoContact);
        }
        Handover::HandedOver if !seen => return Err(ReviewError::ProofNeeded),
        Handover::Email if !seen && document_needed => return Err(ReviewError::ProofNeeded),
        Handover::Email | Handover::HandedOver => {}
    }
    let approval = Approval { at: now, by: by.actor(), patient: record.id, proof: request.proof };
    let detail = serde_json::json!({
        "review": id, "claim": claim.id, "handover": request.handover, "proof": approval.proof,
    });
    let account = claim.account;
    let needs_two = review.needs_two(&organization.policy.claims.four_eyes);
    let review = review.approve(approval, needs_two)?;
    let code = if let ReviewState::Approved { .. } = review.state {
        let to = CodeFor { organization, record: &record, review: Some(id) };
        let (claim, code) = match request.handover {
            Handover::Email => (send_code::by_email(unit, ports, claim, &to).await??, None),
            Handover::HandedOver => {
                let (claim, code) = send_code::by_hand(ports, claim, &to)?;
                (claim, Some(code))
            }
        };
        unit.update_claim(&claim).await?;
        code
    } else {
        None
    };
    unit.update_review(&review).await?;
    let subject = Subject { account: Some(account), patient: Some(record.id), ..Subject::default() };
    unit.record(ports.audit(organization.id, by.actor(), Action::ReviewApprove, subject, detail));
    Ok(Approved { review, code })
}

/// Asks for more. A contact on the record that the reviewer names is told; the claimant is not, so that nobody
/// learns from it that there is a record.
pub async fn ask(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    organization: &Organization,
    by: Authorized,
    id: ReviewId,
    missing: Vec<Missing>,
    tell: Option<PatientId>,
) -> Result<Review, ReviewError> {
    let (claim, review) = load(unit, organization, by, id).await?;
    let now = ports.clock.now();
    let to = match tell {
        Some(patient) => {
            let record = candidate(unit, organization, &claim, patient).await?;
            let emails = record.record.demographics.emails();
            Some(emails.first().map(|email| (*email).to_owned()).ok_or(ReviewError::NoContact)?)
        }
        None => None,
    };
    let asked = Ask { at: now, by: by.actor(), missing: missing.clone(), told: to.is_some() };
    let review = review.ask(asked)?;
    unit.update_review(&review).await?;
    let detail =
        serde_json::json!({"review": id, "claim": claim.id, "missing": missing, "told": to.is_some()});
    if let Some(to) = to {
        let mail = Mail::ClaimNeedsMore { organization: organization.name.clone(), missing, claim: claim.id };
        unit.send(Message {
            id: MessageId::new(now, &*ports.random),
            organization: organization.id,
            body: MessageBody::Mail { to, mail },
            due_at: now,
            expires_at: Some(claim.expires_at),
            attempts: 0,
        });
    }
    let subject = Subject { account: Some(claim.account), patient: tell, ..Subject::default() };
    unit.record(ports.audit(organization.id, by.actor(), Action::ReviewAsk, subject, detail));
    Ok(review)
}

/// Declines. The claimant sees no difference.
pub async fn decline(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    organization: &Organization,
    by: Authorized,
    id: ReviewId,
    reason: Decline,
) -> Result<Review, ReviewError> {
    if !reason.allowed_to_reviewers() {
        return Err(ReviewError::ReasonNotAllowed);
    }
    let (claim, review) = load(unit, organization, by, id).await?;
    let now = ports.clock.now();
    let review = review.decline(by.actor(), reason, now)?;
    let declined = claim.decline(by.actor(), reason, &organization.policy.claims, now)?;
    unit.update_review(&review).await?;
    unit.update_claim(&declined).await?;
    let subject = Subject { account: Some(declined.account), ..Subject::default() };
    let detail = serde_json::json!({"review": id, "claim": declined.id, "reason": reason});
    unit.record(ports.audit(organization.id, by.actor(), Action::ReviewDecline, subject, detail));
    Ok(review)
}

/// The review and its claim, both locked, the claim first, as everywhere.
async fn load(
    unit: &mut dyn UnitOfWork,
    organization: &Organization,
    by: Authorized,
    id: ReviewId,
) -> Result<(Claim, Review), ReviewError> {
    let review = unit.review(organization.id, id).await?.ok_or(ReviewError::NotFound)?;
    let claim = unit.claim_for_update(organization.id, review.claim).await?.ok_or(ReviewError::NotFound)?;
    if by.actor() == Actor::Staff(claim.account) {
        return Err(ReviewError::OwnClaim);
    }
    let review = unit.review_for_update(organization.id, id).await?.ok_or(ReviewError::NotFound)?;
    Ok((claim, review))
}

async fn candidate(
    unit: &mut dyn UnitOfWork,
    organization: &Organization,
    claim: &Claim,
    patient: PatientId,
) -> Result<PatientRecord, ReviewError> {
    let candidates = unit.candidates_of_claim(organization.id, claim.id).await?;
    if !candidates.iter().any(|candidate| candidate.patient == patient) {
        return Err(ReviewError::NotACandidate);
    }
    unit.patient_by_id(organization.id, patient).await?.ok_or(ReviewError::NotACandidate)
}

//! A claim's code goes out: by email to a contact on record and nowhere else, or by a reviewer's hand.

use super::{Ports, process_claim::codes_key};
use crate::{
    attempt::AttemptScope,
    claim::{Claim, ClaimRefusal, Confirmation, code_hash},
    code::Code,
    id::{MessageId, ReviewId},
    invitation::Channel,
    organization::Organization,
    outbox::{Mail, Message, MessageBody},
    patient::PatientRecord,
    policy::Policy,
    store::{StoreError, UnitOfWork},
};

/// What a code is for.
pub(super) struct CodeFor<'a> {
    pub(super) organization: &'a Organization,
    pub(super) record: &'a PatientRecord,
    pub(super) review: Option<ReviewId>,
}

/// Mails the code to the preferred email on record. The caller saves the claim.
pub(super) async fn by_email(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    claim: Claim,
    to: &CodeFor<'_>,
) -> Result<Result<Claim, ClaimRefusal>, StoreError> {
    let emails = to.record.record.demographics.emails();
    let Some(address) = emails.first() else {
        return Err(StoreError::Corrupt { what: "claim", why: "its record lost its contact".into() });
    };
    let now = ports.clock.now();
    let (claim, code) = match draw(ports, claim, to, Channel::Email, Some(0)) {
        Ok(drawn) => drawn,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let expires_at = now + to.organization.policy.validity(Channel::Email);
    unit.count_failure(AttemptScope::CodesToRecord, codes_key(to.record.id), now).await?;
    let mail = Mail::ClaimCode {
        organization: to.organization.name.clone(),
        code: code.to_string(),
        expires_at,
        claim: claim.id,
    };
    unit.send(Message {
        id: MessageId::new(now, &*ports.random),
        organization: to.organization.id,
        body: MessageBody::Mail { to: (*address).to_owned(), mail },
        due_at: now,
        expires_at: Some(expires_at),
        attempts: 0,
    });
    Ok(Ok(claim))
}

/// Draws the code for a reviewer to hand over. The caller saves the claim.
pub(super) fn by_hand(ports: &Ports, claim: Claim, to: &CodeFor<'_>) -> Result<(Claim, Code), ClaimRefusal> {
    draw(ports, claim, to, Channel::InPerson, None)
}

fn draw(
    ports: &Ports,
    claim: Claim,
    to: &CodeFor<'_>,
    channel: Channel,
    contact: Option<u16>,
) -> Result<(Claim, Code), ClaimRefusal> {
    let now = ports.clock.now();
    let policy = &to.organization.policy;
    let code = Code::generate(Policy::strength(channel), &*ports.random);
    let confirmation = Confirmation {
        patient: to.record.id,
        channel,
        contact,
        sent_at: now,
        expires_at: now + policy.validity(channel),
        review: to.review,
    };
    let hash = code_hash(claim.id, &code, &*ports.vault);
    Ok((claim.confirm_by(confirmation, hash, &policy.claims, now)?, code))
}

//! The letter that brings a code, to be printed by staff or by a print service.

use crate::{
    code::Code,
    demographics::Demographics,
    invitation::{Challenge, Channel, Invitation, InvitationState},
    organization::Organization,
    outbox::Letter,
    postal::PostalAddress,
    store::{StoreError, UnitOfWork},
};

/// The letter, whoever prints it.
pub(super) fn letter(organization: &Organization, invitation: &Invitation, code: &Code) -> Letter {
    Letter::Invitation {
        organization: organization.name.clone(),
        return_address: organization.policy.contact.return_address.clone(),
        paper: organization.policy.contact.paper,
        issued_at: invitation.issued_at,
        code: code.to_string(),
        expires_at: invitation.expires_at,
        asks_birth_date: invitation.challenge == Some(Challenge::BirthDate),
        invitation: invitation.id,
    }
}

/// The letter that staff print, with its address: an empty one where the record has none.
pub(super) fn addressed(
    organization: &Organization,
    invitation: &Invitation,
    demographics: &Demographics,
    code: &Code,
) -> (PostalAddress, Letter) {
    let nowhere = PostalAddress { name: String::new(), lines: Vec::new() };
    let to = PostalAddress::on_record(demographics, organization.policy.contact.paper).unwrap_or(nowhere);
    (to, letter(organization, invitation, code))
}

/// The letter of an open invitation by post, for staff who have its code before them. None for another invitation,
/// or with another invitation's code.
///
/// Only the public part of the code is compared: what looks at the rest must count wrong tries, and a letter with
/// a wrong code opens nothing.
pub async fn letter_to_print(
    unit: &mut dyn UnitOfWork,
    organization: &Organization,
    invitation: &Invitation,
    code: &Code,
) -> Result<Option<(PostalAddress, Letter)>, StoreError> {
    let open = invitation.channel == Channel::Post && invitation.state == InvitationState::Issued;
    if !open || code.locator() != invitation.locator {
        return Ok(None);
    }
    let patient = unit.patient_by_id(organization.id, invitation.patient).await?;
    Ok(patient.map(|patient| addressed(organization, invitation, &patient.record.demographics, code)))
}

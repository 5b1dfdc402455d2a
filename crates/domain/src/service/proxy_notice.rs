//! What proxies and patients are told by email of what a proxy may do. A mail to a proxy whose access ended says
//! nothing of who ended it or why; where somebody's safety asks for the end, nobody is written to at all.

use chrono::{DateTime, TimeDelta, Utc};

use super::Ports;
use crate::{
    code::Code,
    grant::{Grant, Offer},
    id::MessageId,
    link::Revocation,
    organization::Organization,
    outbox::{Mail, Message, MessageBody, Turn},
    store::{StoreError, UnitOfWork},
};

/// A notice that was not sent for so long is of no use any more.
const LASTING: TimeDelta = TimeDelta::days(3);

fn message(ports: &Ports, grant: &Grant, to: String, mail: Mail, expires_at: DateTime<Utc>) -> Message {
    let now = ports.clock.now();
    Message {
        id: MessageId::new(now, &*ports.random),
        organization: grant.organization,
        body: MessageBody::Mail { to, mail },
        due_at: now,
        expires_at: Some(expires_at),
        attempts: 0,
    }
}

/// The mail that brings an offer's code.
pub(super) fn offer(
    ports: &Ports,
    organization: &Organization,
    grant: &Grant,
    offer: &Offer,
    code: &Code,
) -> Option<Message> {
    let to = grant.contact.as_ref()?.0.clone();
    let mail = Mail::ProxyOffer {
        organization: organization.name.clone(),
        code: code.to_string(),
        expires_at: offer.expires_at,
        grant: grant.id,
    };
    Some(message(ports, grant, to, mail, offer.expires_at))
}

/// Tells those who did not end it that a proxy's access ended.
pub(super) async fn ended(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    grant: &Grant,
    reason: Revocation,
) -> Result<(), StoreError> {
    let (proxy, patient) = match reason {
        // Merged: another link of the same account opens the same record.
        Revocation::Safety | Revocation::Superseded | Revocation::Merged => return Ok(()),
        Revocation::NoLongerWanted | Revocation::NotMe => (false, true),
        Revocation::PatientEnded => (true, false),
        Revocation::WrongPerson
        | Revocation::PatientRequest
        | Revocation::Fraud
        | Revocation::CourtOrder
        | Revocation::StaffError
        | Revocation::GrantorEnded => (true, true),
    };
    let at = ports.clock.now();
    tell(unit, ports, grant, (proxy, patient), |organization, to_patient| Mail::ProxyEnded {
        organization,
        at,
        to_patient,
    })
    .await
}

/// Tells both that a proxy's access will narrow or end.
pub(super) async fn soon(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    grant: &Grant,
    turn: Turn,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    tell(unit, ports, grant, (true, true), |organization, to_patient| Mail::ProxySoon {
        organization,
        at,
        turn,
        to_patient,
    })
    .await
}

async fn tell(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    grant: &Grant,
    (proxy, patient): (bool, bool),
    mail: impl Fn(String, bool) -> Mail,
) -> Result<(), StoreError> {
    let Some(organization) = unit.organization(grant.organization).await? else { return Ok(()) };
    let expires_at = ports.clock.now() + LASTING;
    if let Some(contact) = grant.contact.as_ref().filter(|_| proxy) {
        let mail = mail(organization.name.clone(), false);
        unit.send(message(ports, grant, contact.0.clone(), mail, expires_at));
    }
    let Some(record) = unit.patient_by_id(grant.organization, grant.patient).await?.filter(|_| patient)
    else {
        return Ok(());
    };
    for to in record.record.demographics.emails() {
        // A mailbox that both use is told once.
        if grant.contact.as_ref().is_some_and(|contact| proxy && contact.0.eq_ignore_ascii_case(to)) {
            continue;
        }
        let mail = mail(organization.name.clone(), true);
        unit.send(message(ports, grant, to.to_owned(), mail, expires_at));
    }
    Ok(())
}

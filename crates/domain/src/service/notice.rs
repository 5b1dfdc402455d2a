//! The person behind a record is told, by every contact on record, that an account now opens it.
//!
//! NIST SP 800-63A asks for a notice of proofing that goes to an address other than the one that the code
//! went to, where there is one; that names the service and the date; and that says what to do if it was not
//! the person. Whoever stole a code by one contact is so found out by another.

use chrono::TimeDelta;

use super::Ports;
use crate::{
    actor::Actor,
    audit::{Action, Subject},
    demographics::Demographics,
    dispute::DisputeToken,
    id::MessageId,
    link::Link,
    organization::Organization,
    outbox::{Mail, Message, MessageBody, Text},
    patient::PatientRecord,
    phone::{PhoneNumber, PhoneRegion},
    store::{StoreError, UnitOfWork},
};

/// A contact that a notice can go to.
#[derive(Clone, PartialEq, Eq)]
enum Contact {
    Email(String),
    Number(PhoneNumber),
}

/// Tells every contact on record that `link` was made, but not the one that was `used` to make it: whoever
/// reads it knows already. If it is the only one, it is told all the same.
pub async fn notify_link_made(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    organization: &Organization,
    link: &Link,
    patient: &PatientRecord,
    used: Option<&str>,
) -> Result<(), StoreError> {
    let region = organization.policy.contact.phone_region;
    let contacts = recipients(&patient.record.demographics, ports.outlets.texts, region, used);
    let service = match unit.account(link.account).await? {
        Some(account) => service_name(account.key.iss.as_str()),
        None => organization.name.clone(),
    };
    let (mut mails, mut texts) = (0, 0);
    for contact in contacts {
        match contact {
            Contact::Email(_) => mails += 1,
            Contact::Number(_) => texts += 1,
        }
        unit.send(notice(ports, organization, link, &service, contact));
    }
    let subject = Subject::from(link);
    let detail = serde_json::json!({"mails": mails, "texts": texts});
    unit.record(ports.audit(organization.id, Actor::System, Action::LinkNotify, subject, detail));
    Ok(())
}

/// Who is told: everyone but whoever `used` their contact, unless there is nobody else.
fn recipients(
    demographics: &Demographics,
    texts: bool,
    region: Option<PhoneRegion>,
    used: Option<&str>,
) -> Vec<Contact> {
    let mut all: Vec<Contact> =
        demographics.emails().into_iter().map(|email| Contact::Email(email.to_owned())).collect();
    if texts {
        all.extend(demographics.text_numbers(region).into_iter().map(Contact::Number));
    }
    let Some(used) = used else { return all };
    let used_number = PhoneNumber::parse(used, region).ok();
    let is_used = |contact: &Contact| match contact {
        Contact::Email(email) => email.eq_ignore_ascii_case(used),
        Contact::Number(number) => Some(number) == used_number.as_ref(),
    };
    let others: Vec<Contact> = all.iter().filter(|contact| !is_used(contact)).cloned().collect();
    if others.is_empty() { all } else { others }
}

/// The host of the identity provider: what a person sees in the address bar when they log in.
fn service_name(iss: &str) -> String {
    let host = url::Url::parse(iss).ok().and_then(|url| url.host_str().map(ToOwned::to_owned));
    host.unwrap_or_else(|| iss.to_owned())
}

fn notice(
    ports: &Ports,
    organization: &Organization,
    link: &Link,
    service: &str,
    contact: Contact,
) -> Message {
    let now = link.created_at;
    let id = MessageId::new(now, &*ports.random);
    let expires_at = now + TimeDelta::days(organization.policy.notices.dispute_days.into());
    let dispute = DisputeToken { link: link.id, message: id, expires_at }.write(&*ports.vault);
    let (organization_name, service) = (organization.name.clone(), service.to_owned());
    let body = match contact {
        Contact::Email(to) => MessageBody::Mail {
            to,
            mail: Mail::LinkNotice {
                organization: organization_name,
                at: now,
                link: link.id,
                service,
                dispute,
            },
        },
        Contact::Number(to) => MessageBody::Text {
            to,
            text: Text::LinkNotice { organization: organization_name, at: now, service, dispute },
        },
    };
    Message {
        id,
        organization: organization.id,
        body,
        due_at: now,
        expires_at: Some(expires_at),
        attempts: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demographics::{ContactPoint, ContactSystem};

    #[test]
    fn everyone_else_is_told_and_who_is_alone_is_told_all_the_same() {
        let point =
            |system, value: &str| ContactPoint { system, value: value.to_owned(), usage: None, rank: None };
        let record =
            |points: &[ContactPoint]| Demographics { telecom: points.to_vec(), ..Demographics::default() };
        let (a, b) = (point(ContactSystem::Email, "a@x.example"), point(ContactSystem::Email, "b@x.example"));
        let sms = point(ContactSystem::Sms, "+1 617 555 0123");
        let all = record(&[a.clone(), sms.clone(), b]);
        for (who, texts, used, expected) in [
            (&all, true, None, vec!["a@x.example", "b@x.example", "+16175550123"]),
            (&all, false, None, vec!["a@x.example", "b@x.example"]),
            (&all, true, Some("A@X.example"), vec!["b@x.example", "+16175550123"]),
            (&all, true, Some("+1 (617) 555-0123"), vec!["a@x.example", "b@x.example"]),
            (&all, true, Some("elsewhere@x.example"), vec!["a@x.example", "b@x.example", "+16175550123"]),
            (&record(std::slice::from_ref(&a)), true, Some("a@x.example"), vec!["a@x.example"]),
            (&record(&[a, sms]), false, Some("a@x.example"), vec!["a@x.example"]),
            (&record(&[]), true, Some("a@x.example"), vec![]),
        ] {
            let told: Vec<String> = recipients(who, texts, None, used)
                .into_iter()
                .map(|contact| match contact {
                    Contact::Email(email) => email,
                    Contact::Number(number) => number.as_str().to_owned(),
                })
                .collect();
            assert_eq!(told, expected, "{used:?}");
        }
    }

    #[test]
    fn a_service_is_named_as_the_address_bar_does() {
        assert_eq!(service_name("https://login.hospital.example/realms/x"), "login.hospital.example");
        assert_eq!(service_name("urn:idp"), "urn:idp");
    }
}

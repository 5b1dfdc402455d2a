//! The way a code takes from Kinlink to the person.

use super::{EmailTarget, IssueError, print::letter};
use crate::{
    code::Code,
    demographics::Demographics,
    evidence::AddressValidation,
    id::MessageId,
    invitation::{Challenge, Channel, Invitation},
    organization::Organization,
    outbox::{Mail, Message, MessageBody, Text},
    phone::PhoneNumber,
    policy::ContactPolicy,
    port::Random,
    postal::PostalAddress,
    service::Outlets,
};

/// Who or what brings the code to the person.
pub(super) enum Route {
    /// Staff: they see the code, and hand it over, print it or read it out.
    Staff,
    Mail(String, AddressValidation),
    Text(PhoneNumber),
    Letter(PostalAddress),
}

impl Route {
    /// The way for this channel. Mail is always Kinlink's to send; letters and texts only if staff say so.
    pub(super) fn choose(
        channel: Channel,
        send: bool,
        email: EmailTarget,
        demographics: &Demographics,
        policy: &ContactPolicy,
        outlets: Outlets,
    ) -> Result<Self, IssueError> {
        match channel {
            Channel::Email => {
                let (to, validation) = choose_email(demographics, email)?;
                Ok(Self::Mail(to, validation))
            }
            Channel::InPerson | Channel::Post | Channel::Phone if !send => Ok(Self::Staff),
            Channel::Phone if outlets.texts => {
                let numbers = demographics.text_numbers(policy.phone_region);
                numbers.into_iter().next().map(Self::Text).ok_or(IssueError::NoContact)
            }
            Channel::Post if outlets.letters => {
                let to = PostalAddress::on_record(demographics, policy.paper);
                to.map(Self::Letter).ok_or(IssueError::NoContact)
            }
            Channel::InPerson | Channel::Post | Channel::Phone => Err(IssueError::ChannelNotSendable),
        }
    }

    /// How the place that the code goes to is known to be the patient's. Letters and calls that staff make go
    /// to where the record says.
    pub(super) const fn address(&self, channel: Channel) -> AddressValidation {
        match (self, channel) {
            (Self::Mail(_, validation), _) => *validation,
            (Self::Text(_) | Self::Letter(_), _) | (Self::Staff, Channel::Post | Channel::Phone) => {
                AddressValidation::OnRecord
            }
            (Self::Staff, Channel::InPerson | Channel::Email) => AddressValidation::None,
        }
    }

    /// Whether Kinlink sends the code, so that staff need not see it.
    pub(super) const fn is_sent(&self) -> bool {
        !matches!(self, Self::Staff)
    }

    /// What Kinlink sends; nothing if staff do it.
    pub(super) fn message(
        self,
        organization: &Organization,
        invitation: &Invitation,
        code: &Code,
        random: &dyn Random,
    ) -> Option<Message> {
        let asks_birth_date = invitation.challenge == Some(Challenge::BirthDate);
        let body = match self {
            Self::Staff => return None,
            Self::Mail(to, _) => MessageBody::Mail {
                to,
                mail: Mail::Invitation {
                    organization: organization.name.clone(),
                    code: code.to_string(),
                    expires_at: invitation.expires_at,
                    asks_birth_date,
                    invitation: invitation.id,
                },
            },
            Self::Text(to) => MessageBody::Text {
                to,
                text: Text::Invitation {
                    organization: organization.name.clone(),
                    code: code.to_string(),
                    expires_at: invitation.expires_at,
                },
            },
            Self::Letter(to) => MessageBody::Letter { to, letter: letter(organization, invitation, code) },
        };
        Some(Message {
            id: MessageId::new(invitation.issued_at, random),
            organization: organization.id,
            body,
            due_at: invitation.issued_at,
            expires_at: Some(invitation.expires_at),
            attempts: 0,
        })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demographics::{ContactPoint, ContactSystem};

    const ALL: Outlets = Outlets { texts: true, letters: true };

    fn reachable() -> Demographics {
        let point = |system, value: &str| ContactPoint {
            system,
            value: value.to_owned(),
            usage: Some("mobile".to_owned()),
            rank: None,
        };
        let mut demographics = Demographics {
            telecom: vec![
                point(ContactSystem::Email, "a@b.example"),
                point(ContactSystem::Phone, "+1 617 555 0123"),
            ],
            ..Demographics::default()
        };
        demographics
            .names
            .push(crate::demographics::HumanName { family: Some("Lee".to_owned()), ..Default::default() });
        demographics.addresses.push(crate::demographics::Address {
            line: vec!["1 Main Street".to_owned()],
            city: Some("Cambridge".to_owned()),
            ..Default::default()
        });
        demographics
    }

    fn choose(channel: Channel, send: bool, to: &Demographics, outlets: Outlets) -> &'static str {
        let policy = ContactPolicy::default();
        match Route::choose(channel, send, EmailTarget::OnRecord, to, &policy, outlets) {
            Ok(Route::Staff) => "staff",
            Ok(Route::Mail(..)) => "mail",
            Ok(Route::Text(_)) => "text",
            Ok(Route::Letter(_)) => "letter",
            Err(IssueError::NoContact) => "no contact",
            Err(IssueError::ChannelNotSendable) => "not sendable",
            Err(_) => "another error",
        }
    }

    #[test]
    fn staff_hand_over_unless_they_ask_kinlink_and_it_can() {
        use Channel::{Email, InPerson, Phone, Post};
        let (to, nobody, none) = (reachable(), Demographics::default(), Outlets::default());
        for (channel, send, who, outlets, expected) in [
            (InPerson, false, &to, ALL, "staff"),
            (InPerson, true, &to, ALL, "not sendable"),
            (Post, false, &nobody, none, "staff"),
            (Post, true, &to, ALL, "letter"),
            (Post, true, &to, none, "not sendable"),
            (Post, true, &nobody, ALL, "no contact"),
            (Phone, false, &to, ALL, "staff"),
            (Phone, true, &to, ALL, "text"),
            (Phone, true, &to, none, "not sendable"),
            (Phone, true, &nobody, ALL, "no contact"),
            (Email, false, &to, none, "mail"),
            (Email, true, &to, none, "mail"),
            (Email, true, &nobody, none, "no contact"),
        ] {
            assert_eq!(choose(channel, send, who, outlets), expected, "{channel:?} {send} {outlets:?}");
        }
    }
}

//! Messages to the outside, written in the transaction of the decision that they tell of and sent after.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    demographics::silent,
    id::{ClaimId, GrantId, InvitationId, LinkId, MessageId, OrganizationId, RequestId},
    phone::PhoneNumber,
    policy::Paper,
    postal::PostalAddress,
    review::Missing,
};

/// A message to be sent. Encrypted at rest, and emptied once sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id, also the `Message-ID` of a mail, so that a second delivery is known as such.
    pub id: MessageId,
    /// On whose behalf.
    pub organization: OrganizationId,
    /// What is sent.
    pub body: MessageBody,
    /// Not to be sent before.
    pub due_at: DateTime<Utc>,
    /// Of no use after, for example because the code has expired.
    pub expires_at: Option<DateTime<Utc>>,
    /// How often sending was tried.
    pub attempts: u16,
}

/// What is sent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum MessageBody {
    /// An email.
    Mail {
        /// The recipient's address.
        to: String,
        /// What it says.
        mail: Mail,
    },
    /// A text message.
    Text {
        /// The recipient's number.
        to: PhoneNumber,
        /// What it says.
        text: Text,
    },
    /// A letter on paper.
    Letter {
        /// Where it goes.
        to: PostalAddress,
        /// What it says.
        letter: Letter,
    },
}

/// The ways to the outside. Each has its own sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageKind {
    /// Email.
    Mail,
    /// Text messages.
    Text,
    /// Letters.
    Letter,
}

impl MessageKind {
    /// The word used in storage and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Text => "text",
            Self::Letter => "letter",
        }
    }
}

impl MessageBody {
    /// The way it takes.
    pub const fn kind(&self) -> MessageKind {
        match self {
            Self::Mail { .. } => MessageKind::Mail,
            Self::Text { .. } => MessageKind::Text,
            Self::Letter { .. } => MessageKind::Letter,
        }
    }
}

/// What a mail says. No member tells anything about a person's health, and none names the person: the
/// mailbox may be read by others.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "template", rename_all = "snake_case")]
pub enum Mail {
    /// Brings an invitation code.
    Invitation {
        /// The organization's name.
        organization: String,
        /// The code, grouped.
        code: String,
        /// When it expires.
        expires_at: DateTime<Utc>,
        /// Whether the birth date will be asked for.
        asks_birth_date: bool,
        /// The invitation, as a reference for staff.
        invitation: InvitationId,
    },
    /// Brings the code that confirms a claim.
    ClaimCode {
        /// The organization's name.
        organization: String,
        /// The code, grouped.
        code: String,
        /// When it expires.
        expires_at: DateTime<Utc>,
        /// The claim, as a reference for staff.
        claim: ClaimId,
    },
    /// Tells a contact on record that a reviewer needs more to decide a claim.
    ClaimNeedsMore {
        /// The organization's name.
        organization: String,
        /// What is missing.
        missing: Vec<Missing>,
        /// The claim, as a reference for staff.
        claim: ClaimId,
    },
    /// Tells a contact on record that an account now opens the record (NIST SP 800-63A, notice of
    /// proofing).
    LinkNotice {
        /// The organization's name.
        organization: String,
        /// When the link was made.
        at: DateTime<Utc>,
        /// The link, as a reference for staff.
        link: LinkId,
        /// The service that the account logs in with.
        service: String,
        /// The token of the "this was not me" page ([`crate::dispute::DisputeToken`]).
        dispute: String,
    },
    /// Brings the code of an offer to act for somebody.
    ProxyOffer {
        /// The organization's name.
        organization: String,
        /// The code, grouped.
        code: String,
        /// When it expires.
        expires_at: DateTime<Utc>,
        /// The grant, as a reference for staff.
        grant: GrantId,
    },
    /// Tells a proxy, or the patient, that a proxy's access ended; neither who ended it nor why.
    ProxyEnded {
        /// The organization's name.
        organization: String,
        /// When.
        at: DateTime<Utc>,
        /// Whether it goes to the patient.
        to_patient: bool,
    },
    /// Tells a proxy, or the patient, that a proxy's access will narrow or end.
    ProxySoon {
        /// The organization's name.
        organization: String,
        /// When it will.
        at: DateTime<Utc>,
        /// What will happen.
        turn: Turn,
        /// Whether it goes to the patient.
        to_patient: bool,
    },
    /// Tells the patient that somebody asks to act for them.
    AccessAsked {
        /// The organization's name.
        organization: String,
        /// The request, as a reference for staff.
        request: RequestId,
    },
    /// Tells a contact on record that staff reset the account's authenticator app.
    AuthenticatorReset {
        /// The organization's name.
        organization: String,
        /// When.
        at: DateTime<Utc>,
    },
}

/// What the clock will do to what somebody may open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// It will be less, or other.
    Changes,
    /// It will be nothing.
    Ends,
}

/// What a text message says; as little as can be, since a lock screen may show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "template", rename_all = "snake_case")]
pub enum Text {
    /// Brings an invitation code.
    Invitation {
        /// The organization's name.
        organization: String,
        /// The code, grouped.
        code: String,
        /// When it expires.
        expires_at: DateTime<Utc>,
    },
    /// Tells a contact on record that an account now opens the record.
    LinkNotice {
        /// The organization's name.
        organization: String,
        /// When the link was made.
        at: DateTime<Utc>,
        /// The service that the account logs in with.
        service: String,
        /// The token of the "this was not me" page.
        dispute: String,
    },
}

/// What a letter says. Name and address stand on it because it must arrive; nothing else is told of the person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "template", rename_all = "snake_case")]
pub enum Letter {
    /// Brings an invitation code.
    Invitation {
        /// The organization's name.
        organization: String,
        /// Where it goes back to, line by line; small above the recipient's address.
        return_address: Vec<String>,
        /// The sheet it is printed on.
        paper: Paper,
        /// When it was written.
        issued_at: DateTime<Utc>,
        /// The code, grouped.
        code: String,
        /// When it expires.
        expires_at: DateTime<Utc>,
        /// Whether the birth date will be asked for.
        asks_birth_date: bool,
        /// The invitation, as a reference for staff.
        invitation: InvitationId,
    },
}

// Addresses and codes must not reach a log.
silent!(MessageBody Mail Text Letter PostalAddress);

/// What became of a try to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// The receiver took it.
    Sent,
    /// It may be taken later.
    Retry {
        /// Why, without anything of the message itself.
        error: String,
        /// The receiver asks not to be tried again before so long.
        after: Option<TimeDelta>,
    },
    /// It will never be taken.
    Dead {
        /// Why, without anything of the message itself.
        error: String,
    },
}

impl Delivery {
    /// It may be taken later; the receiver does not say when.
    pub fn retry(error: impl Into<String>) -> Self {
        Self::Retry { error: error.into(), after: None }
    }

    /// It will never be taken.
    pub fn dead(error: impl Into<String>) -> Self {
        Self::Dead { error: error.into() }
    }
}

/// Tries before a message is given up.
pub const MAX_ATTEMPTS: u16 = 12;

/// How long to wait after the `attempts`-th failed try: 5 s, doubled each time, at most an hour, and by up
/// to a quarter less, as `jitter` (0 to 255) says, so that many messages do not come back together.
pub fn backoff(attempts: u16, jitter: u8) -> TimeDelta {
    let doubled = 5_000_i64 << attempts.saturating_sub(1).min(12);
    let capped = doubled.min(3_600_000);
    TimeDelta::milliseconds(capped - capped * i64::from(jitter) / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_an_hour() {
        assert_eq!(backoff(1, 0), TimeDelta::seconds(5));
        assert_eq!(backoff(4, 0), TimeDelta::seconds(40));
        assert_eq!(backoff(u16::MAX, 0), TimeDelta::hours(1));
        assert!(backoff(4, 255) >= TimeDelta::seconds(30));
    }
}

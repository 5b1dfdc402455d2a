//! Messages to the outside, written in the transaction of the decision that they tell of and sent after.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    id::{ClaimId, InvitationId, LinkId, MessageId, OrganizationId},
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
    },
    /// Tells a contact on record that staff reset the account's authenticator app.
    AuthenticatorReset {
        /// The organization's name.
        organization: String,
        /// When.
        at: DateTime<Utc>,
    },
}

/// Shows nothing: addresses and codes must not reach a log.
impl fmt::Debug for MessageBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MessageBody(…)")
    }
}

/// Shows nothing, as [`MessageBody`].
impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mail(…)")
    }
}

/// What became of a try to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// The receiver took it.
    Sent,
    /// It may be taken later.
    Retry {
        /// Why, without anything of the message itself.
        error: String,
    },
    /// It will never be taken.
    Dead {
        /// Why, without anything of the message itself.
        error: String,
    },
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

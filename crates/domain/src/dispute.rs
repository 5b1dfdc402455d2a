//! Disputes: somebody at a contact on record says "this was not me".
//!
//! ```text
//! open ──► upheld      the link is ended
//!   └────► dismissed   the link opens the record again
//! ```
//! Opening one suspends the link at once: a wrongly closed link is an annoyance, a wrongly open one is not.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    actor::Actor,
    id::{AccountId, DisputeId, Id, LinkId, MessageId, OrganizationId, PatientId},
    link::{Reinstatement, Revocation},
    port::{Purpose, Vault},
    signed_text,
};

/// A dispute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispute {
    /// Its id.
    pub id: DisputeId,
    /// The custodian of the record.
    pub organization: OrganizationId,
    /// The link that it is about.
    pub link: LinkId,
    /// The account that the link belongs to.
    pub account: AccountId,
    /// The record that the link opens.
    pub patient: PatientId,
    /// The notice in which the link to dispute stood.
    pub message: MessageId,
    /// When.
    pub opened_at: DateTime<Utc>,
    /// Where it stands.
    pub state: DisputeState,
}

/// Where a dispute stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisputeState {
    /// Nobody has decided it.
    Open,
    /// It was found right.
    Upheld {
        /// When.
        at: DateTime<Utc>,
        /// By whom.
        by: Actor,
        /// Why the link was ended.
        reason: Revocation,
    },
    /// It was found wrong.
    Dismissed {
        /// When.
        at: DateTime<Utc>,
        /// By whom.
        by: Actor,
        /// Why the link was opened again.
        reason: Reinstatement,
    },
}

/// Where a dispute stands, as one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeStatus {
    /// Nobody has decided it.
    Open,
    /// It was found right.
    Upheld,
    /// It was found wrong.
    Dismissed,
}

/// It was decided before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the dispute was decided before")]
pub struct AlreadyDecided;

impl Dispute {
    /// Where it stands.
    pub const fn status(&self) -> DisputeStatus {
        match self.state {
            DisputeState::Open => DisputeStatus::Open,
            DisputeState::Upheld { .. } => DisputeStatus::Upheld,
            DisputeState::Dismissed { .. } => DisputeStatus::Dismissed,
        }
    }

    /// Finds it right.
    pub fn uphold(self, by: Actor, reason: Revocation, now: DateTime<Utc>) -> Result<Self, AlreadyDecided> {
        self.decide(DisputeState::Upheld { at: now, by, reason })
    }

    /// Finds it wrong.
    pub fn dismiss(
        self,
        by: Actor,
        reason: Reinstatement,
        now: DateTime<Utc>,
    ) -> Result<Self, AlreadyDecided> {
        self.decide(DisputeState::Dismissed { at: now, by, reason })
    }

    fn decide(self, state: DisputeState) -> Result<Self, AlreadyDecided> {
        match self.state {
            DisputeState::Open => Ok(Self { state, ..self }),
            DisputeState::Upheld { .. } | DisputeState::Dismissed { .. } => Err(AlreadyDecided),
        }
    }
}

/// What the "this was not me" link in a notice carries: which link, in which message, until when, and a keyed
/// hash over these, so that nobody can make one. Whoever has it can close one link, and learn or open nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DisputeToken {
    /// The link to dispute.
    pub link: LinkId,
    /// The message that it stands in.
    pub message: MessageId,
    /// Until when it is taken, to the second.
    pub expires_at: DateTime<Utc>,
}

impl DisputeToken {
    /// The token as text that can stand in a path.
    pub fn write(&self, vault: &dyn Vault) -> String {
        let (link, message) = (self.link.uuid(), self.message.uuid());
        let expires_at = self.expires_at.timestamp().to_be_bytes();
        let signed = [link.as_bytes().as_slice(), message.as_bytes(), &expires_at].concat();
        signed_text::write(Purpose::DisputeToken, &signed, vault)
    }

    /// The token that this text is, if Kinlink made it. It may have expired.
    pub fn read(text: &str, vault: &dyn Vault) -> Option<Self> {
        let signed = signed_text::read::<{ 16 + 16 + 8 }>(Purpose::DisputeToken, text, vault)?;
        let (link, rest) = signed.split_first_chunk::<16>()?;
        let (message, seconds) = rest.split_first_chunk::<16>()?;
        Some(Self {
            link: Id::from_uuid(Uuid::from_bytes(*link)),
            message: Id::from_uuid(Uuid::from_bytes(*message)),
            expires_at: DateTime::from_timestamp(i64::from_be_bytes(seconds.try_into().ok()?), 0)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn open() -> Dispute {
        Dispute {
            id: Id::from_uuid(Uuid::from_u128(1)),
            organization: Id::from_uuid(Uuid::from_u128(2)),
            link: Id::from_uuid(Uuid::from_u128(3)),
            account: Id::from_uuid(Uuid::from_u128(4)),
            patient: Id::from_uuid(Uuid::from_u128(5)),
            message: Id::from_uuid(Uuid::from_u128(6)),
            opened_at: NOW,
            state: DisputeState::Open,
        }
    }

    #[test]
    fn a_dispute_is_decided_once() {
        let uphold = |dispute: Dispute| dispute.uphold(Actor::Operator, Revocation::Fraud, NOW);
        let dismiss = |dispute: Dispute| dispute.dismiss(Actor::Operator, Reinstatement::Unfounded, NOW);
        assert_eq!(open().status(), DisputeStatus::Open);
        for (decided, status) in [
            (uphold(open()).unwrap(), DisputeStatus::Upheld),
            (dismiss(open()).unwrap(), DisputeStatus::Dismissed),
        ] {
            assert_eq!(decided.status(), status);
            assert_eq!(uphold(decided.clone()), Err(AlreadyDecided));
            assert_eq!(dismiss(decided), Err(AlreadyDecided));
        }
    }
}

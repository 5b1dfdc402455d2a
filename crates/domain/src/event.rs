//! What happened to a link, for whoever listens: written with it, sent after. Storage tells of what it writes, and
//! [`crate::service::turn`] of what became another without that.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    access::Gave,
    id::{AccountId, EventId, LinkId, OrganizationId, PatientId},
    link::Link,
    port::Random,
};

/// Something happened to a link. It says neither why nor by whom: that is not for whoever listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkEvent {
    /// Its id, by which a second delivery is known as such.
    pub id: EventId,
    /// The account whose link it is.
    pub account: AccountId,
    /// The custodian of the record.
    pub organization: OrganizationId,
    /// The record.
    pub patient: PatientId,
    /// The link.
    pub link: LinkId,
    /// What happened.
    pub kind: LinkEventKind,
    /// When.
    pub at: DateTime<Utc>,
}

/// What happened to a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkEventKind {
    /// It opens the record, as it did not before.
    Opened,
    /// What it gives, what it is worth, or which record it opens is another.
    Changed,
    /// It opens nothing any more.
    Closed,
}

impl LinkEventKind {
    /// The word used in storage and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Changed => "changed",
            Self::Closed => "closed",
        }
    }

    /// What happened to a link that gave the one, as far as anybody was told, and now gives the other. Of one that
    /// nothing is known of, rather too much is told than too little.
    pub fn between(before: Gave, after: Gave) -> Option<Self> {
        match (before, after) {
            (Gave::Nothing, Gave::Something(_)) => Some(Self::Opened),
            (Gave::Something(_) | Gave::Unknown, Gave::Nothing) => Some(Self::Closed),
            (before, after) => (before != after).then_some(Self::Changed),
        }
    }
}

impl LinkEvent {
    /// This happened to `link` as it was last changed.
    pub fn of(link: &Link, kind: LinkEventKind, random: &dyn Random) -> Self {
        Self::at(link, kind, link.updated_at, random)
    }

    /// This happened at a moment to a link that was not changed itself.
    pub fn at(link: &Link, kind: LinkEventKind, at: DateTime<Utc>, random: &dyn Random) -> Self {
        Self {
            id: EventId::new(at, random),
            account: link.account,
            organization: link.organization,
            patient: link.patient,
            link: link.id,
            kind,
            at,
        }
    }
}

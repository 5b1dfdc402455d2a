//! Event streams: where a client hears that the links of an account changed.
//!
//! A stream belongs to one client and carries events of the organizations that this client serves. SETs are pushed
//! (RFC 8935) or polled (RFC 8936) after the OpenID Shared Signals Framework 1.0; a webhook gets the same news
//! after Standard Webhooks. What an event says is worked out when it is sent, by the rule that lookups answer
//! by; the outbox only keeps that something changed, for whom, and in which order.

mod room;

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use url::Url;
use zeroize::Zeroizing;

use crate::{
    event::LinkEventKind,
    id::{AccountId, ClientId, DeliveryId, EventId, OrganizationId, StreamId},
};

pub use room::{Room, STREAM_ROOM};

/// Streams that one client may have.
pub const MAX_STREAMS: usize = 10;

/// How long events of a paused stream are kept, and those that nobody polls.
pub const HELD: TimeDelta = TimeDelta::days(14);

/// Where a client hears of changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventStream {
    /// Its id.
    pub id: StreamId,
    /// Whose it is; also the audience of its SETs.
    pub client: ClientId,
    /// How events reach the client.
    pub outlet: Outlet,
    /// The types that the client wants.
    pub events: Vec<EventType>,
    /// What the client calls it.
    pub description: Option<String>,
    /// Whether events flow.
    pub status: StreamStatus,
    /// Why the client set that status.
    pub reason: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When the client last changed it.
    pub updated_at: DateTime<Utc>,
    /// When the client last asked for a verification event.
    pub verified_at: Option<DateTime<Utc>>,
    /// Since when and why nothing arrives; written by those who send.
    pub failing: Option<Failing>,
}

/// How events reach a client.
#[derive(Clone, PartialEq, Eq)]
pub enum Outlet {
    /// SETs are pushed (RFC 8935).
    Push {
        /// Where to.
        url: Url,
        /// What `Authorization` says there.
        authorization: Option<Zeroizing<String>>,
    },
    /// SETs are fetched (RFC 8936).
    Poll,
    /// JSON is posted, signed after Standard Webhooks.
    Webhook {
        /// Where to.
        url: Url,
        /// What it is signed with, newest first.
        secrets: Vec<EndpointSecret>,
    },
}

/// A secret of a webhook.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointSecret {
    /// `whsec_` and base64.
    pub text: Zeroizing<String>,
    /// Until when it signs beside the newer one; without an end while it is the newest.
    pub until: Option<DateTime<Utc>>,
}

/// Shows neither addresses nor secrets.
impl fmt::Debug for Outlet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Shows nothing.
impl fmt::Debug for EndpointSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EndpointSecret(…)")
    }
}

impl Outlet {
    /// The word used in storage and metrics.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Push { .. } => "push",
            Self::Poll => "poll",
            Self::Webhook { .. } => "webhook",
        }
    }

    /// Whether it is a stream of the Shared Signals Framework, and no webhook.
    pub const fn is_shared_signals(&self) -> bool {
        matches!(self, Self::Push { .. } | Self::Poll)
    }
}

/// Whether events flow (SSF 1.0, section 8.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamStatus {
    /// They do.
    Enabled,
    /// They are kept until it is enabled again, for [`HELD`] at most.
    Paused,
    /// They are neither sent nor kept.
    Disabled,
}

/// A stream whose receiver does not take what it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failing {
    /// Since when.
    pub since: DateTime<Utc>,
    /// What went wrong last, without anything of the event itself.
    pub error: String,
}

/// What an event says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventType {
    /// What tokens should say of the account has changed (CAEP 1.0, section 3.2).
    TokenClaimsChange,
    /// The account lost access: sessions that hold the old claims are to end (CAEP 1.0, section 3.1).
    SessionRevoked,
    /// The client asked whether the stream works (SSF 1.0, section 8.1.4).
    Verification,
}

impl EventType {
    /// What a client can ask for. Verification comes in any case.
    pub const SUPPORTED: [Self; 2] = [Self::SessionRevoked, Self::TokenClaimsChange];

    /// What a client is told when this happened to a link. Whoever lost access is to be asked again in any case,
    /// before tokens that were issued run out.
    pub const fn of(kind: LinkEventKind) -> &'static [Self] {
        match kind {
            LinkEventKind::Opened | LinkEventKind::Changed => &[Self::TokenClaimsChange],
            LinkEventKind::Closed => &[Self::SessionRevoked, Self::TokenClaimsChange],
        }
    }

    /// Its URI in a SET.
    pub const fn uri(self) -> &'static str {
        match self {
            Self::TokenClaimsChange => {
                "https://schemas.openid.net/secevent/caep/event-type/token-claims-change"
            }
            Self::SessionRevoked => "https://schemas.openid.net/secevent/caep/event-type/session-revoked",
            Self::Verification => "https://schemas.openid.net/secevent/ssf/event-type/verification",
        }
    }

    /// Its name in a webhook.
    pub const fn webhook_name(self) -> &'static str {
        match self {
            Self::TokenClaimsChange => "token_claims.changed",
            Self::SessionRevoked => "session.revoked",
            Self::Verification => "endpoint.test",
        }
    }
}

/// What an event is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// An account's links at an organization.
    Account {
        /// Whose links.
        account: AccountId,
        /// Of which organization.
        organization: OrganizationId,
    },
    /// The stream itself.
    Stream {
        /// What the client wants to hear again (`state` of the verification event).
        state: Option<String>,
    },
}

/// One event on its way to one stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventDelivery {
    /// Its id: the `jti` of the SET, the `webhook-id`; the same at every try.
    pub id: DeliveryId,
    /// Whose stream.
    pub client: ClientId,
    /// Which stream.
    pub stream: StreamId,
    /// What it says.
    pub event: EventType,
    /// What it is about.
    pub about: About,
    /// The cause that it has in common with other deliveries (`txn` of a SET).
    pub cause: EventId,
    /// When it happened.
    pub happened_at: DateTime<Utc>,
    /// How often sending was tried.
    pub attempts: u16,
    /// What went wrong last.
    pub error: Option<String>,
}

/// What the client of a stream may have asked for wrongly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StreamRefusal {
    /// No such stream of this client.
    #[error("no such stream")]
    NotFound,
    /// It has [`MAX_STREAMS`] already.
    #[error("a client has at most {MAX_STREAMS} streams and webhooks")]
    TooMany,
    /// It asked a moment ago.
    #[error("verification is asked for too often")]
    TooSoon,
}

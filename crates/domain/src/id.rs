//! Identifiers: UUIDv7 made by the application (RFC 9562), shown with a prefix that names their kind.

use std::{fmt, marker::PhantomData, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

use crate::port::Random;

/// The kind of thing that an [`Id`] names, and the prefix it is shown with.
pub trait Kind {
    /// What stands before the underscore, for example `lnk`.
    const PREFIX: &'static str;
}

/// An identifier of one kind of thing. Ids of different kinds cannot be mixed up.
pub struct Id<K>(Uuid, PhantomData<fn() -> K>);

/// A text that is not an identifier of the expected kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected an id of the form {prefix}_<uuid>")]
pub struct InvalidId {
    prefix: &'static str,
}

impl<K: Kind> Id<K> {
    /// A new time-ordered id.
    pub fn new(now: DateTime<Utc>, random: &dyn Random) -> Self {
        let mut bytes = [0; 10];
        random.fill(&mut bytes);
        let millis = u64::try_from(now.timestamp_millis()).unwrap_or_default();
        Self::from_uuid(uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid())
    }

    /// Takes a UUID that storage or a derivation supplies.
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid, PhantomData)
    }

    /// The UUID without its prefix, for storage.
    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<K> Eq for Id<K> {}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
impl<K> std::hash::Hash for Id<K> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", K::PREFIX, self.0.simple())
    }
}

impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<K: Kind> FromStr for Id<K> {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        text.strip_prefix(K::PREFIX)
            .and_then(|rest| rest.strip_prefix('_'))
            .and_then(|uuid| Uuid::try_parse(uuid).ok())
            .map(Self::from_uuid)
            .ok_or(InvalidId { prefix: K::PREFIX })
    }
}

impl<K: Kind> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, K: Kind> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident, $id:ident, $prefix:literal;)*) => {$(
        #[doc = concat!("Marks ids of the form `", $prefix, "_…`.")]
        #[derive(Debug)]
        pub enum $kind {}
        impl Kind for $kind {
            const PREFIX: &'static str = $prefix;
        }
        $(#[$doc])*
        pub type $id = Id<$kind>;
    )*};
}

kinds! {
    /// An organization's id, `org_…`.
    OrganizationKind, OrganizationId, "org";
    /// An account's id, `acc_…`; derived from `(iss, sub)`, see [`crate::account::AccountKey::id`].
    AccountKind, AccountId, "acc";
    /// A patient record's id within Kinlink, `pat_…`. The FHIR server's own id is [`crate::patient::FhirId`].
    PatientKind, PatientId, "pat";
    /// An invitation's id, `inv_…`.
    InvitationKind, InvitationId, "inv";
    /// A link's id, `lnk_…`.
    LinkKind, LinkId, "lnk";
    /// A grant's id, `gnt_…`.
    GrantKind, GrantId, "gnt";
    /// An access request's id, `req_…`.
    RequestKind, RequestId, "req";
    /// A bar's id, `bar_…`.
    BarKind, BarId, "bar";
    /// An evidence's id, `evd_…`.
    EvidenceKind, EvidenceId, "evd";
    /// A claim's id, `clm_…`.
    ClaimKind, ClaimId, "clm";
    /// A review's id, `rev_…`.
    ReviewKindMark, ReviewId, "rev";
    /// A client's id, `cli_…`.
    ClientKind, ClientId, "cli";
    /// The id of one of a client's API keys, `key_…`.
    ApiKeyKind, ApiKeyId, "key";
    /// An audit entry's id, `aud_…`.
    AuditKind, AuditId, "aud";
    /// The id of a client's connection, `con_…`.
    ConnectionKind, ConnectionId, "con";
    /// A picker's id, `pck_…`.
    PickerKind, PickerId, "pck";
    /// A dispute's id, `dsp_…`.
    DisputeKind, DisputeId, "dsp";
    /// The id of an ending of every access to a record or of an account, `end_…`.
    EndingKind, EndingId, "end";
    /// The id of something that happened to a link, `evt_…`.
    EventKind, EventId, "evt";
    /// The id of an event stream or webhook, `str_…`.
    StreamKind, StreamId, "str";
    /// The id of an event on its way to one stream, `dlv_…`.
    DeliveryKind, DeliveryId, "dlv";
    /// The id of a server whose users carry attributes for Kinlink, `prv_…`.
    ProvisioningTargetKind, ProvisioningTargetId, "prv";
    /// An outbox message's id, `msg_…`.
    MessageKind, MessageId, "msg";
    /// The id of a FHIR server that is followed, `src_…`.
    SourceKind, SourceId, "src";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::testing::CountingRandom;

    #[test]
    fn an_id_reads_back_what_it_shows() {
        let id = LinkId::new(DateTime::UNIX_EPOCH, &CountingRandom::default());
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        let id = LinkId::new(DateTime::UNIX_EPOCH, &CountingRandom::default());
        assert!(id.to_string().parse::<InvitationId>().is_err());
    }
}

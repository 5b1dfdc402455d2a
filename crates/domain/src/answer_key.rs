//! Keys that Kinlink signs its answers with. Whoever gets an answer finds the public half in a JWK Set.

use chrono::{DateTime, TimeDelta, Utc};
use zeroize::Zeroizing;

use crate::id::AnswerKeyId;

/// A key makes signatures for so long; then a new one is made.
pub const SIGNS_FOR: TimeDelta = TimeDelta::days(90);
/// It stays published longer, so that an answer which is under way is still accepted.
pub const PUBLISHED_FOR: TimeDelta = TimeDelta::days(91);

/// A signing key.
#[derive(Clone, PartialEq, Eq)]
pub struct AnswerKey {
    /// Its id, also its `kid`.
    pub id: AnswerKeyId,
    /// PKCS #8 (RFC 5958).
    pub private: Zeroizing<Vec<u8>>,
    /// JWK (RFC 7517).
    pub public: serde_json::Value,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// Shows no private half.
impl std::fmt::Debug for AnswerKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AnswerKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl AnswerKey {
    /// Whether it makes signatures at `now`.
    pub fn signs(&self, now: DateTime<Utc>) -> bool {
        now < self.created_at + SIGNS_FOR
    }

    /// Whether its signatures are accepted at `now`.
    pub fn is_published(&self, now: DateTime<Utc>) -> bool {
        now < self.created_at + PUBLISHED_FOR
    }
}

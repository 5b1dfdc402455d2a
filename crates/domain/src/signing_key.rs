//! Keys that Kinlink signs with, and how one follows another. Whoever gets what they sign finds the public halves
//! in a JWK Set (RFC 7517).
//!
//! A key is published for an hour before it signs and for a day after the next one took over, so that whoever
//! keeps the set for a while meets no signature that they cannot check. Each purpose has keys of its own: what was
//! signed for one can then be taken for nothing else (RFC 8725, section 3.12).

mod rotation;

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

pub use rotation::Rotation;

/// How long a new key is published before it signs, so that whoever keeps the set has it by then.
pub const PUBLISHED_BEFORE_USE: TimeDelta = TimeDelta::hours(1);
/// How long a key stays published after it last signed: longer than anybody needs to check what they got.
pub const PUBLISHED_AFTER_USE: TimeDelta = TimeDelta::hours(24);
/// How long a key signs before the next one takes over by itself.
pub const SIGNS_FOR: TimeDelta = TimeDelta::days(90);

/// What a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyPurpose {
    /// Answers of the picker.
    Answer,
    /// Events to clients (SETs).
    Event,
}

impl KeyPurpose {
    /// All there are.
    pub const ALL: [Self; 2] = [Self::Answer, Self::Event];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Event => "event",
        }
    }
}

impl fmt::Display for KeyPurpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A key. The private half is sealed at rest.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// What it signs.
    pub purpose: KeyPurpose,
    /// Counts the keys of a purpose from 1, so that two replicas cannot make the same one twice.
    pub number: u32,
    /// Its name in signatures and in the key set.
    pub kid: String,
    /// The public half, a JWK (RFC 7517).
    pub public: serde_json::Value,
    /// The private half, PKCS #8 (RFC 5958).
    pub private: Zeroizing<Vec<u8>>,
    /// From when it signs; it is published at once.
    pub signs_from: DateTime<Utc>,
    /// From when it is published no more, and nothing that it signed is believed.
    pub ends_at: Option<DateTime<Utc>>,
}

impl SigningKey {
    /// Whether others are told of it.
    pub fn is_published(&self, now: DateTime<Utc>) -> bool {
        self.ends_at.is_none_or(|end| now < end)
    }

    /// The one of `keys` that signs at `now`: the newest that may.
    pub fn signing(keys: &[Self], now: DateTime<Utc>) -> Option<&Self> {
        let may = keys.iter().filter(|key| key.signs_from <= now && key.is_published(now));
        may.max_by_key(|key| (key.signs_from, key.number))
    }
}

/// Shows no key.
impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("purpose", &self.purpose)
            .field("number", &self.number)
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

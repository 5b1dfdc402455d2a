use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use zeroize::Zeroizing;

/// How long a new key is published before it signs, so that receivers that cache the set have it by then.
pub const KEY_PUBLISHED_BEFORE_USE: TimeDelta = TimeDelta::hours(1);

/// How long a key stays published after it last signed: longer than any receiver needs to check what it got.
pub const KEY_OVERLAP: TimeDelta = TimeDelta::hours(24);

/// A key that SETs are signed with (RS256, as the CAEP interoperability profile 1.0 asks). The private half is
/// sealed at rest.
#[derive(Clone, PartialEq, Eq)]
pub struct EventKey {
    /// Counts the keys from 1, so that two replicas cannot make the first one twice.
    pub number: u32,
    /// Its name in SETs and in the key set.
    pub kid: String,
    /// The public half, a JWK (RFC 7517).
    pub public: serde_json::Value,
    /// The private half, PKCS #8.
    pub private: Zeroizing<Vec<u8>>,
    /// From when it signs; it is published at once.
    pub signs_from: DateTime<Utc>,
    /// From when it is published no more.
    pub ends_at: Option<DateTime<Utc>>,
}

impl EventKey {
    /// Whether receivers are told of it.
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
impl fmt::Debug for EventKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventKey")
            .field("number", &self.number)
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u32, from: i64, until: Option<i64>) -> EventKey {
        let at = |seconds| DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
        EventKey {
            number,
            kid: number.to_string(),
            public: serde_json::Value::Null,
            private: Zeroizing::default(),
            signs_from: at(from),
            ends_at: until.map(at),
        }
    }

    #[test]
    fn the_newest_key_signs_once_its_time_has_come_and_none_after_its_end() {
        let keys = [key(1, 0, Some(100)), key(2, 50, None), key(3, 200, None)];
        let signing = |second| {
            let now = DateTime::UNIX_EPOCH + TimeDelta::seconds(second);
            EventKey::signing(&keys, now).map(|key| key.number)
        };
        assert_eq!(signing(-1), None);
        assert_eq!(signing(0), Some(1));
        assert_eq!(signing(49), Some(1));
        assert_eq!(signing(50), Some(2));
        assert_eq!(signing(199), Some(2));
        assert_eq!(signing(200), Some(3));
        assert_eq!(EventKey::signing(&keys[..1], DateTime::UNIX_EPOCH + TimeDelta::seconds(100)), None);
    }
}

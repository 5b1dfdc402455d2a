use chrono::{DateTime, Utc};

use super::{PUBLISHED_AFTER_USE, PUBLISHED_BEFORE_USE, SIGNS_FOR, SigningKey};

/// How a new key takes over from those of its purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    /// The new key's number.
    pub number: u32,
    /// From when it signs.
    pub signs_from: DateTime<Utc>,
    /// When those that it follows end, unless they end before.
    pub others_end_at: DateTime<Utc>,
}

impl Rotation {
    /// The one that is due by itself: where no key is published, or the newest will have served its time.
    pub fn due(keys: &[SigningKey], now: DateTime<Utc>) -> Option<Self> {
        let published = keys.iter().filter(|key| key.is_published(now));
        let serves_on = published
            .map(|key| key.signs_from)
            .max()
            .is_some_and(|newest| now + PUBLISHED_BEFORE_USE < newest + SIGNS_FOR);
        (!serves_on).then(|| Self::announced(keys, now))
    }

    /// One that nobody notices: the new key is published before it signs, and the others for a while after. The
    /// first key signs at once.
    pub fn announced(keys: &[SigningKey], now: DateTime<Utc>) -> Self {
        if !keys.iter().any(|key| key.is_published(now)) {
            return Self::at_once(keys, now);
        }
        let signs_from = now + PUBLISHED_BEFORE_USE;
        Self { number: next(keys), signs_from, others_end_at: signs_from + PUBLISHED_AFTER_USE }
    }

    /// One for a key that somebody may have seen: it signs nothing more, and what it signed is believed no more.
    pub fn at_once(keys: &[SigningKey], now: DateTime<Utc>) -> Self {
        Self { number: next(keys), signs_from: now, others_end_at: now }
    }

    /// Which of `keys` end by it.
    pub fn ends<'a>(&self, keys: &'a [SigningKey]) -> impl Iterator<Item = &'a SigningKey> {
        let others_end_at = self.others_end_at;
        keys.iter().filter(move |key| key.ends_at.is_none_or(|end| others_end_at < end))
    }
}

fn next(keys: &[SigningKey]) -> u32 {
    keys.iter().map(|key| key.number).max().unwrap_or_default() + 1
}

//! Wrong tries and lockout, counted in the database so that a restart or a second replica forgets nothing.
//!
//! NIST SP 800-63B, 5.2.2, allows at most 100 consecutive failures on one account; ours is far stricter.

use chrono::{DateTime, TimeDelta, Utc};

/// What is counted, beside wrong tries on an invitation or a claim itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttemptScope {
    /// The account that tried.
    Account,
    /// The network address that the try came from.
    Address,
    /// The authenticator app of an account.
    Totp,
    /// Claims that an account submitted: not wrong tries, but no less to be limited.
    ClaimsOfAccount,
    /// Claims that came from a network address.
    ClaimsFromAddress,
    /// Codes that went to contacts of one record.
    CodesToRecord,
    /// Access requests of an account.
    RequestsOfAccount,
    /// Access requests that came from a network address.
    RequestsFromAddress,
    /// Offers that an account made: each may be a mail to a stranger.
    OffersOfAccount,
}

impl AttemptScope {
    /// The word used in storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Address => "address",
            Self::Totp => "totp",
            Self::ClaimsOfAccount => "claims_of_account",
            Self::ClaimsFromAddress => "claims_from_address",
            Self::CodesToRecord => "codes_to_record",
            Self::RequestsOfAccount => "requests_of_account",
            Self::RequestsFromAddress => "requests_from_address",
            Self::OffersOfAccount => "offers_of_account",
        }
    }

    /// The limit. An address may be shared by a whole ward, so it gets more. Three of a million codes fit an
    /// authenticator at any time, so the hundred wrong tries in a row that disable it guess one with a chance
    /// of 0.03 %; five in a quarter of an hour make that take five hours, in which the audit shows it.
    pub const fn limit(self) -> AttemptLimit {
        match self {
            Self::Account => AttemptLimit { failures: 10, window: TimeDelta::hours(1) },
            Self::Address => AttemptLimit { failures: 100, window: TimeDelta::hours(1) },
            Self::Totp => AttemptLimit { failures: 5, window: TimeDelta::minutes(15) },
            // Somebody who mistypes a name tries again; somebody who guesses names needs thousands.
            Self::ClaimsOfAccount | Self::RequestsOfAccount => {
                AttemptLimit { failures: 5, window: TimeDelta::hours(24) }
            }
            Self::ClaimsFromAddress | Self::RequestsFromAddress => {
                AttemptLimit { failures: 60, window: TimeDelta::hours(1) }
            }
            Self::OffersOfAccount => AttemptLimit { failures: 20, window: TimeDelta::hours(24) },
            // The number is the organization's: `claims.codes_per_record_per_day`.
            Self::CodesToRecord => AttemptLimit { failures: 3, window: TimeDelta::hours(24) },
        }
    }
}

/// At most so many failures within a window; then locked until the window that began with the first
/// failure is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptLimit {
    /// Failures allowed within the window.
    pub failures: u32,
    /// How long the window is.
    pub window: TimeDelta,
}

/// Failures counted so far on one account or address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptCounter {
    /// When the first failure of this window was.
    pub since: DateTime<Utc>,
    /// Failures since.
    pub failures: u32,
}

impl AttemptCounter {
    /// Whether another try is refused, and until when.
    pub fn locked_until(self, limit: AttemptLimit, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let end = self.since + limit.window;
        (self.failures >= limit.failures && now < end).then_some(end)
    }

    /// Counts one failure on `counter`, starting a new window if the last is over.
    pub fn after_failure(counter: Option<Self>, limit: AttemptLimit, now: DateTime<Utc>) -> Self {
        match counter {
            Some(counter) if now < counter.since + limit.window => {
                Self { failures: counter.failures.saturating_add(1), ..counter }
            }
            _ => Self { since: now, failures: 1 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_locks_until_the_window_ends_and_then_starts_anew() {
        let limit = AttemptLimit { failures: 3, window: TimeDelta::hours(1) };
        let start = DateTime::UNIX_EPOCH;
        let mut counter = None;
        for minute in 0..3 {
            let now = start + TimeDelta::minutes(minute);
            assert_eq!(counter.and_then(|c: AttemptCounter| c.locked_until(limit, now)), None);
            counter = Some(AttemptCounter::after_failure(counter, limit, now));
        }
        let counter = counter.unwrap();
        let end = start + TimeDelta::hours(1);
        assert_eq!(counter.locked_until(limit, end - TimeDelta::microseconds(1)), Some(end));
        assert_eq!(counter.locked_until(limit, end), None);
        assert_eq!(AttemptCounter::after_failure(Some(counter), limit, end).failures, 1);
    }
}

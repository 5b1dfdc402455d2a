use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::{
    StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};

/// Tries of one request.
pub(crate) const TRIES: u32 = 6;
/// A longer pause than this ends the run; the next one comes after it.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// No server is left alone for longer than this.
const LONGEST_REQUEST: TimeDelta = TimeDelta::hours(24);

/// Whether the same request may succeed later.
pub(crate) fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 425 | 429) || status.is_server_error()
}

/// What `Retry-After` asks for: seconds, or a date (RFC 9110, section 10.2.3).
pub(crate) fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let pause = match value.parse::<i64>() {
        Ok(seconds) => TimeDelta::try_seconds(seconds)?,
        Err(_) => DateTime::parse_from_rfc2822(value).ok()?.with_timezone(&Utc) - now,
    };
    pause.min(LONGEST_REQUEST).to_std().ok()
}

/// The pause before try `tried + 1`: doubled each time, and spread by up to a half, so that replicas do not come
/// back together.
pub(crate) fn backoff(first: Duration, tried: u32, jitter: u8) -> Duration {
    let pause = first.saturating_mul(1 << tried.saturating_sub(1).min(10)).min(LONGEST_PAUSE / 2);
    pause + pause.mul_f64(f64::from(jitter) / 512.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_in_both_forms() {
        let now = DateTime::parse_from_rfc3339("2015-10-21T07:27:00Z").unwrap().with_timezone(&Utc);
        for (value, seconds) in [
            ("7", Some(7)),
            ("Wed, 21 Oct 2015 07:28:00 GMT", Some(60)),
            ("Wed, 21 Oct 2015 07:20:00 GMT", None),
            ("-1", None),
            ("soon", None),
            ("999999999", Some(86_400)),
        ] {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]);
            assert_eq!(retry_after(&headers, now), seconds.map(Duration::from_secs), "{value}");
        }
    }

    #[test]
    fn pauses_double_and_are_bounded() {
        let second = Duration::from_secs(1);
        assert_eq!(backoff(second, 1, 0), second);
        assert_eq!(backoff(second, 4, 0), second * 8);
        assert!(backoff(second, 9, 255) < LONGEST_PAUSE);
    }
}

use chrono::{DateTime, TimeDelta, Utc};
use kinlink_domain::outbox::Delivery;
use reqwest::{
    StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};

/// What an answer means for the message.
pub(crate) fn of_status(status: StatusCode, headers: &HeaderMap, now: DateTime<Utc>) -> Delivery {
    let error = format!("HTTP {}", status.as_u16());
    match status {
        _ if status.is_success() => Delivery::Sent,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
            Delivery::Retry { error, after: retry_after(headers, now) }
        }
        _ if status.is_client_error() => Delivery::Dead { error },
        _ => Delivery::Retry { error, after: retry_after(headers, now) },
    }
}

/// What a failure to get an answer means. It may have been taken all the same: the receiver knows a second
/// copy by its `webhook-id`.
pub(crate) fn of_error(error: &reqwest::Error) -> Delivery {
    if error.is_timeout() {
        Delivery::retry("the webhook did not answer in time")
    } else if error.is_connect() {
        Delivery::retry("the connection to the webhook failed")
    } else {
        Delivery::retry("the webhook's answer cannot be read")
    }
}

/// `Retry-After` (RFC 9110, 10.2.3): seconds, or a date.
pub(crate) fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<TimeDelta> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse::<u32>() {
        return Some(TimeDelta::seconds(seconds.into()));
    }
    let at = DateTime::parse_from_rfc2822(value).ok()?;
    Some((at.with_timezone(&Utc) - now).max(TimeDelta::zero()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_each_answer_means() {
        let now = DateTime::UNIX_EPOCH;
        let retry = |status: u16, after| Delivery::Retry { error: format!("HTTP {status}"), after };
        let seconds = |n| Some(TimeDelta::seconds(n));
        let dead = |status: u16| Delivery::Dead { error: format!("HTTP {status}") };
        for (status, header, expected) in [
            (200, "", Delivery::Sent),
            (204, "", Delivery::Sent),
            (301, "", retry(301, None)),
            (400, "60", dead(400)),
            (401, "", dead(401)),
            (410, "", dead(410)),
            (408, "", retry(408, None)),
            (429, "120", retry(429, seconds(120))),
            (429, "Thu, 01 Jan 1970 00:01:00 GMT", retry(429, seconds(60))),
            (503, "Wed, 31 Dec 1969 23:59:00 GMT", retry(503, seconds(0))),
            (503, "soon", retry(503, None)),
            (503, "-5", retry(503, None)),
            (500, "", retry(500, None)),
        ] {
            let mut headers = HeaderMap::new();
            if !header.is_empty() {
                headers.insert(RETRY_AFTER, header.parse().unwrap());
            }
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(of_status(status, &headers, now), expected, "{status} {header}");
        }
    }
}

use chrono::{DateTime, Utc};
use kinlink_domain::outbox::Delivery;
use reqwest::{
    StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};
use serde::Deserialize;

use crate::webhook::verdict::retry_after;

/// What became of one try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) delivery: Delivery,
    /// The receiver as a whole is the trouble.
    pub(super) receiver_down: bool,
}

impl Verdict {
    pub(super) fn retry(error: impl Into<String>) -> Self {
        Self { delivery: Delivery::retry(error), receiver_down: false }
    }

    pub(super) fn dead(error: impl Into<String>) -> Self {
        Self { delivery: Delivery::dead(error), receiver_down: false }
    }
}

/// A receiver's answer to a SET that it does not take (RFC 8935, section 2.3).
#[derive(Deserialize)]
struct SetError {
    err: String,
}

/// Whether trying again could help: keys and authorizations are put right, a SET stays what it is.
fn is_final(err: &str) -> bool {
    matches!(err, "invalid_request" | "invalid_issuer" | "invalid_audience" | "invalid_state")
}

/// What an answer means. Only a receiver that says of this very SET that it cannot be taken ends its way: any other
/// refusal may be a mistake in how the receiver is set up, and a revocation must outlive that.
pub(super) fn of_answer(status: StatusCode, headers: &HeaderMap, body: &[u8], now: DateTime<Utc>) -> Verdict {
    if status.is_success() {
        return Verdict { delivery: Delivery::Sent, receiver_down: false };
    }
    let error = format!("HTTP {}", status.as_u16());
    if status == StatusCode::BAD_REQUEST
        && let Ok(said) = serde_json::from_slice::<SetError>(body)
    {
        // Only words that the standard knows are kept: the rest might quote the event.
        let known = is_final(&said.err)
            || matches!(said.err.as_str(), "invalid_key" | "authentication_failed" | "access_denied");
        let error = if known { format!("{error}, {}", said.err) } else { error };
        return if is_final(&said.err) { Verdict::dead(error) } else { Verdict::retry(error) };
    }
    let receiver_down = headers.contains_key(RETRY_AFTER)
        || matches!(
            status,
            StatusCode::TOO_MANY_REQUESTS
                | StatusCode::BAD_GATEWAY
                | StatusCode::SERVICE_UNAVAILABLE
                | StatusCode::GATEWAY_TIMEOUT
        );
    Verdict { delivery: Delivery::Retry { error, after: retry_after(headers, now) }, receiver_down }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_word_about_the_event_itself_ends_its_way() {
        let of = |status: u16, body: &str| {
            let status = StatusCode::from_u16(status).unwrap();
            of_answer(status, &HeaderMap::new(), body.as_bytes(), DateTime::UNIX_EPOCH)
        };
        assert_eq!(of(202, "").delivery, Delivery::Sent);
        assert_eq!(of(200, "garbage").delivery, Delivery::Sent);
        assert_eq!(of(400, r#"{"err":"invalid_audience"}"#), Verdict::dead("HTTP 400, invalid_audience"));
        assert_eq!(of(400, r#"{"err":"invalid_key"}"#), Verdict::retry("HTTP 400, invalid_key"));
        assert_eq!(of(400, r#"{"err":"Wilhelmina"}"#), Verdict::retry("HTTP 400"));
        for (status, down) in
            [(400, false), (401, false), (404, false), (410, false), (500, false), (302, false)]
                .into_iter()
                .chain([(429, true), (502, true), (503, true)])
        {
            let verdict = of(status, "<html>");
            assert_eq!(verdict.delivery, Delivery::retry(format!("HTTP {status}")), "{status}");
            assert_eq!(verdict.receiver_down, down, "{status}");
        }
    }
}

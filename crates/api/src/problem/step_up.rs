//! What step-up and authenticator apps refuse.

use std::fmt::Write;

use chrono::{DateTime, Utc};
use kinlink_domain::{
    service::totp::{TotpRefusal, reset::ResetError},
    step_up::StepUpNeeded,
};

use super::{Problem, ProblemType};

impl Problem {
    /// More proof is needed, as RFC 9470, section 3, tells it. A login that meets `acr_values` and `max_age`
    /// together is always enough; that one of them, or a code, would do as well, only `detail` can say.
    pub(crate) fn step_up(needed: &StepUpNeeded, has_authenticator: bool) -> Self {
        let mut ways = vec![if has_authenticator {
            "POST a code of your authenticator app to /v1/totp/verify with this same token".to_owned()
        } else {
            "set up an authenticator app with POST /v1/totp/enrol, then POST a code of it to /v1/totp/verify \
             with this same token"
                .to_owned()
        }];
        let mut challenge = String::from("Bearer error=\"insufficient_user_authentication\"");
        challenge.push_str(", error_description=\"More proof of who acts is needed\"");
        // A quoted string of RFC 9110 holds neither quotes nor control characters; nor does a usual `acr`.
        let plain = |acr: &&String| acr.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\');
        let classes: Vec<&str> = needed.acr_values.iter().filter(plain).map(String::as_str).collect();
        if !classes.is_empty() {
            let classes = classes.join(" ");
            // Writing to a String does not fail.
            let _ = write!(challenge, ", acr_values=\"{classes}\"");
            ways.push(format!("log in with acr {classes}"));
        }
        if let Some(seconds) = needed.max_age {
            let _ = write!(challenge, ", max_age=\"{seconds}\"");
            ways.push(format!("log in again and repeat this within {seconds} seconds"));
        }
        Self::new(ProblemType::StepUpRequired).detail(ways.join("; or ")).challenge(challenge)
    }

    /// A code that did not help.
    pub(crate) fn from_totp(refusal: TotpRefusal, now: DateTime<Utc>) -> Self {
        match refusal {
            TotpRefusal::NotEnrolled | TotpRefusal::NothingPending => {
                Self::new(ProblemType::AuthenticatorMissing).detail(refusal.to_string())
            }
            TotpRefusal::CodeNeeded => Self::new(ProblemType::AuthenticatorCodeNeeded),
            TotpRefusal::LoginTooOld { max_age } => Self::new(ProblemType::StepUpRequired)
                .detail(format!("log in again and repeat this within {max_age} seconds"))
                .challenge(format!(
                    "Bearer error=\"insufficient_user_authentication\", max_age=\"{max_age}\""
                )),
            TotpRefusal::NotAccepted => Self::new(ProblemType::AuthenticatorCodeNotAccepted),
            TotpRefusal::Disabled => Self::new(ProblemType::AuthenticatorDisabled),
            TotpRefusal::TooManyAttempts { until } => {
                Self::new(ProblemType::TooManyAttempts).retry_after((until - now).num_seconds())
            }
        }
    }
}

impl From<ResetError> for Problem {
    fn from(error: ResetError) -> Self {
        match error {
            ResetError::NotFound => Self::new(ProblemType::NotFound),
            ResetError::Own | ResetError::StaffLogin => {
                Self::new(ProblemType::Forbidden).detail(error.to_string())
            }
            ResetError::NotEnrolled => Self::new(ProblemType::AuthenticatorMissing),
            ResetError::Store(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_rfc_9470_and_no_policy_can_break_out_of_it() {
        let acr_values = vec!["urn:gold".to_owned(), "a\"b".to_owned(), "c\r\nSet-Cookie:d".to_owned()];
        let needed = StepUpNeeded { max_age: Some(300), acr_values };
        let problem = Problem::step_up(&needed, true);
        assert_eq!(problem.status, 401);
        assert_eq!(
            &*problem.challenge.unwrap(),
            "Bearer error=\"insufficient_user_authentication\", \
             error_description=\"More proof of who acts is needed\", acr_values=\"urn:gold\", max_age=\"300\""
        );
        let only_codes = Problem::step_up(&StepUpNeeded { max_age: None, acr_values: Vec::new() }, false);
        assert!(!only_codes.challenge.unwrap().contains("max_age"));
        assert!(only_codes.detail.unwrap().contains("/v1/totp/enrol"));
    }
}

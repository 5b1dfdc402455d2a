//! Codes of an authenticator app, as people type them on pages.

use actix_web::http::StatusCode;
use kinlink_domain::service::totp::{Given, Login, TotpRefusal};

use super::{form::filled, visitor::Visitor, words};
use crate::v1::totp::given;

/// Of the codes that an app shows none is longer, and no recovery code is as short.
const LONGEST: usize = 8;

/// What was typed: a code of the app, or a recovery code.
pub(super) fn typed(text: &str) -> Result<Option<Given>, String> {
    let Some(text) = filled(text) else { return Ok(None) };
    let length = text.chars().filter(|c| !c.is_whitespace() && *c != '-').count();
    let read = if length <= LONGEST { given(Some(text), None) } else { given(None, Some(text)) };
    read.map_err(|problem| problem.errors.first().map_or(problem.title, |error| &error.message).to_owned())
}

/// The visitor, as the services of authenticators know them.
pub(super) fn login<'a>(visitor: &Visitor, staff_at: &'a [kinlink_domain::id::OrganizationId]) -> Login<'a> {
    let logged_in_at = visitor.session.authentication.time;
    Login { account: visitor.account(), staff_at, logged_in_at }
}

/// What people read of a refusal.
pub(super) fn explain(refusal: TotpRefusal) -> (StatusCode, String) {
    let words = match refusal {
        TotpRefusal::NotEnrolled => "Your login has no authenticator app yet",
        TotpRefusal::NothingPending => "This took too long, or was done before. Set the app up anew",
        TotpRefusal::CodeNeeded => "Enter a code of the app that you have now, or a recovery code",
        TotpRefusal::LoginTooOld { .. } => "Log in again first",
        TotpRefusal::NotAccepted => "This code is not accepted. Wait for the next one and enter that",
        TotpRefusal::Disabled => "Too many wrong codes were entered. Only staff can help now",
        TotpRefusal::TooManyAttempts { until } => {
            let until = words::moment(until);
            return (StatusCode::TOO_MANY_REQUESTS, format!("Too many wrong tries. Try again after {until}"));
        }
    };
    (StatusCode::UNPROCESSABLE_ENTITY, words.to_owned())
}

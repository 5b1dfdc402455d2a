//! Logging in at an identity provider, and out again.

pub(super) mod callback;
pub(super) mod choose;
pub(super) mod logout;
pub(super) mod start;

use actix_web::HttpResponse;
use askama::Template;
use kinlink_auth::LoginError;

use super::{
    frame::{Frame, show_to_nobody},
    refusal::Refusal,
};
use crate::problem::{Problem, ProblemType};

/// Where a visitor goes after logging in: a path of our own, and nothing that a browser could take for
/// another host.
pub(super) fn local_path(text: &str) -> Option<&str> {
    let plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b'\\' | b'"' | b'<' | b'>');
    let local = text.starts_with('/') && !text.starts_with("//") && text.len() <= 500;
    (local && text.bytes().all(plain)).then_some(text)
}

#[derive(Template)]
#[template(path = "login_failed.html")]
struct LoginFailedPage {
    frame: Frame,
    why: &'static str,
    reference: &'static str,
}

/// A page that says what went wrong and leads to another try.
fn failed(error: LoginError) -> Result<HttpResponse, Refusal> {
    let (status, why, reference) = match error {
        LoginError::UnknownProvider => return Err(Problem::new(ProblemType::NotFound).into()),
        LoginError::Store(error) => return Err(error.into()),
        LoginError::ProviderUnavailable => (
            503,
            "The login service does not answer just now. Please try again in a few minutes.",
            "provider",
        ),
        LoginError::NotBegunHere => (
            400,
            "This login took too long, or was begun in another window. Please start again.",
            "not-begun-here",
        ),
        LoginError::Denied => (403, "The login service did not log you in, or you broke off.", "denied"),
        LoginError::CodeRefused => (400, "The login could not be finished. Please start again.", "code"),
        LoginError::InvalidToken(word) => (400, "The answer of the login service is not valid.", word),
        LoginError::UntrustedIssuer => {
            (403, "No organization here accepts logins of this login service.", "untrusted")
        }
    };
    tracing::info!(reference, "a login failed");
    let status = actix_web::http::StatusCode::from_u16(status).unwrap_or_default();
    Ok(show_to_nobody(status, &LoginFailedPage { frame: Frame::for_nobody(), why, reference }))
}

#[cfg(test)]
mod tests {
    use super::local_path;

    #[test]
    fn a_return_path_never_leads_elsewhere() {
        for good in ["/", "/me", "/staff/invitations?organization=here&patient=p1"] {
            assert_eq!(local_path(good), Some(good));
        }
        for bad in [
            "",
            "me",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/\t/evil.example",
            "/a b",
            "/ü",
            &format!("/{}", "a".repeat(500)),
        ] {
            assert_eq!(local_path(bad), None, "{bad}");
        }
    }
}

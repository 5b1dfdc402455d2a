//! What stands around every page, and the headers it is sent with.

use actix_web::{
    HttpResponse,
    http::{
        StatusCode,
        header::{self, HeaderName},
    },
};
use askama::Template;

use super::{assets, visitor::Visitor};
use crate::state::State;

/// No script at all, nothing from elsewhere, and nobody frames it.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// What stands around a page.
pub(super) struct Frame {
    pub(super) style: &'static str,
    /// Where we are, to be marked among the links.
    pub(super) here: &'static str,
    pub(super) logged_in: bool,
    pub(super) patient: bool,
    pub(super) staff: bool,
    /// Belongs into every form.
    pub(super) form_token: String,
    /// What was just done.
    pub(super) said: Option<&'static str>,
}

impl Frame {
    pub(super) fn new(visitor: &Visitor, here: &'static str) -> Self {
        Self {
            style: assets::style_url(),
            here,
            logged_in: true,
            patient: visitor.is_patient(),
            staff: visitor.is_staff(),
            form_token: visitor.session.form_token().to_owned(),
            said: None,
        }
    }

    pub(super) fn for_nobody() -> Self {
        Self {
            style: assets::style_url(),
            here: "",
            logged_in: false,
            patient: false,
            staff: false,
            form_token: String::new(),
            said: None,
        }
    }

    #[must_use]
    pub(super) fn saying(self, said: Option<&'static str>) -> Self {
        Self { said, ..self }
    }
}

/// Shows a page to somebody who is logged in, and keeps their session from going idle.
pub(super) fn show(
    state: &State,
    visitor: &Visitor,
    status: StatusCode,
    template: &impl Template,
) -> HttpResponse {
    let mut response = show_to_nobody(status, template);
    if let Some(cookie) = visitor.session.renewed(state)
        && let Err(error) = response.add_cookie(&cookie)
    {
        tracing::error!(%error, "a session could not be renewed");
    }
    response
}

/// Shows a page.
pub(super) fn show_to_nobody(status: StatusCode, template: &impl Template) -> HttpResponse {
    show_with_policy(status, template, POLICY)
}

/// Shows a page whose form leads away, nobody knows how far: browsers hold `form-action` against every redirect
/// after a form, and behind the authorization server's stands the app's, which may have a scheme of its own.
pub(super) fn show_leading_away(status: StatusCode, template: &impl Template) -> HttpResponse {
    show_with_policy(status, template, &POLICY.replace("form-action 'self'; ", ""))
}

fn show_with_policy(status: StatusCode, template: &impl Template, policy: &str) -> HttpResponse {
    match template.render() {
        Ok(body) => HttpResponse::build(status)
            .content_type("text/html; charset=utf-8")
            .insert_header((header::CONTENT_SECURITY_POLICY, policy))
            // Not `no-referrer`: with that, a browser sends our own forms with `Origin: null`.
            .insert_header((header::REFERRER_POLICY, "same-origin"))
            .insert_header((OPENER_POLICY, "same-origin"))
            .body(body),
        Err(error) => {
            tracing::error!(%error, "a page cannot be made");
            HttpResponse::InternalServerError().finish()
        }
    }
}

/// Sends the browser on after a form.
pub(super) fn see_other(location: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, location)).finish()
}

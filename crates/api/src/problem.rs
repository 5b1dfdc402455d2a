//! Problem details (RFC 9457): every refusal of this API, with a stable type.

mod catalogue;
mod family;
mod from;
mod refusals;
mod step_up;

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use serde::Serialize;
use utoipa::ToSchema;

pub use catalogue::{ProblemType, catalogue_markdown};
pub(crate) use refusals::{Refusals, documented, refusals};

/// What is wrong with one member of a request.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MemberError {
    /// Where: a JSON pointer (RFC 6901) into the body, or the name of a parameter.
    pub at: String,
    /// What is wrong.
    pub message: String,
}

/// A problem, as sent.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Problem {
    /// Which problem: stable, see `docs/errors.md`.
    #[serde(rename = "type")]
    #[schema(value_type = String, format = Uri)]
    pub kind: ProblemType,
    /// What it is, the same for every occurrence.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What happened this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What is wrong with the members of the request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<MemberError>,
    /// Seconds to wait, also in `Retry-After`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<i64>,
    #[serde(skip)]
    allow: Option<&'static str>,
    /// What `WWW-Authenticate` says, where it is more than the scheme.
    #[serde(skip)]
    challenge: Option<Box<str>>,
}

impl Problem {
    /// A problem of this type.
    pub fn new(kind: ProblemType) -> Self {
        Self {
            kind,
            title: kind.title(),
            status: kind.status(),
            detail: None,
            errors: Vec::new(),
            retry_after: None,
            allow: None,
            challenge: None,
        }
    }

    /// Says what happened this time. Nothing secret or personal may be in it.
    #[must_use]
    pub fn detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    /// Says which member is wrong.
    #[must_use]
    pub fn at(mut self, at: impl Into<String>, message: impl Into<String>) -> Self {
        self.errors.push(MemberError { at: at.into(), message: message.into() });
        self
    }

    /// Says when to try again.
    #[must_use]
    pub fn retry_after(self, seconds: i64) -> Self {
        Self { retry_after: Some(seconds.max(1)), ..self }
    }

    /// Says which methods there are.
    #[must_use]
    pub(crate) fn allow(self, methods: &'static str) -> Self {
        Self { allow: Some(methods), ..self }
    }

    /// Says how to authenticate (RFC 9110, 11.6.1).
    #[must_use]
    pub(crate) fn challenge(self, challenge: impl Into<Box<str>>) -> Self {
        Self { challenge: Some(challenge.into()), ..self }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.title)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        response.insert_header((header::CONTENT_TYPE, "application/problem+json"));
        if let Some(challenge) = &self.challenge {
            response.insert_header((header::WWW_AUTHENTICATE, &**challenge));
        } else if self.kind == ProblemType::Unauthenticated {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        if let Some(methods) = self.allow {
            response.insert_header((header::ALLOW, methods));
        }
        // A problem is made of texts and numbers, which always serialize.
        response.body(serde_json::to_string(self).unwrap_or_default())
    }
}

//! Requests with a token, and what their answers mean.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use kinlink_domain::provisioning::ServerUrl;
use reqwest::{Client, RequestBuilder, Response, StatusCode, header, redirect::Policy};
use serde_json::Value;
use url::Url;

use super::{Code, ServerError, token::Tokens};

/// Four requests in a row end well before a lease does.
const TIMEOUT: Duration = Duration::from_secs(10);
/// A user's representation is a few kilobytes, and a hundred come at once.
const LONGEST_BODY: usize = 4 << 20;

/// A client that goes to the configured place and to no other: what is sent holds a secret or a token, so
/// neither a redirect nor a proxy of the environment is followed.
pub(super) fn client() -> Result<Client, reqwest::Error> {
    Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .timeout(TIMEOUT)
        .user_agent(concat!("kinlink/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// A place at a server.
pub(super) fn under(base: &ServerUrl, parts: &[&str]) -> Result<Url, url::ParseError> {
    Url::parse(&format!("{base}/{}", parts.join("/")))
}

/// One segment behind a place. What it is, a token said: it is encoded and leads nowhere else.
pub(super) fn behind(place: &Url, segment: &str) -> Url {
    let mut url = place.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.push(segment);
    }
    url
}

/// What a server answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Value,
    after: Option<TimeDelta>,
}

/// Sends a request. A body that is no JSON counts as none.
pub(super) async fn send(request: RequestBuilder, now: DateTime<Utc>) -> Result<Answer, ServerError> {
    let response = request.send().await.map_err(|error| unavailable(&error))?;
    let (status, after) = (response.status(), retry_after(response.headers(), now));
    let body = read(response).await?;
    Ok(Answer { status, body: serde_json::from_slice(&body).unwrap_or(Value::Null), after })
}

async fn read(mut response: Response) -> Result<Vec<u8>, ServerError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unavailable(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > LONGEST_BODY {
            let why = "the server's answer is too long".to_owned();
            return Err(ServerError::Unavailable { why, after: None });
        }
    }
    Ok(body)
}

/// The error's own text may hold the URL, and with it the user's id.
fn unavailable(error: &reqwest::Error) -> ServerError {
    let why = if error.is_timeout() {
        "the server did not answer in time"
    } else if error.is_connect() {
        "the connection to the server failed"
    } else {
        "the server's answer cannot be read"
    };
    ServerError::Unavailable { why: why.to_owned(), after: None }
}

/// Sends a request with a token. One that is not accepted is forgotten, and another one tried once: it may have
/// been revoked, or the server's keys have changed.
pub(super) async fn authorized(
    tokens: &Tokens,
    request: impl Fn() -> RequestBuilder,
) -> Result<Answer, ServerError> {
    let token = tokens.get().await?;
    let answer = send(request().bearer_auth(&*token), tokens.now()).await?;
    if answer.status != StatusCode::UNAUTHORIZED {
        return Ok(answer);
    }
    tokens.forget(&token).await;
    let token = tokens.get().await?;
    send(request().bearer_auth(&*token), tokens.now()).await
}

impl Answer {
    /// What it means that it is not what was asked for. `code` is the server's own for what is wrong.
    pub(super) fn refusal(&self, code: Option<&str>) -> ServerError {
        let (status, code, after) = (self.status.as_u16(), Code::of(code), self.after);
        match self.status {
            StatusCode::UNAUTHORIZED => ServerError::Unauthorized { status, code },
            StatusCode::FORBIDDEN => ServerError::Forbidden { code },
            StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED => ServerError::Conflict { code },
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
                ServerError::Throttled { status, after }
            }
            _ if self.status.is_client_error() => ServerError::Refused { status, code },
            _ => ServerError::Unavailable { why: format!("HTTP {status}"), after },
        }
    }
}

/// `Retry-After` (RFC 9110, 10.2.3): seconds, or a date.
fn retry_after(headers: &header::HeaderMap, now: DateTime<Utc>) -> Option<TimeDelta> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse::<u32>() {
        return Some(TimeDelta::seconds(seconds.into()));
    }
    let at = DateTime::parse_from_rfc2822(value).ok()?;
    Some((at.with_timezone(&Utc) - now).max(TimeDelta::zero()))
}

//! What stands around every handler: a request id, a time limit, a log line, numbers, and headers.

use std::time::{Duration, Instant};

use actix_web::{
    Error, HttpResponse, ResponseError,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    http::header::{self, HeaderName, HeaderValue},
    middleware::Next,
    web::Data,
};
use tracing::Instrument;
use uuid::Uuid;

use crate::{
    problem::{Problem, ProblemType},
    state::State,
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

pub(crate) async fn observe(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let began = Instant::now();
    let state = request.app_data::<Data<State>>().cloned();
    let limit = state.as_ref().map_or(Duration::from_secs(10), |state| state.settings.request_timeout);
    let id = request_id(&request, state.as_ref().map(|state| &***state));
    let method = request.method().clone();
    let span = tracing::info_span!("request", id = id.to_str().unwrap_or_default());
    let answered = tokio::time::timeout(limit, next.call(request)).instrument(span.clone()).await;
    match answered {
        Ok(Ok(mut response)) => {
            set_headers(response.headers_mut(), id);
            let pattern = response.request().match_pattern();
            let status = response.status().as_u16();
            record(&span, method.as_str(), pattern.as_deref(), status, began.elapsed());
            Ok(response)
        }
        // The request is gone with the handler, so that its route is not known any more.
        Ok(Err(error)) => Err(refusal(error.error_response(), id, &span, method.as_str(), began)),
        Err(_) => {
            let problem = Problem::new(ProblemType::Unavailable).retry_after(5);
            Err(refusal(problem.error_response(), id, &span, method.as_str(), began))
        }
    }
}

fn refusal(
    mut response: HttpResponse,
    id: HeaderValue,
    span: &tracing::Span,
    method: &str,
    began: Instant,
) -> Error {
    set_headers(response.headers_mut(), id);
    record(span, method, None, response.status().as_u16(), began.elapsed());
    InternalError::from_response("refused", response).into()
}

fn request_id(request: &ServiceRequest, state: Option<&State>) -> HeaderValue {
    let sane = |value: &&HeaderValue| {
        let bytes = value.as_bytes();
        let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        (1..=64).contains(&bytes.len()) && bytes.iter().all(plain)
    };
    if let Some(given) = request.headers().get(&REQUEST_ID).filter(sane) {
        return given.clone();
    }
    let mut bytes = [0; 16];
    if let Some(state) = state {
        state.ports.random.fill(&mut bytes);
    }
    let id = Uuid::from_bytes(bytes).simple().to_string();
    HeaderValue::from_str(&id).unwrap_or_else(|_| HeaderValue::from_static("none"))
}

fn set_headers(headers: &mut header::HeaderMap, id: HeaderValue) {
    headers.insert(REQUEST_ID, id);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if !headers.contains_key(header::REFERRER_POLICY) {
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        let nothing = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(nothing));
    }
}

/// The pattern of the route, never the path: ids and queries stay out of logs and labels.
fn record(span: &tracing::Span, method: &str, pattern: Option<&str>, status: u16, took: Duration) {
    let pattern = pattern.unwrap_or("none");
    let labels =
        [("method", method.to_owned()), ("route", pattern.to_owned()), ("status", status.to_string())];
    metrics::histogram!("kinlink_http_request_seconds", &labels).record(took.as_secs_f64());
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let _inside = span.enter();
    if status >= 500 {
        tracing::error!(method, route = pattern, status, millis, "answered");
    } else if status >= 400 {
        tracing::info!(method, route = pattern, status, millis, "answered");
    } else {
        tracing::debug!(method, route = pattern, status, millis, "answered");
    }
}

//! What a page takes from a request: a form that this session's own page sent, or filters of a list.
//!
//! Against forged requests: the session's cookie is `SameSite=Lax`; what the browser says of the request's
//! origin must be us; and the form carries a token that only pages of this session hold.

use std::{future::Future, pin::Pin};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header::{self, HeaderName},
    web::Query,
};
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use kinlink_domain::age::TimeZone;
use serde::{Deserialize, de::DeserializeOwned};

use super::{complaint::Complaints, refusal::Refusal, session::Session};
use crate::{
    extract::{self, read_body},
    problem::{Problem, ProblemType},
    state::State,
};

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// A form that a page of this session sent.
pub(super) struct Form<T>(pub(super) T);

#[derive(Deserialize)]
struct Token {
    form_token: String,
}

impl<T: DeserializeOwned + 'static> FromRequest for Form<T> {
    type Error = Refusal;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Refusal>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let mut payload = payload.take();
        Box::pin(async move {
            let state = extract::state(&request)?;
            if !is_from_here(&request, state) {
                return Err(Refusal::NotFromHere { public_url: state.settings.public_url.clone() });
            }
            let session = Session::read(&request, state).ok_or(Refusal::LoggedOut)?;
            let bytes = read_body(&mut payload, state.settings.body_limit).await?;
            let text = std::str::from_utf8(&bytes).unwrap_or_default();
            let token = Query::<Token>::from_query(text).map(|token| token.into_inner().form_token);
            if !token.is_ok_and(|token| session.accepts(&token)) {
                return Err(Refusal::LoggedOut);
            }
            let form = Query::<T>::from_query(text).map_err(|_| Problem::new(ProblemType::MalformedBody))?;
            Ok(Self(form.into_inner()))
        })
    }
}

/// A form that says only why.
#[derive(Deserialize)]
pub(super) struct Why {
    #[serde(default)]
    pub(super) reason: String,
}

/// A form that says only a code.
#[derive(Deserialize)]
pub(super) struct Entered {
    #[serde(default)]
    pub(super) code: String,
}

/// What the browser says of where the form came from, as far as it says anything.
pub(super) fn is_from_here(request: &HttpRequest, state: &State) -> bool {
    let header =
        |name: HeaderName| request.headers().get(name).map(|value| value.to_str().unwrap_or_default());
    let site_fits = header(FETCH_SITE).is_none_or(|site| site == "same-origin");
    let ours = url::Url::parse(&state.settings.public_url).map(|url| url.origin().ascii_serialization());
    let origin_fits = header(header::ORIGIN).is_none_or(|origin| ours.as_deref() == Ok(origin));
    site_fits && origin_fits
}

/// The filters of a list. A form sends also those that were left empty; they are as good as absent.
pub(super) struct Filters<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest for Filters<T> {
    type Error = Refusal;
    type Future = std::future::Ready<Result<Self, Refusal>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let pairs = url::form_urlencoded::parse(request.query_string().as_bytes());
        let filled = pairs.filter(|(_, value)| !value.trim().is_empty());
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(filled).finish();
        let parsed = Query::<T>::from_query(&query).map(|query| Self(query.into_inner()));
        std::future::ready(parsed.map_err(|_| Problem::new(ProblemType::MalformedParameter).into()))
    }
}

/// What was typed, if anything was.
pub(super) fn filled(typed: &str) -> Option<&str> {
    Some(typed.trim()).filter(|typed| !typed.is_empty())
}

/// A name for one form, so that what comes twice is done once.
pub(super) fn fresh(state: &State) -> String {
    let mut once = [0; 16];
    state.ports.random.fill(&mut once);
    uuid::Uuid::from_bytes(once).simple().to_string()
}

/// How a browser's field for a moment writes one.
pub(super) const MOMENT: &str = "%Y-%m-%dT%H:%M";

/// A moment in UTC that was typed; a day alone is its beginning.
pub(super) fn moment(typed: &str, field: &'static str, complaints: &mut Complaints) -> Option<DateTime<Utc>> {
    let typed = filled(typed)?;
    let with_time = [MOMENT, "%Y-%m-%dT%H:%M:%S"];
    let read = with_time.into_iter().find_map(|form| NaiveDateTime::parse_from_str(typed, form).ok());
    let day = || typed.parse::<NaiveDate>().ok().map(|day| day.and_time(NaiveTime::MIN));
    let read = read.or_else(day);
    if read.is_none() {
        complaints.add(field, "Enter a day and a time, for example 2026-03-01T12:30, or leave it empty");
    }
    read.map(|moment| moment.and_utc())
}

/// The end of a day that was typed as the last on which something holds.
pub(super) fn last_day(
    typed: &str,
    zone: TimeZone,
    field: &'static str,
    complaints: &mut Complaints,
) -> Option<DateTime<Utc>> {
    let typed = filled(typed)?;
    let next = typed.parse::<NaiveDate>().ok().and_then(|day| day.succ_opt());
    if next.is_none() {
        complaints.add(field, "Enter a day, or leave it empty");
    }
    next.map(|day| zone.beginning(day))
}

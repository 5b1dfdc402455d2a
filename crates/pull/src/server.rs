//! A conversation with one FHIR server: patient with one that is busy, and careful with its token.

use std::{collections::HashSet, time::Duration};

use chrono::TimeDelta;
use kinlink_domain::{
    account::Iss,
    service::Ports,
    source::{Source, SourceCredentials},
};
use reqwest::{RequestBuilder, Response, StatusCode, header};
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;
use url::Url;
use zeroize::Zeroizing;

use crate::{
    error::PullError,
    retry::{LONGEST_PAUSE, TRIES, backoff, is_passing, retry_after},
    token::{SCOPE, SmartConfiguration, TokenAnswer, assertion, check_key},
};

/// A longer answer is refused. A page of two hundred records seldom has a hundredth of it.
const LONGEST_ANSWER: usize = 64 * 1024 * 1024;

/// One FHIR server, for one run.
pub(crate) struct FhirServer<'a> {
    pub(crate) http: &'a reqwest::Client,
    pub(crate) ports: &'a Ports,
    pub(crate) source: &'a Source,
    pub(crate) base: Url,
    pub(crate) first_pause: Duration,
    pub(crate) stop: &'a CancellationToken,
    pub(crate) token: Option<Zeroizing<String>>,
    pub(crate) seen: HashSet<String>,
}

impl FhirServer<'_> {
    /// Reads a page; one that was read before means that the links run in a circle.
    pub(crate) async fn page(&mut self, what: &'static str, url: &Url) -> Result<Vec<u8>, PullError> {
        if !self.seen.insert(url.as_str().to_owned()) {
            return Err(PullError::NextCircles);
        }
        if self.token.is_none() {
            self.authorize().await?;
        }
        match self.get(what, url).await {
            // Access tokens of backend services last five minutes; a long run outlives several.
            Err(PullError::Refused { status: 401, .. }) if self.renewable() => {
                self.authorize().await?;
                self.get(what, url).await
            }
            other => other,
        }
    }

    /// Where a `next` link leads, if it stays with this server.
    pub(crate) fn next(&self, link: &str) -> Result<Url, PullError> {
        let malformed =
            |_| PullError::Malformed { what: "the search", is: "a page with a malformed next link" };
        // A relative link is relative to the base (FHIR R4, "Bundle", "Resolving references"), which has no last slash.
        let base = format!("{}/", self.source.base).parse::<Url>().map_err(malformed)?;
        let next = base.join(link).map_err(malformed)?;
        let stays = next.origin() == self.base.origin() && next.username().is_empty();
        if stays { Ok(next) } else { Err(PullError::NextLeaves) }
    }

    const fn renewable(&self) -> bool {
        matches!(self.source.credentials, SourceCredentials::BackendServices { .. })
    }

    async fn get(&self, what: &'static str, url: &Url) -> Result<Vec<u8>, PullError> {
        let request = || {
            let request = self.http.get(url.clone()).header(header::ACCEPT, "application/fhir+json");
            match &self.token {
                Some(token) => request.bearer_auth(token.as_str()),
                None => request,
            }
        };
        self.patiently(what, request).await
    }

    async fn authorize(&mut self) -> Result<(), PullError> {
        self.token = match &self.source.credentials {
            SourceCredentials::None => None,
            SourceCredentials::Bearer { token } => Some(token.clone()),
            SourceCredentials::BackendServices { client_id, key, kid, token_url } => {
                let url = match token_url {
                    Some(url) => url.clone(),
                    None => self.discover().await?,
                };
                Some(self.exchange(client_id, key, kid.as_deref(), &url).await?)
            }
        };
        Ok(())
    }

    async fn discover(&self) -> Result<Url, PullError> {
        const WHAT: &str = ".well-known/smart-configuration";
        let url = format!("{}/{WHAT}", self.source.base).parse::<Url>();
        let url = url.map_err(|_| PullError::Malformed { what: WHAT, is: "at no address" })?;
        let answer = self.patiently(WHAT, || self.http.get(url.clone())).await?;
        let configuration: SmartConfiguration = read(WHAT, &answer)?;
        let endpoint = configuration.token_endpoint.parse::<Url>().ok().filter(is_protected);
        endpoint.ok_or(PullError::Malformed { what: WHAT, is: "without a token endpoint under https" })
    }

    async fn exchange(
        &self,
        client_id: &str,
        key: &str,
        kid: Option<&str>,
        url: &Url,
    ) -> Result<Zeroizing<String>, PullError> {
        const WHAT: &str = "a token";
        check_key(key)?;
        let Ports { clock, random, .. } = self.ports;
        let request = || {
            // A new one for each try: an assertion is good once.
            let assertion = assertion(client_id, key, kid, url.as_str(), clock.now(), &**random);
            let assertion = assertion.unwrap_or_default();
            self.http.post(url.clone()).form(&[
                ("grant_type", "client_credentials"),
                ("scope", SCOPE),
                ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                ("client_assertion", assertion.as_str()),
            ])
        };
        let answer: TokenAnswer = read(WHAT, &self.patiently(WHAT, request).await?)?;
        Ok(answer.access_token)
    }

    /// Asks until it is answered, refused, or asked to wait for too long.
    async fn patiently(
        &self,
        what: &'static str,
        request: impl Fn() -> RequestBuilder,
    ) -> Result<Vec<u8>, PullError> {
        let mut tried = 0;
        loop {
            tried += 1;
            let (why, asked) = match request().send().await {
                Ok(answer) if answer.status() == StatusCode::OK => match body(what, answer).await {
                    Err(PullError::Unreachable { why, .. }) => (why, None),
                    other => return other,
                },
                Ok(answer) if is_passing(answer.status()) => {
                    let asked = retry_after(answer.headers(), self.ports.clock.now());
                    (format!("status {}", answer.status().as_u16()), asked)
                }
                Ok(answer) => return Err(PullError::Refused { what, status: answer.status().as_u16() }),
                Err(error) => (said(&error).to_owned(), None),
            };
            self.wait(what, tried, why, asked).await?;
        }
    }

    async fn wait(
        &self,
        what: &'static str,
        tried: u32,
        why: String,
        asked: Option<Duration>,
    ) -> Result<(), PullError> {
        if let Some(pause) = asked.filter(|pause| *pause > LONGEST_PAUSE) {
            return Err(PullError::Pause(TimeDelta::from_std(pause).unwrap_or(TimeDelta::hours(1))));
        }
        if tried >= TRIES {
            return Err(PullError::Unreachable { what, why });
        }
        let mut jitter = [0];
        self.ports.random.fill(&mut jitter);
        let pause = asked.unwrap_or_else(|| backoff(self.first_pause, tried, jitter[0]));
        tracing::info!(source = %self.source.id, what, why, tried, ?pause, "a FHIR server will be asked again");
        tokio::select! {
            () = self.stop.cancelled() => Err(PullError::Stopped),
            () = tokio::time::sleep(pause) => Ok(()),
        }
    }
}

/// What comes over plain http comes from whoever sits in between; only this machine is trusted with it.
pub(crate) fn is_protected(url: &Url) -> bool {
    Iss::parse(format!("{}://{}", url.scheme(), url.authority())).is_ok()
}

fn read<T: DeserializeOwned>(what: &'static str, body: &[u8]) -> Result<T, PullError> {
    serde_json::from_slice(body).map_err(|_| PullError::Malformed { what, is: "not of the standard's form" })
}

async fn body(what: &'static str, mut answer: Response) -> Result<Vec<u8>, PullError> {
    let mut body = Vec::new();
    loop {
        match answer.chunk().await {
            Ok(None) => return Ok(body),
            Ok(Some(chunk)) if body.len() + chunk.len() > LONGEST_ANSWER => {
                return Err(PullError::Malformed { what, is: "too long" });
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Err(error) => return Err(PullError::Unreachable { what, why: said(&error).to_owned() }),
        }
    }
}

/// The client's own words may hold the address with what it asks for.
fn said(error: &reqwest::Error) -> &'static str {
    match error {
        error if error.is_timeout() => "no answer in time",
        error if error.is_connect() => "no connection",
        error if error.is_body() || error.is_decode() => "the answer broke off",
        _ => "no answer",
    }
}

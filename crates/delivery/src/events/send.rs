use std::sync::Arc;

use chrono::{DateTime, Utc};
use kinlink_domain::{
    service::event_claims::{EventClaims, event_claims},
    store::{DueEvent, LinkReader, StoreError},
    stream::{About, Outlet},
};
use kinlink_signing::Signer;
use reqwest::{RequestBuilder, header};
use url::Url;

use super::{
    receiver::ReceiverRules,
    set::{self, set_claims},
    verdict::{Verdict, of_answer},
    webhook,
};
use crate::webhook::verdict::of_error;

/// The longest answer that is read: an error of RFC 8935 is short.
const LONGEST_ANSWER: usize = 4 * 1024;

/// Words events and sends them.
#[derive(Debug)]
pub(super) struct EventSender {
    pub(super) links: Arc<dyn LinkReader>,
    pub(super) signer: Signer,
    pub(super) http: reqwest::Client,
    pub(super) rules: ReceiverRules,
    /// Kinlink's public URL, `iss` of SETs.
    pub(super) issuer: String,
}

impl EventSender {
    pub(super) async fn send(&self, due: &DueEvent, now: DateTime<Utc>) -> Verdict {
        let claims = match self.claims(due, now).await {
            Ok(Some(claims)) => claims,
            // The client serves the organization no more: it may not know.
            Ok(None) => return Verdict::dead("the client does not serve the organization any more"),
            Err(_) => return Verdict::retry("the account's links cannot be read"),
        };
        let request = match &due.stream.outlet {
            Outlet::Push { url, authorization } => {
                self.push(due, &claims, url, authorization.as_ref().map(|text| text.as_str()), now).await
            }
            Outlet::Webhook { url, secrets } => self.webhook(due, &claims, url, secrets, now),
            Outlet::Poll => Err(Verdict::retry("the stream is polled now")),
        };
        match request {
            Ok(request) => answer(request, now).await,
            Err(verdict) => verdict,
        }
    }

    /// What the event tells; nothing if it is none of the client's business any more.
    async fn claims(&self, due: &DueEvent, now: DateTime<Utc>) -> Result<Option<EventClaims>, StoreError> {
        let About::Account { account, organization } = due.delivery.about else {
            return Ok(Some(EventClaims::default()));
        };
        if !due.organizations.contains(&organization) {
            return Ok(None);
        }
        let links = self.links.answerable_links(account).await?;
        Ok(Some(event_claims(&links, &due.organizations, &self.issuer, now)))
    }

    async fn push(
        &self,
        due: &DueEvent,
        claims: &EventClaims,
        url: &Url,
        authorization: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<RequestBuilder, Verdict> {
        let set =
            set_claims(due, claims, &self.issuer, now).ok_or_else(|| Verdict::dead("its account is gone"))?;
        let signed =
            self.signer.sign(set::TYPE, &set).await.map_err(|error| Verdict::retry(error.to_string()))?;
        let mut request = self
            .post(url)?
            .header(header::CONTENT_TYPE, "application/secevent+jwt")
            .header(header::ACCEPT, "application/json")
            .body(signed);
        if let Some(authorization) = authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        Ok(request)
    }

    fn webhook(
        &self,
        due: &DueEvent,
        claims: &EventClaims,
        url: &Url,
        secrets: &[kinlink_domain::stream::EndpointSecret],
        now: DateTime<Utc>,
    ) -> Result<RequestBuilder, Verdict> {
        let body = webhook::body(due, claims).ok_or_else(|| Verdict::dead("its account is gone"))?;
        let secrets = webhook::secrets(secrets, now).ok_or_else(|| Verdict::retry("it has no secret"))?;
        let (id, timestamp) = (due.delivery.id.to_string(), now.timestamp());
        Ok(self
            .post(url)?
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-signature", secrets.sign(&id, timestamp, &body))
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .body(body))
    }

    fn post(&self, url: &Url) -> Result<RequestBuilder, Verdict> {
        if self.rules.allows(url) {
            Ok(self.http.post(url.clone()))
        } else {
            Err(Verdict::retry("receivers in private networks are not allowed"))
        }
    }
}

async fn answer(request: RequestBuilder, now: DateTime<Utc>) -> Verdict {
    let down = |error: &reqwest::Error| Verdict { delivery: of_error(error), receiver_down: true };
    let mut answer = match request.send().await {
        Ok(answer) => answer,
        Err(error) => return down(&error),
    };
    let (status, headers) = (answer.status(), answer.headers().clone());
    let mut body = Vec::new();
    if status.is_client_error() {
        while let Ok(Some(chunk)) = answer.chunk().await {
            body.extend_from_slice(&chunk);
            if body.len() > LONGEST_ANSWER {
                break;
            }
        }
    }
    of_answer(status, &headers, &body, now)
}

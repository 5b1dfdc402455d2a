//! Text messages and letters by an HTTPS webhook: the organization's own gateway or print service, or a small
//! adapter in front of one, gets a JSON document and does the rest.
//!
//! Requests are signed after [Standard Webhooks](https://www.standardwebhooks.com): the receiver checks the
//! signature and the timestamp, and drops a `webhook-id` that it has seen.

mod body;
mod secret;
pub(crate) mod verdict;

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kinlink_domain::outbox::{Delivery, Message};
use reqwest::{header, redirect::Policy};
use url::{Host, Url};

use crate::{Pages, Sender};
pub use secret::{InvalidSecret, WebhookSecrets};

/// The longest that a receiver may be given: a batch of the worker must end before its lease does.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(20);

/// How to reach a webhook.
#[derive(Debug, Clone)]
pub struct WebhookSettings {
    /// Where it is: https, or http on this machine.
    pub url: Url,
    /// What requests are signed with.
    pub secrets: WebhookSecrets,
    /// How long a request may take: 1 to 20 seconds.
    pub timeout: Duration,
}

/// Why nothing can be sent with these settings.
#[derive(Debug, thiserror::Error)]
pub enum WebhookSetupError {
    /// An unprotected connection to another machine, or no web address at all.
    #[error("the address must be https; http only to this machine (localhost, 127.0.0.1 or ::1)")]
    Unprotected,
    /// A name and password in the address would end in logs.
    #[error("the address must not hold a name or password")]
    Credentials,
    /// Out of bounds.
    #[error("the timeout must be 1 to {} seconds", LONGEST_TIMEOUT.as_secs())]
    Timeout,
    /// No HTTP client can be made.
    #[error("no HTTP client can be made: {0}")]
    Client(#[from] reqwest::Error),
}

/// Sends messages by a webhook.
#[derive(Debug)]
pub struct WebhookSender {
    client: reqwest::Client,
    settings: WebhookSettings,
    pages: Pages,
}

impl WebhookSender {
    /// A sender with these settings. Nothing is sent yet.
    pub fn new(settings: WebhookSettings, pages: Pages) -> Result<Self, WebhookSetupError> {
        check_address(&settings.url)?;
        if !(Duration::from_secs(1)..=LONGEST_TIMEOUT).contains(&settings.timeout) {
            return Err(WebhookSetupError::Timeout);
        }
        let client = plain_client(settings.timeout).build()?;
        Ok(Self { client, settings, pages })
    }
}

/// What is sent holds codes and addresses: it goes to the configured place and to no other, so neither a redirect
/// nor a proxy of the environment is followed.
pub(crate) fn plain_client(timeout: Duration) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .timeout(timeout)
        .user_agent(concat!("kinlink/", env!("CARGO_PKG_VERSION")))
}

/// Whether anything may be sent to this address: by https, or on this machine, and no secret within.
pub(crate) fn check_address(url: &Url) -> Result<(), WebhookSetupError> {
    if url.scheme() != "https" && !(url.scheme() == "http" && is_local(url)) {
        return Err(WebhookSetupError::Unprotected);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(WebhookSetupError::Credentials);
    }
    Ok(())
}

pub(crate) fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[async_trait]
impl Sender for WebhookSender {
    async fn send(&self, message: &Message, now: DateTime<Utc>) -> Delivery {
        let Some(body) = body::json(message, &self.pages) else {
            return Delivery::dead("the message cannot be put together");
        };
        let id = message.id.to_string();
        let timestamp = now.timestamp();
        let signature = self.settings.secrets.sign(&id, timestamp, &body);
        let sent = self
            .client
            .post(self.settings.url.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signature)
            .body(body)
            .send()
            .await;
        // The receiver's words may quote the recipient, so its answer's body is not read.
        match sent {
            Ok(answer) => verdict::of_status(answer.status(), answer.headers(), now),
            Err(error) => verdict::of_error(&error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_leave_this_machine_only_by_https_and_to_a_plain_address() {
        let new = |url: &str, seconds| {
            let secrets = WebhookSecrets::parse(secret::EXAMPLE).unwrap();
            let url = Url::parse(url).unwrap();
            let settings = WebhookSettings { url, secrets, timeout: Duration::from_secs(seconds) };
            let pages = Pages { public_url: String::new(), redeem_url: None };
            WebhookSender::new(settings, pages).map(|_| ()).map_err(|error| error.to_string())
        };
        for url in ["https://sms.example/in", "http://localhost:1/x", "http://127.0.0.1/", "http://[::1]/"] {
            assert_eq!(new(url, 10), Ok(()), "{url}");
        }
        for url in ["http://sms.example/", "http://10.0.0.1/", "ftp://localhost/", "http://localhost.evil/"] {
            assert_eq!(new(url, 10), Err(WebhookSetupError::Unprotected.to_string()), "{url}");
        }
        let named = new("https://me:secret@sms.example/", 10);
        assert_eq!(named, Err(WebhookSetupError::Credentials.to_string()));
        for seconds in [0, 21] {
            assert_eq!(new("https://sms.example/", seconds), Err(WebhookSetupError::Timeout.to_string()));
        }
    }
}

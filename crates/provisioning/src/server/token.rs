//! Access tokens for Kinlink's own client, by client credentials (RFC 6749, section 4.4).

use std::{fmt, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use kinlink_domain::{port::Clock, provisioning::ClientSecret};
use reqwest::{Client, StatusCode};
use tokio::sync::Mutex;
use url::Url;
use zeroize::Zeroizing;

use super::{Code, ServerError, http::send};

/// How long before its end a token is replaced: longer than what is done with it takes.
const MARGIN: TimeDelta = TimeDelta::seconds(20);

type Token = Zeroizing<String>;

/// Where tokens come from, and the one in use.
pub(super) struct Tokens {
    http: Client,
    endpoint: Url,
    client_id: String,
    secret: ClientSecret,
    scope: Option<String>,
    clock: Arc<dyn Clock>,
    /// Locked while one is fetched, so that many requests fetch one.
    current: Mutex<Option<(Token, DateTime<Utc>)>>,
}

/// Shows neither secret nor token.
impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

impl Tokens {
    pub(super) fn new(
        http: Client,
        endpoint: Url,
        (client_id, secret): (String, ClientSecret),
        scope: Option<String>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { http, endpoint, client_id, secret, scope, clock, current: Mutex::new(None) }
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// A token that lasts a while yet.
    pub(super) async fn get(&self) -> Result<Token, ServerError> {
        let mut current = self.current.lock().await;
        if let Some((token, until)) = &*current
            && self.clock.now() < *until
        {
            return Ok(token.clone());
        }
        let (token, until) = self.fetch().await?;
        *current = Some((token.clone(), until));
        Ok(token)
    }

    /// Uses this token no more.
    pub(super) async fn forget(&self, token: &Token) {
        let mut current = self.current.lock().await;
        if current.as_ref().is_some_and(|(known, _)| known == token) {
            *current = None;
        }
    }

    async fn fetch(&self) -> Result<(Token, DateTime<Utc>), ServerError> {
        let mut form = vec![
            ("grant_type", "client_credentials"),
            ("client_id", self.client_id.as_str()),
            ("client_secret", self.secret.expose()),
        ];
        form.extend(self.scope.as_deref().map(|scope| ("scope", scope)));
        let now = self.clock.now();
        let answer = send(self.http.post(self.endpoint.clone()).form(&form), now).await?;
        let code = answer.body["error"].as_str();
        let status = answer.status.as_u16();
        match (answer.status, code) {
            (StatusCode::OK, _) => {}
            (_, Some("invalid_client" | "unauthorized_client")) => {
                return Err(ServerError::Unauthorized { status, code: Code::of(code) });
            }
            _ => return Err(answer.refusal(code)),
        }
        let token = answer.body["access_token"].as_str().filter(|token| !token.is_empty());
        let token = token.ok_or(ServerError::Refused { status, code: Code::of(Some("no-token")) })?;
        // Without a word of how long it lasts, it is used once (RFC 6749, 5.1 only recommends to say so).
        let lasts =
            TimeDelta::seconds(answer.body["expires_in"].as_u64().unwrap_or(0).min(86_400).cast_signed());
        let margin = MARGIN.min(lasts / 2);
        Ok((Zeroizing::new(token.to_owned()), now + lasts - margin))
    }
}

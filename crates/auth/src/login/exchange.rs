//! The code is exchanged for an ID token (RFC 6749, 4.1.3; OpenID Connect Core 1.0, 3.1.3).

use serde_json::Value;

use super::{LoginError, LoginProvider};
use crate::keys::{Discovery, is_protected, read_json};

/// A code and what belongs to it.
pub(super) struct Exchange<'a> {
    pub(super) code: &'a str,
    pub(super) verifier: &'a str,
    pub(super) redirect_uri: &'a str,
}

impl Exchange<'_> {
    pub(super) async fn send(
        &self,
        http: &reqwest::Client,
        provider: &LoginProvider,
        discovery: &Discovery,
    ) -> Result<String, LoginError> {
        let endpoint = discovery.token_endpoint.clone().filter(is_protected);
        let endpoint = endpoint.ok_or(LoginError::ProviderUnavailable)?;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", self.code),
            ("redirect_uri", self.redirect_uri),
            ("code_verifier", self.verifier),
        ];
        let mut request = http.post(endpoint).header("accept", "application/json");
        match &provider.client_secret {
            Some(secret) if takes_basic(discovery) => {
                // RFC 6749, 2.3.1: both are form-encoded before they are put together.
                let encode =
                    |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
                request = request.basic_auth(encode(&provider.client_id), Some(encode(secret.reveal())));
            }
            Some(secret) => {
                form.extend([("client_id", provider.client_id.as_str()), ("client_secret", secret.reveal())]);
            }
            None => form.push(("client_id", &provider.client_id)),
        }
        let answer = request.form(&form).send().await.map_err(|_| LoginError::ProviderUnavailable)?;
        let status = answer.status();
        if status.is_server_error() {
            return Err(LoginError::ProviderUnavailable);
        }
        let body = read_json(answer).await.ok_or(LoginError::ProviderUnavailable)?;
        if !status.is_success() {
            // A registered word, such as invalid_grant or invalid_client, tells the operator what is wrong.
            let error = body.get("error").and_then(Value::as_str).unwrap_or_default();
            tracing::warn!(iss = %provider.iss, %status, error, "a code was not taken");
            return Err(LoginError::CodeRefused);
        }
        let token = body.get("id_token").and_then(Value::as_str);
        token.map(ToOwned::to_owned).ok_or(LoginError::InvalidToken("no_id_token"))
    }
}

/// `client_secret_basic` is what a provider takes that says nothing (Discovery 1.0, section 3).
fn takes_basic(discovery: &Discovery) -> bool {
    let named = &discovery.token_endpoint_auth_methods_supported;
    let takes = |method: &str| named.iter().any(|name| name == method);
    takes("client_secret_basic") || !takes("client_secret_post")
}

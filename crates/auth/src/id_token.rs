//! ID tokens of a login (OpenID Connect Core 1.0, 3.1.3.7).

use chrono::{DateTime, Utc};
use kinlink_domain::account::Iss;
use serde_json::Value;
use subtle::ConstantTimeEq;

use crate::{
    jwt::Unverified,
    keys::{KeyError, KeyFetcher, KeySource},
    login::LoginError,
};

/// What an ID token must be.
pub(crate) struct Expected<'a> {
    pub(crate) iss: &'a Iss,
    pub(crate) client_id: &'a str,
    pub(crate) nonce: &'a str,
}

/// Verifies an ID token and returns its claims.
pub(crate) async fn verify(
    token: &str,
    expected: &Expected<'_>,
    keys: &KeyFetcher,
    now: DateTime<Utc>,
) -> Result<Value, LoginError> {
    let token = Unverified::parse(token).map_err(LoginError::InvalidToken)?;
    if token.text("iss") != Some(expected.iss.as_str()) {
        return Err(LoginError::InvalidToken("iss"));
    }
    keys.verify(&KeySource::Issuer(expected.iss.clone()), &token).await.map_err(|error| match error {
        KeyError::Unavailable => LoginError::ProviderUnavailable,
        KeyError::Unknown => LoginError::InvalidToken("signature"),
    })?;
    token.check_time(now).map_err(LoginError::InvalidToken)?;
    check_audience(&token, expected.client_id)?;
    let nonce = token.text("nonce").unwrap_or_default();
    if !bool::from(nonce.as_bytes().ct_eq(expected.nonce.as_bytes())) {
        return Err(LoginError::InvalidToken("nonce"));
    }
    Ok(token.claims)
}

/// The token is for this client, and for no other without saying so.
fn check_audience(token: &Unverified<'_>, client_id: &str) -> Result<(), LoginError> {
    let several = token.claims.get("aud").and_then(Value::as_array).is_some_and(|many| many.len() > 1);
    let party = token.text("azp");
    let meant = party.is_none_or(|party| party == client_id) && (party.is_some() || !several);
    if token.is_for([client_id]) && meant { Ok(()) } else { Err(LoginError::InvalidToken("audience")) }
}

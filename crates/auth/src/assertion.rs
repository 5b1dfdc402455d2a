//! Client assertions: `private_key_jwt` (RFC 7523, section 3; OpenID Connect Core 1.0, section 9).

use chrono::{DateTime, TimeDelta, Utc};
use kinlink_domain::{
    client::{Client, ClientKeys, ClientStatus},
    id::ClientId,
    store::{Store, UnitOfWork},
};

use crate::{
    client::TokenError,
    jwt::Unverified,
    keys::{KeyFetcher, KeySource, public_keys, signed_by_any},
};

/// How far ahead an assertion may end: until then its `jti` must be remembered.
const LONGEST: TimeDelta = TimeDelta::minutes(10);

/// Verifies an assertion and uses up its `jti`.
pub(crate) async fn verify(
    assertion: &str,
    audiences: &[String],
    store: &dyn Store,
    keys: &KeyFetcher,
    now: DateTime<Utc>,
) -> Result<ClientId, TokenError> {
    let token = Unverified::parse(assertion).map_err(TokenError::InvalidClient)?;
    let id = token.text("sub").and_then(|sub| sub.parse::<ClientId>().ok());
    let id = id.filter(|_| token.text("iss") == token.text("sub")).ok_or(TokenError::InvalidClient("sub"))?;
    // Nobody knows yet who asks, and the client's keys may have to be waited for: a unit that is open meanwhile would
    // hold a connection, and one for writing would hold up every other.
    let client = active(&mut *store.begin_read().await?, id).await?;
    verify_signature(&token, &client, keys).await?;
    if !token.is_for(audiences.iter().map(String::as_str)) {
        return Err(TokenError::InvalidClient("audience"));
    }
    let expires_at = token.check_time(now).map_err(TokenError::InvalidClient)?;
    if expires_at > now + LONGEST {
        return Err(TokenError::InvalidClient("expires_too_late"));
    }
    let jti = token.text("jti").filter(|jti| (1..=255).contains(&jti.len()));
    let jti = jti.ok_or(TokenError::InvalidClient("jti"))?;
    let mut unit = store.begin().await?;
    // It may have been disabled, or given other keys, meanwhile.
    if active(&mut *unit, id).await?.keys != client.keys {
        return Err(TokenError::InvalidClient("signature"));
    }
    // Kept a little longer than the assertion itself, which is accepted for a moment after its end.
    if !unit.use_jti(id, jti, expires_at + TimeDelta::minutes(2), now).await? {
        return Err(TokenError::InvalidClient("replayed"));
    }
    unit.save().await?;
    Ok(id)
}

async fn active(unit: &mut dyn UnitOfWork, id: ClientId) -> Result<Client, TokenError> {
    let client = unit.client(id).await?.ok_or(TokenError::InvalidClient("unknown_client"))?;
    if client.status == ClientStatus::Active {
        Ok(client)
    } else {
        Err(TokenError::InvalidClient("disabled"))
    }
}

async fn verify_signature(
    token: &Unverified<'_>,
    client: &Client,
    keys: &KeyFetcher,
) -> Result<(), TokenError> {
    let verified = match &client.keys {
        None => return Err(TokenError::InvalidClient("no_keys")),
        Some(ClientKeys::Jwks(set)) => signed_by_any(token, &public_keys(set)),
        Some(ClientKeys::JwksUri(uri)) => keys.verify(&KeySource::Uri(uri.clone()), token).await,
    };
    verified.map_err(|_| TokenError::InvalidClient("signature"))
}

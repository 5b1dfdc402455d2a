//! Access tokens that the token endpoint issues to clients: `klt_` and, in base64url, the client's id, the
//! end as Unix seconds, the key generation, and a keyed hash over these.
//!
//! They are verified without a database read; whether the client may still ask is looked up all the same.

use chrono::{DateTime, Utc};
use kinlink_domain::{
    id::{ClientId, Id},
    port::{Purpose, Vault},
    signed_text,
};

pub(crate) const PREFIX: &str = "klt_";

pub(crate) fn issue(client: ClientId, expires_at: DateTime<Utc>, vault: &dyn Vault) -> String {
    let (client, expires_at) = (client.uuid(), expires_at.timestamp().to_be_bytes());
    let signed = [client.as_bytes().as_slice(), &expires_at].concat();
    format!("{PREFIX}{}", signed_text::write(Purpose::AccessToken, &signed, vault))
}

/// Whose token this is and when it ends, if Kinlink issued it.
pub(crate) fn verify(token: &str, vault: &dyn Vault) -> Option<(ClientId, DateTime<Utc>)> {
    let signed = signed_text::read::<{ 16 + 8 }>(Purpose::AccessToken, token.strip_prefix(PREFIX)?, vault)?;
    let (id, seconds) = signed.split_first_chunk::<16>()?;
    let expires_at = DateTime::from_timestamp(i64::from_be_bytes(seconds.try_into().ok()?), 0)?;
    Some((Id::from_uuid(uuid::Uuid::from_bytes(*id)), expires_at))
}

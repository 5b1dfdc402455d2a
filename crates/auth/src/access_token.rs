//! Access tokens that the token endpoint issues to clients: `klt_` and, in base64url, the client's id, the
//! end as Unix seconds, the key generation, and a keyed hash over these.
//!
//! They are verified without a database read; whether the client may still ask is looked up all the same.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use kinlink_domain::{
    id::{ClientId, Id},
    port::{KeyId, KeyedHash, Purpose, Vault},
};

pub(crate) const PREFIX: &str = "klt_";
const SIGNED: usize = 16 + 8;
const LENGTH: usize = SIGNED + 2 + 32;

pub(crate) fn issue(client: ClientId, expires_at: DateTime<Utc>, vault: &dyn Vault) -> String {
    let mut bytes = client.uuid().as_bytes().to_vec();
    bytes.extend_from_slice(&expires_at.timestamp().to_be_bytes());
    let hash = vault.keyed_hash(Purpose::AccessToken, &bytes);
    bytes.extend_from_slice(&hash.key.0.to_be_bytes());
    bytes.extend_from_slice(&hash.bytes);
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// Whose token this is and when it ends, if Kinlink issued it.
pub(crate) fn verify(token: &str, vault: &dyn Vault) -> Option<(ClientId, DateTime<Utc>)> {
    let bytes: [u8; LENGTH] = URL_SAFE_NO_PAD.decode(token.strip_prefix(PREFIX)?).ok()?.try_into().ok()?;
    let (signed, rest) = bytes.split_first_chunk::<SIGNED>()?;
    let (key, hash) = rest.split_first_chunk::<2>()?;
    let hash = KeyedHash { key: KeyId(u16::from_be_bytes(*key)), bytes: hash.try_into().ok()? };
    if !vault.verify(Purpose::AccessToken, signed, &hash) {
        return None;
    }
    let (id, seconds) = signed.split_first_chunk::<16>()?;
    let expires_at = DateTime::from_timestamp(i64::from_be_bytes(seconds.try_into().ok()?), 0)?;
    Some((Id::from_uuid(uuid::Uuid::from_bytes(*id)), expires_at))
}

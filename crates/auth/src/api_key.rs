//! API keys of clients: `klk_<id>_<secret>`, the secret of 256 bits and kept only as a keyed hash.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use kinlink_domain::{
    client::{ApiKey, LIVE_API_KEYS},
    id::{ApiKeyId, ClientId, Id},
    port::Purpose,
    service::Ports,
    store::{StoreError, UnitOfWork},
};

pub(crate) const PREFIX: &str = "klk_";

/// A new key with its text, which nothing shows again.
pub struct NewApiKey {
    /// The key as stored.
    pub key: ApiKey,
    /// What the client sends.
    pub text: String,
}

/// Shows no text.
impl std::fmt::Debug for NewApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewApiKey").field("key", &self.key.id).finish_non_exhaustive()
    }
}

/// Draws a key for a client.
pub fn issue_api_key(ports: &Ports, client: ClientId) -> NewApiKey {
    let now = ports.clock.now();
    let mut secret = [0; 32];
    ports.random.fill(&mut secret);
    let id = ApiKeyId::new(now, &*ports.random);
    let text = format!("{PREFIX}{}_{}", id.uuid().simple(), URL_SAFE_NO_PAD.encode(secret));
    let hash = ports.vault.keyed_hash(Purpose::ApiKey, text.as_bytes());
    NewApiKey { key: ApiKey { id, client, hash, created_at: now, expires_at: None }, text }
}

/// Draws a new key and ends the others: the newest of them after `overlap`, so that a client can be changed
/// over without a gap, and all older ones now.
pub async fn rotate_api_key(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    client: ClientId,
    overlap: TimeDelta,
) -> Result<NewApiKey, StoreError> {
    let now = ports.clock.now();
    let live: Vec<_> = unit.api_keys(client).await?.into_iter().filter(|key| key.is_live(now)).collect();
    for (age, key) in live.iter().enumerate() {
        let end = if age + 1 < LIVE_API_KEYS { now + overlap } else { now };
        if key.expires_at.is_none_or(|expires_at| end < expires_at) {
            unit.expire_api_key(key.id, end).await?;
        }
    }
    let new = issue_api_key(ports, client);
    unit.add_api_key(&new.key).await?;
    Ok(new)
}

/// The id within a key's text.
pub(crate) fn id_of(text: &str) -> Option<ApiKeyId> {
    let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
    let plain = secret.len() == 43 && id.len() == 32;
    plain.then(|| uuid(id)).flatten().map(Id::from_uuid)
}

fn uuid(text: &str) -> Option<uuid::Uuid> {
    uuid::Uuid::try_parse(text).ok()
}

/// Whether this text is this key's, at `now`.
pub(crate) fn accepts(key: &ApiKey, text: &str, ports: &Ports, now: DateTime<Utc>) -> bool {
    key.is_live(now) && ports.vault.verify(Purpose::ApiKey, text.as_bytes(), &key.hash)
}

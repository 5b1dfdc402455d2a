use std::{fmt, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use kinlink_domain::{
    port::Clock,
    signing_key::{KeyPurpose, SigningKey},
    store::Store,
};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::{
    SigningError,
    keys::published_keys,
    pair::{Pair, encode},
};

/// How long a key is kept in memory: a rotation at once is followed within that.
const KEPT: TimeDelta = TimeDelta::seconds(10);

struct Ready {
    kid: String,
    pair: Arc<Pair>,
    read_at: DateTime<Utc>,
}

/// Signs for one purpose with the key that is in force. The keys are in the database, so all replicas share them.
pub struct Signer {
    purpose: KeyPurpose,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    ready: Mutex<Option<Arc<Ready>>>,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("purpose", &self.purpose).finish_non_exhaustive()
    }
}

impl Signer {
    /// A signer with the keys of this storage.
    pub fn new(purpose: KeyPurpose, store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { purpose, store, clock, ready: Mutex::new(None) }
    }

    /// These claims as a compact JWS (RFC 7515, section 7.1) of this type, by which it is taken for nothing else
    /// (RFC 8725, section 3.11).
    pub async fn sign(&self, token_type: &str, claims: &Value) -> Result<String, SigningError> {
        let key = self.key().await?;
        let header = json!({"typ": token_type, "alg": key.pair.alg(), "kid": key.kid});
        let signed =
            format!("{}.{}", encode(header.to_string().as_bytes()), encode(claims.to_string().as_bytes()));
        let signature = key.pair.sign(signed.as_bytes()).ok_or(SigningError::Key)?;
        Ok(format!("{signed}.{}", encode(&signature)))
    }

    /// The public keys (RFC 7517, section 5): the one in force, one that will be, and those that lately were.
    pub async fn key_set(&self) -> Result<Value, SigningError> {
        let keys = published_keys(&*self.store, self.purpose, self.clock.now()).await?;
        let public: Vec<_> = keys.into_iter().map(|key| key.public).collect();
        Ok(json!({"keys": public}))
    }

    /// The key is read by one at a time: reading and checking it costs more than signing, and all would do it at once.
    async fn key(&self) -> Result<Arc<Ready>, SigningError> {
        let mut kept = self.ready.lock().await;
        let now = self.clock.now();
        if let Some(ready) = kept.as_ref().filter(|ready| now - ready.read_at < KEPT) {
            return Ok(ready.clone());
        }
        let keys = published_keys(&*self.store, self.purpose, now).await?;
        let key = SigningKey::signing(&keys, now).ok_or(SigningError::Key)?;
        let pair = match kept.take().filter(|ready| ready.kid == key.kid) {
            Some(ready) => ready.pair.clone(),
            None => Arc::new(Pair::read(self.purpose, &key.private).ok_or(SigningError::Key)?),
        };
        let ready = Arc::new(Ready { kid: key.kid.clone(), pair, read_at: now });
        *kept = Some(ready.clone());
        Ok(ready)
    }
}

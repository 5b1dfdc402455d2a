use std::{fmt, sync::Arc};

use aws_lc_rs::{rand::SystemRandom, rsa::KeyPair, signature::RSA_PKCS1_SHA256};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use kinlink_domain::{
    store::{EventQueue, StoreError},
    stream::EventKey,
};
use serde::Serialize;
use tokio::sync::Mutex;

/// How long keys are kept in memory: a rotation at once is followed within that.
const KEPT: TimeDelta = TimeDelta::seconds(10);

/// Why a SET was not signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// There is no key whose time has come, or it cannot be used.
    #[error("there is no key to sign events with")]
    NoKey,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

struct Ready {
    kid: String,
    pair: Arc<KeyPair>,
    read_at: DateTime<Utc>,
}

/// Signs SETs with the key that is in force. The keys are in the database, so all replicas share them.
pub struct SetSigner {
    queue: Arc<dyn EventQueue>,
    ready: Mutex<Option<Arc<Ready>>>,
}

impl fmt::Debug for SetSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SetSigner(…)")
    }
}

impl SetSigner {
    /// A signer with the keys of this storage.
    pub fn new(queue: Arc<dyn EventQueue>) -> Self {
        Self { queue, ready: Mutex::new(None) }
    }

    /// These claims as a compact JWS with `typ` `secevent+jwt` (RFC 8417, section 2.3).
    pub(super) async fn sign<T: Serialize>(
        &self,
        claims: &T,
        now: DateTime<Utc>,
    ) -> Result<String, SignError> {
        #[derive(Serialize)]
        struct Header<'a> {
            typ: &'a str,
            alg: &'a str,
            kid: &'a str,
        }
        let key = self.key(now).await?;
        let header = Header { typ: "secevent+jwt", alg: "RS256", kid: &key.kid };
        let part = |bytes: Vec<u8>| URL_SAFE_NO_PAD.encode(bytes);
        // Both consist of texts and numbers, which always serialize.
        let header = part(serde_json::to_vec(&header).unwrap_or_default());
        let claims = part(serde_json::to_vec(claims).unwrap_or_default());
        let signed = format!("{header}.{claims}");
        let mut signature = vec![0; key.pair.public_modulus_len()];
        key.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| SignError::NoKey)?;
        Ok(format!("{signed}.{}", part(signature)))
    }

    /// The key is read by one at a time: reading and checking it costs more than signing, and all would do it at once.
    async fn key(&self, now: DateTime<Utc>) -> Result<Arc<Ready>, SignError> {
        let mut kept = self.ready.lock().await;
        if let Some(ready) = kept.as_ref().filter(|ready| now - ready.read_at < KEPT) {
            return Ok(ready.clone());
        }
        let keys = self.queue.signing_keys().await?;
        let key = EventKey::signing(&keys, now).ok_or(SignError::NoKey)?;
        let pair = match kept.take().filter(|ready| ready.kid == key.kid) {
            Some(ready) => ready.pair.clone(),
            None => Arc::new(KeyPair::from_pkcs8(&key.private).map_err(|_| SignError::NoKey)?),
        };
        let ready = Arc::new(Ready { kid: key.kid.clone(), pair, read_at: now });
        *kept = Some(ready.clone());
        Ok(ready)
    }
}

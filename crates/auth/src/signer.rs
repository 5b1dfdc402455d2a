//! Signatures under Kinlink's own answers, with keys that are kept sealed in the database and shared by all
//! replicas. A new key is made when the newest has served its time; the old one stays published a while.

use std::sync::Arc;

use async_trait::async_trait;
use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use kinlink_domain::{
    answer_key::AnswerKey,
    id::AnswerKeyId,
    service::Ports,
    store::{Store, StoreError},
};
use serde_json::{Value, json};
use zeroize::Zeroizing;

/// Why there is no signature.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// No key can be made, or the stored one cannot be used.
    #[error("there is no key to sign with")]
    Key,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Signs answers.
#[async_trait]
pub trait Signer: Send + Sync + std::fmt::Debug {
    /// A JWT of this type (RFC 8725, 3.11) with these claims.
    async fn sign(&self, token_type: &str, claims: &Value) -> Result<String, SignError>;
    /// The public keys (RFC 7517, section 5).
    async fn jwks(&self) -> Result<Value, SignError>;
}

/// Signs with keys of the store.
#[derive(Debug)]
pub struct StoredSigner {
    store: Arc<dyn Store>,
    ports: Ports,
}

impl StoredSigner {
    /// A signer on this store.
    pub fn new(store: Arc<dyn Store>, ports: Ports) -> Self {
        Self { store, ports }
    }

    /// The key of this moment, made now if there is none.
    async fn key(&self) -> Result<AnswerKey, SignError> {
        let now = self.ports.clock.now();
        let known = self.store.begin_read().await?.answer_keys().await?;
        if let Some(key) = known.into_iter().find(|key| key.signs(now)) {
            return Ok(key);
        }
        // Two replicas may make one each; both are published.
        let key = self.make(now)?;
        let mut unit = self.store.begin().await?;
        unit.add_answer_key(&key).await?;
        unit.save().await?;
        Ok(key)
    }

    fn make(&self, now: DateTime<Utc>) -> Result<AnswerKey, SignError> {
        let id = AnswerKeyId::new(now, &*self.ports.random);
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .map_err(|_| SignError::Key)?;
        let private = Zeroizing::new(pkcs8.as_ref().to_vec());
        let public = jwk(id, &private).ok_or(SignError::Key)?;
        Ok(AnswerKey { id, private, public, created_at: now })
    }
}

fn jwk(id: AnswerKeyId, private: &[u8]) -> Option<Value> {
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, private).ok()?;
    // An uncompressed point (SEC 1, 2.3.3): 0x04, then 32 bytes of x and 32 of y.
    let point = pair.public_key().as_ref();
    let coordinate = |range| Some(URL_SAFE_NO_PAD.encode(point.get::<std::ops::Range<usize>>(range)?));
    Some(json!({
        "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": id,
        "x": coordinate(1..33)?, "y": coordinate(33..65)?,
    }))
}

#[async_trait]
impl Signer for StoredSigner {
    async fn sign(&self, token_type: &str, claims: &Value) -> Result<String, SignError> {
        let key = self.key().await?;
        let kid = Some(key.id.to_string());
        let header = Header { typ: Some(token_type.to_owned()), kid, ..Header::new(Algorithm::ES256) };
        encode(&header, claims, &EncodingKey::from_ec_der(&key.private)).map_err(|_| SignError::Key)
    }

    async fn jwks(&self) -> Result<Value, SignError> {
        // Whoever reads the keys before the first answer must find the one that will sign it.
        self.key().await?;
        let now = self.ports.clock.now();
        let known = self.store.begin_read().await?.answer_keys().await?;
        let keys: Vec<Value> =
            known.into_iter().filter(|key| key.is_published(now)).map(|key| key.public).collect();
        Ok(json!({"keys": keys}))
    }
}

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::StoreError;
use crate::signing_key::{KeyPurpose, SigningKey};

/// The keys that Kinlink signs with, shared by all replicas.
#[async_trait]
pub trait SigningKeys {
    /// The keys of a purpose, oldest first; ended ones may be among them.
    async fn signing_keys(&mut self, purpose: KeyPurpose) -> Result<Vec<SigningKey>, StoreError>;
    /// Adds a key; [`super::Constraint::Other`] if its number is taken.
    async fn add_signing_key(&mut self, key: &SigningKey) -> Result<(), StoreError>;
    /// Sets when a key ends.
    async fn end_signing_key(
        &mut self,
        purpose: KeyPurpose,
        number: u32,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError>;
}

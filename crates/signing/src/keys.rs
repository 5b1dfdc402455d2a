use chrono::{DateTime, Utc};
use kinlink_domain::{
    signing_key::{KeyPurpose, Rotation, SigningKey},
    store::{Store, StoreError},
};

use crate::{SigningError, pair::Pair};

/// The keys of a purpose that others are told of at `now`, oldest first. One that is due is made first.
pub async fn published_keys(
    store: &dyn Store,
    purpose: KeyPurpose,
    now: DateTime<Utc>,
) -> Result<Vec<SigningKey>, SigningError> {
    let mut keys = store.begin_read().await?.signing_keys(purpose).await?;
    if let Some(rotation) = Rotation::due(&keys, now) {
        match rotate(store, purpose, &keys, rotation).await {
            // In case of a conflict, another replica was first.
            Ok(_) | Err(SigningError::Store(StoreError::Conflict(_))) => {}
            Err(error) => return Err(error),
        }
        keys = store.begin_read().await?.signing_keys(purpose).await?;
    }
    keys.retain(|key| key.is_published(now));
    Ok(keys)
}

/// Has a new key follow those of a purpose. `at_once` is for a key that somebody may have seen.
pub async fn rotate_key(
    store: &dyn Store,
    purpose: KeyPurpose,
    now: DateTime<Utc>,
    at_once: bool,
) -> Result<SigningKey, SigningError> {
    let keys = store.begin_read().await?.signing_keys(purpose).await?;
    let rotation = if at_once { Rotation::at_once } else { Rotation::announced };
    rotate(store, purpose, &keys, rotation(&keys, now)).await
}

async fn rotate(
    store: &dyn Store,
    purpose: KeyPurpose,
    keys: &[SigningKey],
    rotation: Rotation,
) -> Result<SigningKey, SigningError> {
    let drawn = tokio::task::spawn_blocking(move || Pair::draw(purpose)).await;
    let drawn = drawn.ok().flatten().ok_or(SigningError::Key)?;
    let new = SigningKey {
        purpose,
        number: rotation.number,
        kid: drawn.kid,
        public: drawn.public,
        private: drawn.private,
        signs_from: rotation.signs_from,
        ends_at: None,
    };
    let mut unit = store.begin().await?;
    unit.add_signing_key(&new).await?;
    for key in rotation.ends(keys) {
        unit.end_signing_key(purpose, key.number, rotation.others_end_at).await?;
    }
    unit.save().await?;
    Ok(new)
}

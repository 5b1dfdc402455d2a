use chrono::{DateTime, Utc};
use kinlink_domain::{
    actor::Actor,
    audit::{Action, Subject},
    service::Ports,
    signing_key::{KeyPurpose, Rotation, SigningKey},
    store::{Store, StoreError, UnitOfWork},
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
            Ok(()) | Err(SigningError::Store(StoreError::Conflict(_))) => {}
            Err(error) => return Err(error),
        }
        keys = store.begin_read().await?.signing_keys(purpose).await?;
    }
    keys.retain(|key| key.is_published(now));
    Ok(keys)
}

/// Has a new key follow those of a purpose, as an operator asks. `at_once` is for a key that somebody may have seen.
/// The keys are everybody's, so the audit of every organization tells of it.
pub async fn rotate_key(
    store: &dyn Store,
    ports: &Ports,
    purpose: KeyPurpose,
    at_once: bool,
) -> Result<SigningKey, SigningError> {
    let keys = store.begin_read().await?.signing_keys(purpose).await?;
    let rotation = if at_once { Rotation::at_once } else { Rotation::announced };
    let rotation = rotation(&keys, ports.clock.now());
    let new = draw(purpose, &rotation).await?;
    let mut unit = store.begin().await?;
    follow(&mut *unit, &keys, &rotation, &new).await?;
    let detail = serde_json::json!({
        "purpose": purpose, "kid": new.kid, "signs_from": new.signs_from, "at_once": at_once,
    });
    for organization in unit.organizations().await? {
        let (id, action) = (organization.id, Action::SigningKeysRotate);
        unit.record(ports.audit(id, Actor::Operator, action, Subject::default(), detail.clone()));
    }
    unit.save().await?;
    Ok(new)
}

async fn rotate(
    store: &dyn Store,
    purpose: KeyPurpose,
    keys: &[SigningKey],
    rotation: Rotation,
) -> Result<(), SigningError> {
    let new = draw(purpose, &rotation).await?;
    let mut unit = store.begin().await?;
    follow(&mut *unit, keys, &rotation, &new).await?;
    unit.save().await?;
    Ok(())
}

async fn draw(purpose: KeyPurpose, rotation: &Rotation) -> Result<SigningKey, SigningError> {
    let drawn = tokio::task::spawn_blocking(move || Pair::draw(purpose)).await;
    let drawn = drawn.ok().flatten().ok_or(SigningError::Key)?;
    Ok(SigningKey {
        purpose,
        number: rotation.number,
        kid: drawn.kid,
        public: drawn.public,
        private: drawn.private,
        signs_from: rotation.signs_from,
        ends_at: None,
    })
}

async fn follow(
    unit: &mut dyn UnitOfWork,
    keys: &[SigningKey],
    rotation: &Rotation,
    new: &SigningKey,
) -> Result<(), SigningError> {
    unit.add_signing_key(new).await?;
    for key in rotation.ends(keys) {
        unit.end_signing_key(new.purpose, key.number, rotation.others_end_at).await?;
    }
    Ok(())
}

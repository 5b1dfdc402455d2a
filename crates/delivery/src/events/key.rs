use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::{KeyPair, KeySize},
    signature::KeyPair as _,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use kinlink_domain::{
    store::{Store, StoreError},
    stream::{EventKey, KEY_OVERLAP, KEY_PUBLISHED_BEFORE_USE},
};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum EventKeyError {
    /// The cryptography refuses.
    #[error("a key to sign events with cannot be made")]
    NotDrawn,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The keys that receivers are told of at `now`; the first is made if there is none.
pub async fn published_keys(store: &dyn Store, now: DateTime<Utc>) -> Result<Vec<EventKey>, EventKeyError> {
    let published = |keys: Vec<EventKey>| keys.into_iter().filter(|key| key.is_published(now)).collect();
    let keys = store.begin_read().await?.event_keys().await?;
    if !keys.is_empty() {
        return Ok(published(keys));
    }
    let first = draw(1, now).await?;
    let mut unit = store.begin().await?;
    let added = unit.add_event_key(&first).await;
    match added {
        Ok(()) => unit.save().await?,
        // Another replica was first.
        Err(StoreError::Conflict(_)) => drop(unit),
        Err(error) => return Err(error.into()),
    }
    Ok(published(store.begin_read().await?.event_keys().await?))
}

/// Adds a key, and ends the others after an overlap. `at_once` is for a key that somebody may have seen: it
/// signs nothing more, and what it signed is believed no more.
pub async fn rotate_event_key(
    store: &dyn Store,
    now: DateTime<Utc>,
    at_once: bool,
) -> Result<EventKey, EventKeyError> {
    let keys = store.begin_read().await?.event_keys().await?;
    let number = keys.iter().map(|key| key.number).max().unwrap_or_default() + 1;
    let (signs_from, ends_at) = if at_once || keys.is_empty() {
        (now, now)
    } else {
        (now + KEY_PUBLISHED_BEFORE_USE, now + KEY_PUBLISHED_BEFORE_USE + KEY_OVERLAP)
    };
    let new = draw(number, signs_from).await?;
    let mut unit = store.begin().await?;
    unit.add_event_key(&new).await?;
    for key in keys.iter().filter(|key| key.ends_at.is_none_or(|end| ends_at < end)) {
        unit.end_event_key(key.number, ends_at).await?;
    }
    unit.save().await?;
    Ok(new)
}

/// Draws a key that signs from `signs_from`: RSA with 2,048 bits for RS256, the one algorithm that the CAEP
/// interoperability profile 1.0 (section 2.7) lets a transmitter use. It takes a good part of a second.
async fn draw(number: u32, signs_from: DateTime<Utc>) -> Result<EventKey, EventKeyError> {
    let drawn = tokio::task::spawn_blocking(move || drawn(number, signs_from)).await;
    drawn.ok().flatten().ok_or(EventKeyError::NotDrawn)
}

fn drawn(number: u32, signs_from: DateTime<Utc>) -> Option<EventKey> {
    let pair = KeyPair::generate(KeySize::Rsa2048).ok()?;
    let private = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).ok()?;
    let private = Zeroizing::new(private.as_ref().to_vec());
    let public = pair.public_key();
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let n = encode(public.modulus().big_endian_without_leading_zero());
    let e = encode(public.exponent().big_endian_without_leading_zero());
    // Its name is its thumbprint (RFC 7638).
    let kid = encode(&Sha256::digest(format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#)));
    let public = serde_json::json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": n, "e": e});
    Some(EventKey { number, kid, public, private, signs_from, ends_at: None })
}

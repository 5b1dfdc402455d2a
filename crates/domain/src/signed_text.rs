//! Texts that only Kinlink can have made: some bytes, the key generation and a keyed hash over the bytes, in
//! base64url. Whoever has one can show it, and change nothing in it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::port::{KeyId, KeyedHash, Purpose, Vault};

/// The text that carries these bytes.
pub fn write(purpose: Purpose, signed: &[u8], vault: &dyn Vault) -> String {
    let hash = vault.keyed_hash(purpose, signed);
    URL_SAFE_NO_PAD.encode([signed, &hash.key.0.to_be_bytes(), &hash.bytes].concat())
}

/// The bytes that a text carries, if Kinlink made it for this purpose.
pub fn read<const SIGNED: usize>(purpose: Purpose, text: &str, vault: &dyn Vault) -> Option<[u8; SIGNED]> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (signed, rest) = bytes.split_first_chunk::<SIGNED>()?;
    let (key, hash) = rest.split_first_chunk::<2>()?;
    let hash = KeyedHash { key: KeyId(u16::from_be_bytes(*key)), bytes: hash.try_into().ok()? };
    vault.verify(purpose, signed, &hash).then_some(*signed)
}

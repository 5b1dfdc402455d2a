use std::{collections::BTreeMap, fmt};

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hmac::{Hmac, Mac};
use kinlink_domain::port::{KeyId, KeyedHash, Purpose, Random, Sealed, UnsealError, Vault};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::OsRandom;

type HmacSha256 = Hmac<Sha256>;
pub(crate) type Key = Zeroizing<[u8; 32]>;

const NONCE: usize = 24;
const PURPOSES: [Purpose; 13] = [
    Purpose::InvitationCode,
    Purpose::ClaimCode,
    Purpose::ApiKey,
    Purpose::AccessToken,
    Purpose::Audit,
    Purpose::Address,
    Purpose::PatientIndex,
    Purpose::Idempotency,
    Purpose::Demographics,
    Purpose::RecoveryCode,
    Purpose::StepUp,
    Purpose::Contacts,
    Purpose::DisputeToken,
];

/// A set of keys that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyRingError {
    /// The current generation is not among the keys.
    #[error("the current key, {}, is not among the keys", .0.0)]
    NoCurrentKey(KeyId),
}

/// The server's keys, by generation, with one derived for each purpose.
///
/// Sealing is XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha): its 24-byte nonces may be drawn at random for
/// any number of rows. Hashing is HMAC-SHA-256 (RFC 2104). Each derived key is the HMAC of its purpose's
/// name under the master key, which is the expansion step of HKDF (RFC 5869) for one block.
pub struct KeyRing {
    masters: BTreeMap<KeyId, Key>,
    index_master: Key,
    current: KeyId,
    generations: BTreeMap<KeyId, Generation>,
    index: Vec<HmacSha256>,
}

struct Generation {
    hashers: Vec<HmacSha256>,
    cipher: XChaCha20Poly1305,
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").field("current", &self.current).finish_non_exhaustive()
    }
}

impl KeyRing {
    /// A ring of these master keys; `current` makes new hashes and ciphertexts.
    pub fn new(masters: BTreeMap<KeyId, Key>, current: KeyId, index: Key) -> Result<Self, KeyRingError> {
        if !masters.contains_key(&current) {
            return Err(KeyRingError::NoCurrentKey(current));
        }
        let generations = masters.iter().map(|(id, master)| (*id, Generation::derive(master))).collect();
        let hashers = PURPOSES.map(|purpose| hasher(&derive(&index, &label("index", purpose)))).to_vec();
        Ok(Self { masters, index_master: index, current, generations, index: hashers })
    }

    /// A ring of one new master key.
    pub fn generate(random: &dyn Random) -> Self {
        let draw = || {
            let mut key = Key::new([0; 32]);
            random.fill(key.as_mut());
            key
        };
        let current = KeyId(1);
        let (master, index_master) = (draw(), draw());
        let generations = BTreeMap::from([(current, Generation::derive(&master))]);
        let index = PURPOSES.map(|purpose| hasher(&derive(&index_master, &label("index", purpose)))).to_vec();
        Self { masters: BTreeMap::from([(current, master)]), index_master, current, generations, index }
    }

    pub(crate) fn masters(&self) -> impl Iterator<Item = (KeyId, &Key)> {
        self.masters.iter().map(|(id, key)| (*id, key))
    }

    pub(crate) const fn index_master(&self) -> &Key {
        &self.index_master
    }

    pub(crate) const fn current(&self) -> KeyId {
        self.current
    }

    #[expect(clippy::indexing_slicing, reason = "both constructors refuse a ring without its current key")]
    fn current_generation(&self) -> &Generation {
        &self.generations[&self.current]
    }
}

impl Generation {
    fn derive(master: &Key) -> Self {
        Self {
            hashers: PURPOSES.map(|purpose| hasher(&derive(master, &label("hash", purpose)))).to_vec(),
            cipher: XChaCha20Poly1305::new((&*derive(master, "kinlink/seal")).into()),
        }
    }
}

fn label(use_of_key: &str, purpose: Purpose) -> String {
    format!("kinlink/{use_of_key}/{purpose:?}")
}

fn derive(master: &Key, label: &str) -> Key {
    let mut mac = hasher(master);
    mac.update(label.as_bytes());
    mac.update(&[1]);
    Key::new(mac.finalize().into_bytes().into())
}

#[expect(clippy::expect_used, reason = "RFC 2104 takes keys of any length")]
fn hasher(key: &Key) -> HmacSha256 {
    <HmacSha256 as KeyInit>::new_from_slice(&**key).expect("HMAC takes keys of any length")
}

fn position(purpose: Purpose) -> usize {
    PURPOSES.iter().position(|known| *known == purpose).unwrap_or_default()
}

impl Vault for KeyRing {
    fn keyed_hash(&self, purpose: Purpose, input: &[u8]) -> KeyedHash {
        let mut mac = self.current_generation().hashers[position(purpose)].clone();
        mac.update(input);
        KeyedHash { key: self.current, bytes: mac.finalize().into_bytes().into() }
    }

    fn verify(&self, purpose: Purpose, input: &[u8], expected: &KeyedHash) -> bool {
        let Some(generation) = self.generations.get(&expected.key) else { return false };
        let mut mac = generation.hashers[position(purpose)].clone();
        mac.update(input);
        mac.verify_slice(&expected.bytes).is_ok()
    }

    fn index_hash(&self, purpose: Purpose, input: &[u8]) -> [u8; 16] {
        let mut mac = self.index[position(purpose)].clone();
        mac.update(input);
        let full: [u8; 32] = mac.finalize().into_bytes().into();
        let mut short = [0; 16];
        short.copy_from_slice(&full[..16]);
        short
    }

    #[expect(clippy::expect_used, reason = "encrypting fails only beyond 256 GiB")]
    fn seal(&self, row: &[u8], plain: &[u8]) -> Sealed {
        let mut nonce = [0; NONCE];
        OsRandom.fill(&mut nonce);
        let payload = Payload { msg: plain, aad: row };
        let sealed = self
            .current_generation()
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .expect("a row is shorter than 256 GiB");
        Sealed { key: self.current, bytes: [nonce.as_slice(), &sealed].concat() }
    }

    fn open(&self, row: &[u8], sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, UnsealError> {
        let generation = self.generations.get(&sealed.key).ok_or(UnsealError::UnknownKey(sealed.key))?;
        let (nonce, ciphertext) = sealed.bytes.split_first_chunk::<NONCE>().ok_or(UnsealError::Forged)?;
        let payload = Payload { msg: ciphertext, aad: row };
        generation
            .cipher
            .decrypt(&XNonce::from(*nonce), payload)
            .map(Zeroizing::new)
            .map_err(|_| UnsealError::Forged)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(byte: u8) -> Key {
        Key::new([byte; 32])
    }

    fn ring() -> KeyRing {
        KeyRing::new(BTreeMap::from([(KeyId(1), key(1))]), KeyId(1), key(9)).unwrap()
    }

    fn rotated() -> KeyRing {
        let keys = BTreeMap::from([(KeyId(1), key(1)), (KeyId(2), key(2))]);
        KeyRing::new(keys, KeyId(2), key(9)).unwrap()
    }

    #[test]
    fn a_ring_without_its_current_key_is_refused() {
        let error = KeyRing::new(BTreeMap::new(), KeyId(1), key(9)).unwrap_err();
        assert_eq!(error, KeyRingError::NoCurrentKey(KeyId(1)));
    }

    #[test]
    fn after_a_rotation_the_old_generation_still_opens_and_verifies() {
        let sealed = ring().seal(b"row", b"plain");
        let hash = ring().keyed_hash(Purpose::ApiKey, b"input");
        assert_eq!(rotated().open(b"row", &sealed).unwrap().as_slice(), b"plain");
        assert!(rotated().verify(Purpose::ApiKey, b"input", &hash));
        assert_eq!(rotated().seal(b"row", b"plain").key, KeyId(2));
        assert_eq!(
            ring().index_hash(Purpose::PatientIndex, b"x"),
            rotated().index_hash(Purpose::PatientIndex, b"x")
        );
    }

    #[test]
    fn a_key_that_is_gone_opens_and_verifies_nothing() {
        let sealed = rotated().seal(b"row", b"plain");
        let hash = rotated().keyed_hash(Purpose::ApiKey, b"input");
        assert_eq!(ring().open(b"row", &sealed), Err(UnsealError::UnknownKey(KeyId(2))));
        assert!(!ring().verify(Purpose::ApiKey, b"input", &hash));
    }

    #[test]
    fn no_purpose_shares_a_key_with_another() {
        let hashes: std::collections::HashSet<_> = PURPOSES
            .iter()
            .flat_map(|p| {
                [ring().keyed_hash(*p, b"x").bytes[..16].to_vec(), ring().index_hash(*p, b"x").to_vec()]
            })
            .collect();
        assert_eq!(hashes.len(), PURPOSES.len() * 2);
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_for_its_row_only(plain: Vec<u8>, row: Vec<u8>, other: Vec<u8>) {
            let sealed = ring().seal(&row, &plain);
            let opened = ring().open(&row, &sealed).unwrap();
            prop_assert_eq!(opened.as_slice(), plain.as_slice());
            prop_assume!(other != row);
            prop_assert_eq!(ring().open(&other, &sealed), Err(UnsealError::Forged));
        }

        #[test]
        fn any_flipped_bit_is_found(plain: Vec<u8>, at: prop::sample::Index, bit in 0..8_u8) {
            let mut sealed = ring().seal(b"row", &plain);
            let at = at.index(sealed.bytes.len());
            sealed.bytes[at] ^= 1 << bit;
            prop_assert_eq!(ring().open(b"row", &sealed), Err(UnsealError::Forged));
        }
    }
}

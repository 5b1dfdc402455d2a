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
/// A set of keys that cannot be used, or not be changed like that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyRingError {
    /// The current generation is not among the keys.
    #[error("the current key, {}, is not among the keys", .0.0)]
    NoCurrentKey(KeyId),
    /// There is no such key.
    #[error("there is no key {}", .0.0)]
    NoSuchKey(KeyId),
    /// The current key is needed.
    #[error("key {} is the current one", .0.0)]
    IsCurrent(KeyId),
    /// Keys are numbered up to 65,535.
    #[error("there is no number left for another key")]
    NoNumberLeft,
}

/// The server's keys, by generation, with one derived for each purpose.
///
/// Sealing is XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha): its 24-byte nonces may be drawn at random for
/// any number of rows. Hashing is HMAC-SHA-256 (RFC 2104). Each derived key is the HMAC of its purpose's
/// name under the master key, which is the expansion step of HKDF (RFC 5869) for one block.
///
/// Of a key that was retired only what was derived from it for the audit is left: it opens nothing, and entries that
/// were chained with it can still be checked.
pub struct KeyRing {
    masters: BTreeMap<KeyId, Key>,
    retired: BTreeMap<KeyId, Key>,
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
        let hashers = hashers("index", &index);
        let retired = BTreeMap::new();
        Ok(Self { masters, retired, index_master: index, current, generations, index: hashers })
    }

    /// A ring of one new master key.
    pub fn generate(random: &dyn Random) -> Self {
        let current = KeyId(1);
        let (master, index_master) = (draw(random), draw(random));
        let generations = BTreeMap::from([(current, Generation::derive(&master))]);
        let index = hashers("index", &index_master);
        let masters = BTreeMap::from([(current, master)]);
        Self { masters, retired: BTreeMap::new(), index_master, current, generations, index }
    }

    /// The keys that open and verify, in order.
    pub fn keys(&self) -> Vec<KeyId> {
        self.masters.keys().copied().collect()
    }

    /// The keys of which only the audit's part is left, in order.
    pub fn retired_keys(&self) -> Vec<KeyId> {
        self.retired.keys().copied().collect()
    }

    /// Adds a new master key, which is not the current one yet: first every replica must have it. No number is given
    /// out twice.
    pub fn add(&mut self, random: &dyn Random) -> Result<KeyId, KeyRingError> {
        let last = self.masters.keys().chain(self.retired.keys()).max().map_or(0, |id| id.0);
        let id = KeyId(last.checked_add(1).ok_or(KeyRingError::NoNumberLeft)?);
        let master = draw(random);
        self.generations.insert(id, Generation::derive(&master));
        self.masters.insert(id, master);
        Ok(id)
    }

    /// Has this key make new hashes and ciphertexts.
    pub fn make_current(&mut self, id: KeyId) -> Result<(), KeyRingError> {
        if !self.masters.contains_key(&id) {
            return Err(KeyRingError::NoSuchKey(id));
        }
        self.current = id;
        Ok(())
    }

    /// Forgets a key, but for what is needed to check the audit.
    pub fn retire(&mut self, id: KeyId) -> Result<(), KeyRingError> {
        if id == self.current {
            return Err(KeyRingError::IsCurrent(id));
        }
        let master = self.masters.remove(&id).ok_or(KeyRingError::NoSuchKey(id))?;
        self.generations.remove(&id);
        self.retired.insert(id, derive(&master, &label("hash", Purpose::Audit)));
        Ok(())
    }

    /// What is left of keys that were retired.
    pub(crate) fn with_retired(self, retired: BTreeMap<KeyId, Key>) -> Self {
        Self { retired, ..self }
    }

    pub(crate) fn masters(&self) -> impl Iterator<Item = (KeyId, &Key)> {
        self.masters.iter().map(|(id, key)| (*id, key))
    }

    pub(crate) fn retired(&self) -> impl Iterator<Item = (KeyId, &Key)> {
        self.retired.iter().map(|(id, key)| (*id, key))
    }

    pub(crate) const fn index_master(&self) -> &Key {
        &self.index_master
    }

    #[expect(clippy::indexing_slicing, reason = "both constructors refuse a ring without its current key")]
    fn current_generation(&self) -> &Generation {
        &self.generations[&self.current]
    }
}

impl Generation {
    fn derive(master: &Key) -> Self {
        Self {
            hashers: hashers("hash", master),
            cipher: XChaCha20Poly1305::new((&*derive(master, "kinlink/seal")).into()),
        }
    }
}

fn draw(random: &dyn Random) -> Key {
    let mut key = Key::new([0; 32]);
    random.fill(key.as_mut());
    key
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

/// A hasher for each purpose, in the order of [`Purpose::ALL`], which is that of the enum.
fn hashers(use_of_key: &str, master: &Key) -> Vec<HmacSha256> {
    let of = |purpose: &Purpose| hasher(&derive(master, &label(use_of_key, *purpose)));
    Purpose::ALL.iter().map(of).collect()
}

impl Vault for KeyRing {
    fn current_key(&self) -> KeyId {
        self.current
    }

    fn keyed_hash(&self, purpose: Purpose, input: &[u8]) -> KeyedHash {
        let mut mac = self.current_generation().hashers[purpose as usize].clone();
        mac.update(input);
        KeyedHash { key: self.current, bytes: mac.finalize().into_bytes().into() }
    }

    fn verify(&self, purpose: Purpose, input: &[u8], expected: &KeyedHash) -> bool {
        let mut mac = match (self.generations.get(&expected.key), self.retired.get(&expected.key)) {
            (Some(generation), _) => generation.hashers[purpose as usize].clone(),
            (None, Some(key)) if purpose == Purpose::Audit => hasher(key),
            (None, _) => return false,
        };
        mac.update(input);
        mac.verify_slice(&expected.bytes).is_ok()
    }

    fn index_hash(&self, purpose: Purpose, input: &[u8]) -> [u8; 16] {
        let mut mac = self.index[purpose as usize].clone();
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
    fn a_new_key_is_not_current_until_it_is_made_so_and_no_number_comes_twice() {
        let mut ring = ring();
        assert_eq!(ring.add(&OsRandom), Ok(KeyId(2)));
        assert_eq!(ring.current_key(), KeyId(1));
        assert_eq!(ring.make_current(KeyId(3)), Err(KeyRingError::NoSuchKey(KeyId(3))));
        ring.make_current(KeyId(2)).unwrap();
        assert_eq!(ring.seal(b"row", b"plain").key, KeyId(2));
        assert_eq!(ring.retire(KeyId(2)), Err(KeyRingError::IsCurrent(KeyId(2))));
        ring.make_current(KeyId(1)).unwrap();
        ring.retire(KeyId(2)).unwrap();
        assert_eq!(ring.add(&OsRandom), Ok(KeyId(3)));
        assert_eq!(ring.keys(), [KeyId(1), KeyId(3)]);
    }

    #[test]
    fn a_retired_key_verifies_the_audit_and_opens_and_verifies_nothing_else() {
        let mut ring = rotated();
        let old = super::tests::ring();
        let sealed = old.seal(b"row", b"x");
        let [entry, code] = [Purpose::Audit, Purpose::ApiKey].map(|of| old.keyed_hash(of, b"entry"));
        ring.retire(KeyId(1)).unwrap();
        assert!(ring.verify(Purpose::Audit, b"entry", &entry));
        assert!(!ring.verify(Purpose::Audit, b"other", &entry));
        assert!(!ring.verify(Purpose::ApiKey, b"entry", &code));
        assert_eq!(ring.open(b"row", &sealed), Err(UnsealError::UnknownKey(KeyId(1))));
        assert_eq!(ring.retire(KeyId(1)), Err(KeyRingError::NoSuchKey(KeyId(1))));
    }

    #[test]
    fn no_purpose_shares_a_key_with_another() {
        let hashes: std::collections::HashSet<_> = Purpose::ALL
            .iter()
            .flat_map(|p| {
                [ring().keyed_hash(*p, b"x").bytes[..16].to_vec(), ring().index_hash(*p, b"x").to_vec()]
            })
            .collect();
        assert_eq!(hashes.len(), Purpose::ALL.len() * 2);
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

//! Time, randomness and keys, as the domain asks for them.

use std::fmt;

use chrono::{DateTime, Utc};
use zeroize::Zeroizing;

/// Tells the time. Nothing else in Kinlink may.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The present, to the microsecond (what PostgreSQL keeps).
    fn now(&self) -> DateTime<Utc>;
}

/// A cryptographically secure source of random bytes.
pub trait Random: Send + Sync + fmt::Debug {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

macro_rules! purposes {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What a key is used for. Each purpose has its own derived key, so that a hash made for one can never
        /// stand for another.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Purpose {
            $($(#[$doc])* $name,)*
        }

        impl Purpose {
            /// Every purpose.
            pub const ALL: &[Self] = &[$(Self::$name,)*];
        }
    };
}

purposes! {
    /// The secret half of an invitation code.
    InvitationCode,
    /// The code that confirms a claim.
    ClaimCode,
    /// The secret half of a code that makes somebody a proxy.
    GrantCode,
    /// An API key of a client.
    ApiKey,
    /// An access token that Kinlink's token endpoint issued to a client.
    AccessToken,
    /// An entry of the audit chain.
    Audit,
    /// A network address in an attempt counter.
    Address,
    /// An entry of the patient index (an identifier, a blocking key).
    PatientIndex,
    /// An idempotency key and the request it was sent with.
    Idempotency,
    /// Whether imported demographics differ from those on record.
    Demographics,
    /// A recovery code of an authenticator.
    RecoveryCode,
    /// A bearer token that a code was given with.
    StepUp,
    /// Whether imported contacts differ from those on record.
    Contacts,
    /// The "this was not me" link in a notice.
    DisputeToken,
    /// The URL of a picker.
    PickerToken,
    /// What the browser that opened a picker keeps.
    PickerBrowser,
    /// What a FHIR server shows when it tells of a change.
    SourceToken,
}

/// Which generation of the server's keys made a hash or a ciphertext.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(pub u16);

/// A keyed hash (HMAC-SHA-256) with the key that made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyedHash {
    /// The key generation.
    pub key: KeyId,
    /// The 32 bytes of the hash.
    pub bytes: [u8; 32],
}

/// Bytes encrypted with authentication (AEAD), bound to the row they belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The key generation.
    pub key: KeyId,
    /// Nonce and ciphertext.
    pub bytes: Vec<u8>,
}

/// A ciphertext that its key does not open: damaged, moved from another row, or of a missing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnsealError {
    /// The key generation is not in the key ring.
    #[error("key {} is not in the key ring", .0.0)]
    UnknownKey(KeyId),
    /// The ciphertext is damaged or belongs to another row.
    #[error("the ciphertext does not belong here or was changed")]
    Forged,
}

/// The server's keys. They never leave the implementation.
pub trait Vault: Send + Sync + fmt::Debug {
    /// The key that new hashes and ciphertexts are made with.
    fn current_key(&self) -> KeyId;

    /// Hashes with the current key.
    fn keyed_hash(&self, purpose: Purpose, input: &[u8]) -> KeyedHash;

    /// Whether `input` has this hash, in constant time; false when the key is gone.
    fn verify(&self, purpose: Purpose, input: &[u8], expected: &KeyedHash) -> bool;

    /// A hash to find rows by. Its key is not rotated with the others, since every row would have to be
    /// written again (docs/operations.md says what that would take).
    fn index_hash(&self, purpose: Purpose, input: &[u8]) -> [u8; 16];

    /// Encrypts `plain`; only the same `row` opens it again.
    fn seal(&self, row: &[u8], plain: &[u8]) -> Sealed;

    /// Decrypts what [`Vault::seal`] made for the same `row`.
    fn open(&self, row: &[u8], sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, UnsealError>;
}

/// Deterministic ports for unit tests of this crate.
#[cfg(test)]
pub(crate) mod testing {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::Random;

    /// Random bytes that are reproducible and never the same twice (SplitMix64).
    #[derive(Debug, Default)]
    pub(crate) struct CountingRandom(AtomicU64);

    impl Random for CountingRandom {
        fn fill(&self, bytes: &mut [u8]) {
            for chunk in bytes.chunks_mut(8) {
                let mut z = self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
                z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
                z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
                chunk.copy_from_slice(&(z ^ (z >> 31)).to_le_bytes()[..chunk.len()]);
            }
        }
    }
}

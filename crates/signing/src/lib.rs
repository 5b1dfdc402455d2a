//! What Kinlink signs, and the keys that it signs with: made here, sealed in the database, shared by all replicas,
//! followed by new ones in time, and published.
//!
//! Answers of the picker are signed with ES256, which is short and quick. Events are signed with RS256 and 2,048 bits:
//! the CAEP interoperability profile 1.0 (section 2.7) lets a transmitter use nothing else.

mod keys;
mod pair;
mod signer;

use kinlink_domain::store::StoreError;

pub use keys::{published_keys, rotate_key};
pub use signer::Signer;

/// Why there is no key, or no signature.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    /// No key can be made, or the stored one cannot be used.
    #[error("there is no key to sign with")]
    Key,
    /// Storage failed.
    #[error("the keys to sign with cannot be read or written")]
    Store(#[from] StoreError),
}

//! The domain's ports to keys, time and randomness, for production; and movable ones for tests.
//!
//! Keys never leave this crate. A KMS takes the place of [`KeyRing`] by implementing the same `Vault` port.

mod clock;
mod file;
mod ring;
pub mod testing;

pub use clock::{OsRandom, SystemClock};
pub use file::KeyFileError;
pub use ring::{KeyRing, KeyRingError};

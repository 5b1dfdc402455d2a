//! Keys and signatures, on SQLite and PostgreSQL alike; signatures are checked by another library.
#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

mod replicas;
mod rotation;
mod verifier;

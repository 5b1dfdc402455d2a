//! Pulling from a FHIR server over real HTTP, on SQLite and PostgreSQL alike.
#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

mod client_key;
mod following;
mod server;
mod sharing;
mod signing_in;

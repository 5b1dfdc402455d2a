//! Storage on SQLite and PostgreSQL alike.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends where something is not as it should be")]

mod audit;
mod feed;
mod outbox;
mod patients;
mod redeem;
mod small_ports;

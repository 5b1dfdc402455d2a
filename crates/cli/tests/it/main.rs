//! The `kinlink` command as a person runs it: the built binary, in a folder of its own.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends where something is not as it should be")]

mod administration;
mod audit;
mod configuration;
mod connect;
mod endings;
mod events;
mod explain;
mod import;
mod index;
mod invite;
mod keys;
mod killed;
mod kinlink;
mod policy;
mod provision;
mod pull;
mod signing_keys;
mod walkthrough;

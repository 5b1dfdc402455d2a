//! Storage on SQLite and PostgreSQL alike.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends where something is not as it should be")]

mod approvals;
mod at_rest;
mod attempts;
mod audit;
mod authenticators;
mod candidates;
mod claims;
mod clients;
mod connections;
mod directory;
mod disputed_merges;
mod disputes;
mod family_model;
mod feed;
mod history;
mod idempotency;
mod imports;
mod invitations;
mod links;
mod merged_family;
mod merges;
mod outbox;
mod own_links;
mod patients;
mod redeem;
mod reseal;
mod schema;
mod signing_keys;
mod turns;

//! Attributes are kept true at doubles of Keycloak and Microsoft Graph, on both databases.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends where something is not as it should be")]

mod check;
mod graph;
mod keycloak;
mod preview;
mod queue;
mod reconcile;
mod secrets;
mod stage;
mod sweep;

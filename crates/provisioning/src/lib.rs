//! Keeps user attributes true at authorization servers that have no hook: Keycloak by its Admin REST API,
//! Microsoft Entra by Microsoft Graph.
//!
//! [`Provisioner`] sends what is due and reconciles, on every replica. What the attributes say is decided in
//! the domain, when it is sent. Nothing that a server answers reaches a log but its status and its own code for
//! what is wrong: its words may quote a person.

mod account;
mod provisioner;
mod reconcile;
mod server;
mod sweep;

pub use provisioner::Provisioner;
pub use server::{Remark, ServerError, SetupError, Weight, check};

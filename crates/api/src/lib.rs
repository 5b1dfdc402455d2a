//! Kinlink over HTTP: the JSON API with its OpenAPI document, the token endpoint for authorization servers,
//! health and metrics. Knows no SQL.
//!
//! Each operation is one file under `v1/`, each page one under `pages/`; a handler parses, asks who calls, begins a unit of work, calls
//! one service of the domain, and saves.

mod application;
mod authzen;
mod claim_worker;
mod connections_cache;
mod docs;
mod extract;
mod fhir;
mod health;
mod hooks;
mod idempotency;
mod links_cache;
mod lookup_audit;
mod not_me;
mod oauth;
mod observe;
pub mod openapi;
pub mod pages;
mod problem;
mod ssf;
mod state;
mod trusted_proxy;
mod turn_worker;
mod v1;

pub use application::{Application, ExtraRoutes, StartError};
pub use claim_worker::ClaimWorker;
pub use problem::{Problem, ProblemType, catalogue_markdown};
pub use state::ApiSettings;
pub use trusted_proxy::{InvalidProxy, TrustedProxy};
pub use turn_worker::TurnWorker;

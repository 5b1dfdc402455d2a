//! Follows FHIR servers: reads the Patients that changed and takes them as an import does.
//!
//! A run asks for `Patient?_lastUpdated=ge…&_sort=_lastUpdated` and follows `next` links (FHIR R4, "Search"). Each
//! page is written in one transaction with the moment that has been reached, so a run that breaks off anywhere goes on
//! from there, and records that are seen twice change nothing. Replicas share the work by a lease.

mod error;
mod page;
mod pull;
mod retry;
mod server;
mod token;
mod worker;

pub use error::{PullError, SetupError};
pub use pull::{Pace, Puller, Watch};
pub use token::check_key;
pub use worker::PullWorker;

//! The demo: Kinlink with everything that in production belongs to others (an identity provider, a
//! mailbox, synthetic patients, an authorization server), so that one command shows it at work.
//!
//! Nothing here is linked into a production path: `kinlink serve` cannot start any of it.

mod home;
pub mod idp;
mod mailbox;
mod people;
mod start;
pub mod walkthrough;

pub use start::{DemoOptions, run};

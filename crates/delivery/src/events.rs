//! Events to clients: SETs pushed (RFC 8935), SETs to be polled (RFC 8936), and webhooks after Standard Webhooks.
//!
//! An event is worded when it is sent, from the account's links at that moment; so one that had to wait tells
//! what is true now, and its id tells that it is the same event.

mod receiver;
mod send;
mod set;
mod verdict;
mod wake;
mod webhook;
mod worker;

pub use receiver::{InvalidReceiver, ReceiverRules};
pub use set::polled_set;
pub use wake::{EventEar, EventWake};
pub use worker::EventWorker;

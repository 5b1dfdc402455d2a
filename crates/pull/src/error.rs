use chrono::TimeDelta;
use kinlink_domain::{
    source::{LeaseLost, SourceBusy},
    store::StoreError,
};

/// Why a run ended early. What was written before stays, and the next run goes on from there. Nothing here quotes what
/// the server said, which may be somebody's data.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// There is no such source.
    #[error("there is no such source")]
    NotFound,
    /// Somebody else pulls it.
    #[error(transparent)]
    Busy(#[from] SourceBusy),
    /// Somebody else took it over.
    #[error(transparent)]
    LeaseLost(#[from] LeaseLost),
    /// It was stopped.
    #[error("it was stopped")]
    Stopped,
    /// The server refuses, and would refuse again.
    #[error("the server answered {what} with status {status}")]
    Refused {
        /// What it was asked for.
        what: &'static str,
        /// The HTTP status.
        status: u16,
    },
    /// The server does not answer, or not well, after several tries.
    #[error("the server cannot be reached for {what}: {why}")]
    Unreachable {
        /// What it was asked for.
        what: &'static str,
        /// What happened last.
        why: String,
    },
    /// The server wants to be left alone for longer than a run waits.
    #[error("the server asks for a pause of {} seconds", .0.num_seconds())]
    Pause(TimeDelta),
    /// What the server answered is not what was asked for.
    #[error("the server's answer to {what} is {is}")]
    Malformed {
        /// What it was asked for.
        what: &'static str,
        /// What it is instead.
        is: &'static str,
    },
    /// A `next` link names another server, which must not get our token.
    #[error("a next link leaves the server: its scheme, host or port is another")]
    NextLeaves,
    /// A `next` link leads back to where the run has been.
    #[error("the next links run in a circle")]
    NextCircles,
    /// The private key cannot sign.
    #[error("the private key cannot sign: it must be RSA or P-384, in PKCS #8 PEM")]
    Key,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why nothing can be pulled.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// No HTTP client can be made.
    #[error("no HTTP client can be made: {0}")]
    Client(#[from] reqwest::Error),
}

//! How the command ends: 0 done, 1 a check failed, 2 wrong usage, 3 wrong configuration, 4 the database.

use std::process::ExitCode;

use kinlink_domain::store::StoreError;
use kinlink_persistence::ConnectError;

/// A check found something, and has said what.
pub(crate) const CHECK_FAILED: u8 = 1;
const USAGE: u8 = 2;
const CONFIGURATION: u8 = 3;
const DATABASE: u8 = 4;

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct ConfigurationError(pub(crate) String);

/// What was asked for cannot be done as asked.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) String);

/// Says what went wrong, in one line for each cause.
#[expect(clippy::print_stderr, reason = "this is where the command speaks")]
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    eprintln!("kinlink: {error}");
    for cause in error.chain().skip(1) {
        eprintln!("  because: {cause}");
    }
    ExitCode::from(code(error))
}

fn code(error: &anyhow::Error) -> u8 {
    let caused_by = |test: &dyn Fn(&(dyn std::error::Error + 'static)) -> bool| error.chain().any(test);
    if caused_by(&|cause| cause.is::<ConfigurationError>()) {
        CONFIGURATION
    } else if caused_by(&|cause| cause.is::<UsageError>()) {
        USAGE
    } else if caused_by(&|cause| cause.is::<StoreError>() || cause.is::<ConnectError>()) {
        DATABASE
    } else {
        CHECK_FAILED
    }
}

//! How far a long command is.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar over so many records. Hidden where standard error is no terminal.
pub(crate) fn bar(length: u64) -> anyhow::Result<ProgressBar> {
    let bar = ProgressBar::new(length);
    bar.set_style(ProgressStyle::with_template(
        "{wide_bar} {percent}%  {pos} records, {per_sec}  {elapsed} so far, {eta} left",
    )?);
    Ok(bar)
}

//! What commands print: tables for people, JSON for programs.

use comfy_table::{ContentArrangement, Table, presets::UTF8_FULL_CONDENSED};
use serde::Serialize;

/// How lists are printed.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Format {
    /// Print JSON instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Prints a line to standard output.
#[expect(clippy::print_stdout, reason = "this is where the command speaks")]
pub(crate) fn line(text: impl std::fmt::Display) {
    println!("{text}");
}

/// Prints a remark to standard error, where it does not mix with results.
#[expect(clippy::print_stderr, reason = "this is where the command speaks")]
pub(crate) fn remark(text: impl std::fmt::Display) {
    eprintln!("{text}");
}

/// Prints rows as a table under these headings, or `items` as JSON.
pub(crate) fn list<T: Serialize>(
    format: Format,
    items: &[T],
    headings: &[&str],
    row: impl Fn(&T) -> Vec<String>,
) -> anyhow::Result<()> {
    if format.json {
        line(serde_json::to_string_pretty(items)?);
        return Ok(());
    }
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(headings.iter().copied());
    for item in items {
        table.add_row(row(item));
    }
    line(table);
    Ok(())
}

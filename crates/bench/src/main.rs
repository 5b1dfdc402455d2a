//! Measures Kinlink on this machine and prints what it found, as a table and as JSON.

mod events;
mod hooks;
mod lookup;
mod matching;
mod postgres;
mod print;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(about, version)]
struct Cli {
    #[command(subcommand)]
    measure: Measure,
}

#[derive(Debug, Subcommand)]
enum Measure {
    /// Lookups against a handler of the same server that answers the same bytes from memory.
    Lookup(lookup::Lookup),
    /// Token hooks and the SMART context against the plain lookup.
    Hooks(hooks::Hooks),
    /// Revocations that a receiver hears of.
    Events(events::Events),
    /// Persons found among many records, by what they say of themselves.
    Match(matching::Match),
}

fn main() -> anyhow::Result<()> {
    // Two providers of cryptography are compiled in by way of dependencies; this one is meant.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    match Cli::parse().measure {
        Measure::Lookup(lookup) => lookup.run(),
        Measure::Hooks(hooks) => hooks.run(),
        Measure::Events(events) => events.run(),
        Measure::Match(matching) => matching.run(),
    }
}

//! How well a model finds the records of one person, measured on labelled files.
//!
//! Reads CSV by a map of its columns ([`ColumnMap`]), forms candidate pairs by the same blocking keys as the
//! patient index ([`candidates`]), weighs them ([`score`]), and counts ([`Curve`]). Knows no database and no
//! terminal: progress is told to a [`Progress`].

#![warn(missing_docs)]

mod blocks;
mod curve;
mod map;
mod memory;
mod plot;
mod read;
mod report;
mod score;

pub use blocks::{CandidatePairs, CappedBlocks, candidates};
pub use curve::{Best, Curve, Point};
pub use map::{ColumnMap, InvalidMap};
pub use memory::peak_memory_mb;
pub use plot::svg;
pub use read::{Labelled, ReadError, read, rows};
pub use report::{FalseLink, Report, false_links};
pub use score::score;

/// What one wants to hear of long work.
pub trait Progress: Sync {
    /// A stage begins; `steps` is how many it has, 0 if that is not known.
    fn stage(&self, name: &str, steps: u64);
    /// So many steps are done.
    fn advanced(&self, steps: u64);
}

/// Says nothing.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Progress for Silent {
    fn stage(&self, _: &str, _: u64) {}
    fn advanced(&self, _: u64) {}
}

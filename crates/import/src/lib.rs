//! Reads patients from FHIR NDJSON into storage, in batches and in memory that does not grow with the file.
//!
//! A thread reads and parses, another task writes; between them stands a short queue. Each batch is one
//! transaction and the upsert is idempotent, so an import that is interrupted anywhere can be run again.

mod lines;
mod pipeline;

pub use lines::decompress;
pub use pipeline::{ImportError, ImportOptions, ImportSummary, Progress, import};

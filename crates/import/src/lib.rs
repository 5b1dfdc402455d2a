//! Reads patients from FHIR NDJSON into storage, in batches and in memory that does not grow with the file; and the
//! one way in which records are taken, wherever they come from ([`Taking`]).
//!
//! A thread reads and parses, another task writes; between them stands a short queue. Each batch is one
//! transaction and the upsert is idempotent, so an import that is interrupted anywhere can be run again.

mod lines;
mod pipeline;
mod take;

pub use lines::decompress;
pub use pipeline::{ImportError, ImportOptions, ImportSummary, Progress, import};
pub use take::Taking;

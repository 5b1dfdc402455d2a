//! Evaluation from outside: files in, numbers out.

mod historical;

mod generalises;
mod maps;
mod metrics;
mod recovers;

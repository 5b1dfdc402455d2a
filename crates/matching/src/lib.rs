//! Finds the records that are the same person: pure, knows no database.
//!
//! So far only what invitations need: identifiers, written in one way. Names, dates and addresses join them
//! with the matching of demographics.

mod identifier;

pub use identifier::identifier_key;

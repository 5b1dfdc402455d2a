//! Disputes: a contact on record says "this was not me", and staff decide.

pub(super) mod decide;
pub(super) mod list;
pub(super) mod read;

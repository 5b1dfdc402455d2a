//! A link as staff see it: with its evidence, and its end.

pub(super) mod read;
pub(super) mod revoke;

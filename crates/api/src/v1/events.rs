//! Events that could not be delivered.

pub(crate) mod dead;
pub(crate) mod replay;

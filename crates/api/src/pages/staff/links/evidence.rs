//! Staff add to a link's evidence, and withdraw from it.

pub(in crate::pages) mod add;
pub(in crate::pages) mod withdraw;

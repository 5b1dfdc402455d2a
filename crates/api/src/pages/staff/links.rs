//! A link as staff see it: with its evidence, its suspension, and its end.

pub(super) mod evidence;
pub(super) mod read;
pub(super) mod reinstate;
pub(super) mod revoke;
pub(super) mod suspend;

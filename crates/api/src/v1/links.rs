//! Links: which account may open which record.

pub(crate) mod evidence;
pub(crate) mod explain;
pub(crate) mod lookup;
pub(crate) mod read;
pub(crate) mod reinstate;
pub(crate) mod revoke;
pub(crate) mod suspend;

//! Reviews: what is not beyond doubt, decided by people.

pub(super) mod approve;
pub(super) mod ask;
pub(super) mod decline;
pub(super) mod list;
pub(super) mod read;
mod waterfall;

//! Requests to act for a patient, which staff decide.

pub(super) mod decide;
pub(super) mod list;
pub(super) mod read;

//! What a patient sees of their own.

pub(super) mod end;
pub(super) mod records;
pub(super) mod security;

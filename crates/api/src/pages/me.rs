//! What a patient sees of their own.

pub(super) mod access;
pub(super) mod end;
pub(super) mod others;
pub(super) mod records;
pub(super) mod requests;
pub(super) mod security;

//! The black-box journeys live in `journeys/`; this crate has no library code.

//! SMART App Launch for authorization servers that ask for the context themselves.

pub(crate) mod context;
pub(crate) mod jwks;
pub(crate) mod record;

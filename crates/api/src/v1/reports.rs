//! Reports of what is unusual, for staff to look at.

pub(crate) mod unusual_proxies;

//! kinlink-matching

//! kinlink-persistence

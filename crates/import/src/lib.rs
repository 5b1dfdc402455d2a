//! kinlink-import

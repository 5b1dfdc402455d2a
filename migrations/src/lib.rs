//! kinlink-migrations

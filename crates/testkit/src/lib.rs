//! kinlink-testkit

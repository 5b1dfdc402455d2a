//! kinlink-api

//! kinlink-auth

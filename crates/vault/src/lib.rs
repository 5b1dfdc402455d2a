//! kinlink-vault

//! kinlink-mail

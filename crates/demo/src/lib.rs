//! kinlink-demo

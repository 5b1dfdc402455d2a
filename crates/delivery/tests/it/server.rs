use std::time::Duration;

use kinlink_delivery::{Security, SmtpMailer, SmtpSettings};
use kinlink_testkit::SmtpServer;

/// How to reach a test's mail server.
pub(crate) fn settings(server: &SmtpServer) -> SmtpSettings {
    SmtpSettings {
        host: "localhost".into(),
        port: server.port(),
        security: Security::StartTls,
        credentials: Some(("kinlink".into(), "right".into())),
        timeout: Duration::from_secs(2),
        extra_ca: Some(server.certificate()),
        hello_name: Some("kinlink.example".into()),
    }
}

pub(crate) fn mailer(server: &SmtpServer) -> SmtpMailer {
    SmtpMailer::new(&settings(server)).unwrap()
}

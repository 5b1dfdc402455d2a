use std::{
    io::{BufRead, BufReader},
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use kinlink_delivery::{Security, SmtpMailer, SmtpSettings};

/// A mail server in a process of its own.
pub(crate) struct Server {
    child: Child,
    mails: BufReader<ChildStdout>,
    folder: tempfile::TempDir,
    port: u16,
}

impl Server {
    pub(crate) fn start(mode: &str) -> Self {
        let Some(python) = std::env::var_os("KINLINK_TEST_PYTHON") else {
            panic!(
                "KINLINK_TEST_PYTHON is not set: run the tests with ./test, which installs the mail server"
            )
        };
        let folder = tempfile::tempdir().unwrap();
        let self_signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
        std::fs::write(&certificate, self_signed.cert.pem()).unwrap();
        std::fs::write(&key, self_signed.signing_key.serialize_pem()).unwrap();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/smtp_server.py");
        let mut child = Command::new(python)
            .arg(script)
            .args([&certificate, &key])
            .arg(mode)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut mails = BufReader::new(child.stdout.take().unwrap());
        let mut port = String::new();
        mails.read_line(&mut port).unwrap();
        Self { child, mails, folder, port: port.trim().parse().unwrap() }
    }

    pub(crate) fn settings(&self) -> SmtpSettings {
        SmtpSettings {
            host: "localhost".into(),
            port: self.port,
            security: Security::StartTls,
            credentials: Some(("kinlink".into(), "right".into())),
            timeout: Duration::from_secs(2),
            extra_ca: Some(self.folder.path().join("cert.pem")),
            hello_name: Some("kinlink.example".into()),
        }
    }

    pub(crate) fn mailer(&self) -> SmtpMailer {
        SmtpMailer::new(&self.settings()).unwrap()
    }

    /// The next mail that it took.
    pub(crate) fn mail(&mut self) -> serde_json::Value {
        let mut line = String::new();
        self.mails.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// Stops, and returns how many mails it took beside those that were asked for.
    pub(crate) fn stop(mut self) -> usize {
        drop(self.child.stdin.take());
        self.child.wait().unwrap();
        self.mails.lines().count()
    }
}

use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
};

/// A real mail server (aiosmtpd) in a process of its own: it offers STARTTLS, takes no mail before it, and wants the
/// user `kinlink` with the password `right`.
#[derive(Debug)]
pub struct SmtpServer {
    child: Child,
    mails: BufReader<ChildStdout>,
    folder: tempfile::TempDir,
    port: u16,
}

impl SmtpServer {
    /// Starts one. `mode` is what it does with a mail: take, refuse, greylist, slow or drop.
    pub fn start(mode: &str) -> Self {
        let Some(python) = std::env::var_os("KINLINK_TEST_PYTHON") else {
            panic!(
                "KINLINK_TEST_PYTHON is not set: run the tests with ./test, which installs the mail server"
            )
        };
        let folder = tempfile::tempdir().expect("a mail server for tests");
        let self_signed =
            rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a mail server for tests");
        let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
        std::fs::write(&certificate, self_signed.cert.pem()).expect("a mail server for tests");
        std::fs::write(&key, self_signed.signing_key.serialize_pem()).expect("a mail server for tests");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/smtp_server.py");
        let mut child = Command::new(python)
            .arg(script)
            .args([&certificate, &key])
            .arg(mode)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a mail server for tests");
        let mut mails = BufReader::new(child.stdout.take().expect("a mail server for tests"));
        let mut port = String::new();
        mails.read_line(&mut port).expect("a mail server for tests");
        Self { child, mails, folder, port: port.trim().parse().expect("a mail server for tests") }
    }

    /// Where it listens, on localhost.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The certificate that it shows, in PEM.
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("cert.pem")
    }

    /// The next mail that it took.
    pub fn mail(&mut self) -> serde_json::Value {
        let mut line = String::new();
        self.mails.read_line(&mut line).expect("a mail server for tests");
        serde_json::from_str(&line).expect("a mail server for tests")
    }

    /// Stops, and returns how many mails it took beside those that were asked for.
    pub fn stop(mut self) -> usize {
        drop(self.child.stdin.take());
        self.child.wait().expect("a mail server for tests");
        self.mails.lines().count()
    }
}

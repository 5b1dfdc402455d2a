//! The Node process with all that stands around Kinlink.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::timeout,
};

const NEEDED: &str = "the SMART launches need Node.js 20, Chromium and its driver, and the packages of tests/smart: \
    run the tests with ./test, which installs them (Debian: apt-get install nodejs npm chromium chromium-driver; \
    then npm ci in tests/smart)";

/// Where the sources of the process are.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("smart")
}

/// A command in that folder.
pub(crate) fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    assert!(folder().join("node_modules").is_dir(), "{NEEDED}");
    let mut command = Command::new(program);
    command.current_dir(folder());
    command
}

/// It ends when its stdin does: however a test ends, no browser is left over. (Killed, it could not end the browser.)
pub(crate) struct Outside {
    child: Child,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    /// The authorization server; an issuer.
    pub(crate) login: String,
    /// The FHIR server's base.
    pub(crate) fhir: String,
    /// The app.
    pub(crate) app: String,
    /// The browser's driver.
    pub(crate) driver: String,
}

impl Outside {
    pub(crate) async fn start() -> Self {
        let mut command = command("node");
        let command = command.arg("main.js").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{NEEDED}: {error}"));
        let (stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut lines = BufReader::new(stdout).lines();
        let urls = read(&mut lines).await;
        let url = |name: &str| urls[name].as_str().unwrap().to_owned();
        let (login, fhir, app, driver) = (url("login"), url("fhir"), url("app"), url("driver"));
        Self { child, stdin, lines, login, fhir, app, driver }
    }

    /// Tells it how to reach Kinlink; from then on it answers.
    pub(crate) async fn configure(&mut self, config: &Value) {
        self.stdin.write_all(format!("{config}\n").as_bytes()).await.unwrap();
        assert_eq!(read(&mut self.lines).await["ready"], true);
    }

    pub(crate) async fn end(mut self) {
        drop(self.stdin);
        self.child.wait().await.unwrap();
    }
}

async fn read(lines: &mut Lines<BufReader<ChildStdout>>) -> Value {
    let line = timeout(Duration::from_secs(30), lines.next_line()).await.expect("Node says nothing");
    let line = line.unwrap().unwrap_or_else(|| panic!("the Node process has ended; {NEEDED}"));
    serde_json::from_str(&line).unwrap_or_else(|_| panic!("not expected: {line}"))
}

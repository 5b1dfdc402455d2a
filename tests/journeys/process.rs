//! A process of somebody else's software, of `tests/smart/` or of this folder, that is spoken to in lines of JSON.

use std::{
    ffi::OsString,
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

const NEEDED: &str = "this test needs Node.js 20, Chromium and its driver, and the packages of tests/smart: \
    run the tests with ./test, which installs them (Debian: apt-get install nodejs npm chromium chromium-driver; \
    then npm ci in tests/smart)";

/// Where the sources of the Node processes are.
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

/// A Python that has what tests/requirements.txt lists.
pub(crate) fn python() -> OsString {
    std::env::var_os("KINLINK_TEST_PYTHON").expect(
        "KINLINK_TEST_PYTHON is not set: run the tests with ./test, which prepares a Python environment",
    )
}

/// It ends when its stdin does: however a test ends, nothing that the process started is left over. (Killed, it could
/// not end a browser.)
pub(crate) struct Process {
    child: Child,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// Runs one of the scripts of `tests/smart/`.
    pub(crate) fn node(script: &str) -> Self {
        let mut command = command("node");
        command.arg(script);
        Self::run(command)
    }

    /// Runs one of the scripts of this folder.
    pub(crate) fn python(script: &str) -> Self {
        let mut command = Command::new(python());
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("journeys").join(script));
        Self::run(command)
    }

    fn run(mut command: Command) -> Self {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{NEEDED}: {error}"));
        let (stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, stdin, lines: BufReader::new(stdout).lines() }
    }

    /// What it says next.
    pub(crate) async fn hear(&mut self) -> Value {
        let line = timeout(Duration::from_mins(1), self.lines.next_line()).await.expect("it says nothing");
        let line = line.unwrap().unwrap_or_else(|| panic!("the process has ended; {NEEDED}"));
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("not expected: {line}"))
    }

    /// Tells it something, and hears what it says to that.
    pub(crate) async fn tell(&mut self, line: &Value) -> Value {
        self.stdin.write_all(format!("{line}\n").as_bytes()).await.unwrap();
        self.hear().await
    }

    pub(crate) async fn end(mut self) {
        drop(self.stdin);
        self.child.wait().await.unwrap();
    }
}

/// The code that a page of docs/ shows in the language `js`: the first block that begins with these words.
pub(crate) fn code_of(page: &str, begins: &str) -> String {
    let start = format!("```js\n{begins}");
    let (_, rest) = page.split_once(&start).unwrap_or_else(|| panic!("the page shows no {begins}"));
    format!("{begins}{}\n", rest.split_once("\n```").unwrap().0)
}

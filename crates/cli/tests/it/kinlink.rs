use std::{
    path::Path,
    process::{Command, Output, Stdio},
};

use kinlink_testkit::{Kind, TestDatabase};

/// A folder to work in, with a database and keys.
pub(crate) struct Kinlink {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) database: TestDatabase,
}

/// What the command said.
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    fn new(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        self
    }
}

/// The command in a folder, with nothing of this test's own environment that it would read.
pub(crate) fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kinlink"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("KINLINK_")) {
        command.env_remove(name);
    }
    command.current_dir(folder).stdin(Stdio::null());
    command
}

pub(crate) fn run_in(folder: &Path, args: &[&str]) -> Said {
    Said::new(&command(folder).args(args).output().unwrap())
}

impl Kinlink {
    pub(crate) async fn new(kind: Kind) -> Self {
        let it = Self { folder: tempfile::tempdir().unwrap(), database: TestDatabase::new(kind).await };
        it.run(&["keys", "generate"]).expect(0);
        it
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = command(self.folder.path());
        command.args(["--database-url", self.database.url()]);
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Said {
        Said::new(&self.command().args(args).output().unwrap())
    }

    /// Adds an organization.
    pub(crate) fn with_organization(self) -> Self {
        let fhir = ["--fhir-base", "https://fhir.example/r4"];
        self.run(&[&["organization", "add", "northside", "--name", "Northside"][..], &fhir].concat())
            .expect(0);
        self
    }

    /// Imports these lines for it.
    pub(crate) fn import(&self, lines: &str) -> Said {
        std::fs::write(self.folder.path().join("patients.ndjson"), lines).unwrap();
        self.run(&["import", "patients.ndjson", "--organization", "northside"])
    }

    pub(crate) async fn close(self) {
        self.database.close().await;
    }
}

/// Runs a body on both databases, one after the other.
pub(crate) async fn on_both(body: impl AsyncFn(&Kinlink)) {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let it = Kinlink::new(kind).await.with_organization();
        body(&it).await;
        it.close().await;
    }
}

pub(crate) fn patient(id: &str, version: u32) -> String {
    format!(
        "{{\"resourceType\":\"Patient\",\"id\":\"{id}\",\"meta\":{{\"versionId\":\"{version}\"}},\
         \"birthDate\":\"1984-02-29\",\"name\":[{{\"family\":\"Featherstonehaugh\"}}],\
         \"identifier\":[{{\"system\":\"urn:mrn\",\"value\":\"MRN-{id}\"}}]}}\n"
    )
}

mod reseal;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Subcommand;
use kinlink_domain::{
    port::{KeyId, Vault},
    store::StoreError,
};
use kinlink_persistence::{KeyUse, KeyUseKind};
use kinlink_vault::{KeyFileError, KeyRing, KeyRingError, OsRandom};
use serde::Serialize;

use super::context::{self, Context};
use crate::{
    config::ConfigFlags,
    exit::{ConfigurationError, UsageError},
    output::{self, Format},
};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
To rotate, with several replicas and nobody locked out (docs/operations.md):
  kinlink keys add                  a new key, which nothing uses yet; then: give the file to every replica, restart
                                    each, one after the other
  kinlink keys use 2                the new key is the current one; then: the same again
  kinlink keys reseal               what the old key sealed is sealed anew
  kinlink keys list --uses          what the old key is still needed for
  kinlink keys retire 1             when nothing needs it but the audit")]
pub(crate) struct KeysCommand {
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Make a key file, readable by its owner only. An existing file is never overwritten.
    Generate {
        /// Where; the configured file unless said.
        file: Option<PathBuf>,
    },
    /// Add a new key to the file. Nothing uses it yet: every replica must have it before one does.
    Add {
        /// The key file; the configured one unless said.
        file: Option<PathBuf>,
    },
    /// Have a key of the file seal and hash from now on. First every replica must have it.
    Use {
        /// The key's number.
        #[arg(value_parser = number)]
        key: KeyId,
        /// The key file; the configured one unless said.
        file: Option<PathBuf>,
    },
    /// List the keys of the file by their numbers, and which is current. The keys themselves are never shown.
    List {
        /// Also say what each is needed for, by reading the database.
        #[arg(long)]
        uses: bool,
        /// The key file; the configured one unless said.
        #[arg(conflicts_with = "uses")]
        file: Option<PathBuf>,
        #[command(flatten)]
        format: Format,
    },
    /// Seal with the current key what others sealed.
    #[command(after_help = "\
Safe while the service runs, once every replica has the current key and uses it. What was interrupted is taken up
where it stopped.")]
    Reseal,
    /// Take a key out of the file, but for what the audit is checked with. Refused while anything else needs it.
    Retire {
        /// The key's number.
        #[arg(value_parser = number)]
        key: KeyId,
    },
}

fn number(text: &str) -> Result<KeyId, std::num::ParseIntError> {
    text.parse().map(KeyId)
}

#[derive(Serialize)]
struct Row {
    key: u16,
    state: &'static str,
    /// Rows that are to be opened with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    sealed: Option<u64>,
    /// Rows that are to be compared with what somebody shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    hashed: Option<u64>,
    /// Rows of the audit.
    #[serde(skip_serializing_if = "Option::is_none")]
    audit: Option<u64>,
}

impl KeysCommand {
    pub(crate) async fn run(self, flags: &ConfigFlags) -> anyhow::Result<ExitCode> {
        match self.step {
            Step::Generate { file } => generate(flags, file)?,
            Step::Add { file } => {
                let path = changeable(flags, file)?;
                let key = change(&path, |ring| ring.add(&OsRandom))?;
                output::line(format!("key {} is in {}, and nothing uses it yet", key.0, path.display()));
                output::remark(format!(
                    "Give the file to every replica and restart each; then `kinlink keys use {}`.",
                    key.0
                ));
            }
            Step::Use { key, file } => {
                let path = changeable(flags, file)?;
                change(&path, |ring| ring.make_current(key))?;
                output::line(format!("key {} is the current one in {}", key.0, path.display()));
                output::remark(
                    "Give the file to every replica and restart each; then `kinlink keys reseal`. A replica that lacks \
                     the key cannot read what others write.",
                );
            }
            Step::List { uses, file, format } => list(flags, uses, file, format).await?,
            Step::Reseal => return reseal::run(flags).await,
            Step::Retire { key } => retire(flags, key).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn generate(flags: &ConfigFlags, file: Option<PathBuf>) -> anyhow::Result<()> {
    let file = match file {
        Some(file) => file,
        None => flags.load()?.keys.file,
    };
    KeyRing::generate(&OsRandom).create(&file)?;
    output::line(format!(
        "New keys in {}. Keep a copy: without them the database cannot be read.",
        file.display()
    ));
    Ok(())
}

/// The file to change: the one named, or the configured one, unless the service does not read it.
fn changeable(flags: &ConfigFlags, file: Option<PathBuf>) -> anyhow::Result<PathBuf> {
    match file {
        Some(file) => Ok(file),
        None if std::env::var_os("KINLINK_KEYS").is_some() => Err(UsageError(
            "the keys are in KINLINK_KEYS, which is read in place of the file: write them to a file, name it here, and \
             put what comes of it into the variable"
                .into(),
        )
        .into()),
        None => Ok(flags.load()?.keys.file),
    }
}

fn change<T>(path: &Path, change: impl FnOnce(&mut KeyRing) -> Result<T, KeyRingError>) -> anyhow::Result<T> {
    KeyRing::change(path, change).map_err(|error| refused(path, &error))
}

fn refused(path: &Path, error: &KeyFileError) -> anyhow::Error {
    match error {
        KeyFileError::Ring(error) => UsageError(error.to_string()).into(),
        error => ConfigurationError(format!("key file {}: {error}", path.display())).into(),
    }
}

async fn list(flags: &ConfigFlags, uses: bool, file: Option<PathBuf>, format: Format) -> anyhow::Result<()> {
    let (ring, uses) = match (file, uses) {
        (Some(file), _) => (KeyRing::load(&file).map_err(|error| refused(&file, &error))?, None),
        (None, false) => (context::keys(&flags.load()?)?, None),
        (None, true) => {
            let context = Context::open(flags).await?;
            (context::keys(&context.config)?, Some(uses_now(&context).await?))
        }
    };
    let rows = |key: KeyId, kind: KeyUseKind| uses.as_ref().map(|uses| count(uses, key, kind));
    let row = |key: KeyId, state| Row {
        key: key.0,
        state,
        sealed: rows(key, KeyUseKind::Sealed),
        hashed: rows(key, KeyUseKind::Hashed),
        audit: rows(key, KeyUseKind::Audit),
    };
    let state = |key: KeyId| if key == ring.current_key() { "current" } else { "kept" };
    let held = ring.keys().into_iter().map(|key| row(key, state(key)));
    let retired = ring.retired_keys().into_iter().map(|key| row(key, "retired"));
    let mut listed: Vec<Row> = held.chain(retired).collect();
    for missing in uses.iter().flatten().map(|one| one.key) {
        // Of another file: its rows cannot be read with this one.
        if listed.iter().all(|row| row.key != missing.0) {
            listed.push(row(missing, "missing"));
        }
    }
    listed.sort_by_key(|row| row.key);
    let headings = ["key", "state", "sealed rows", "hashes", "audit"];
    let shown = if uses.is_some() { headings.len() } else { 2 };
    output::list(format, &listed, &headings[..shown], |row| {
        let rows = [row.sealed, row.hashed, row.audit].into_iter().flatten().map(|rows| rows.to_string());
        [row.key.to_string(), row.state.to_owned()].into_iter().chain(rows).collect()
    })
}

async fn uses_now(context: &Context) -> Result<Vec<KeyUse>, StoreError> {
    context.store.key_uses(context.ports.clock.now()).await
}

fn count(uses: &[KeyUse], key: KeyId, kind: KeyUseKind) -> u64 {
    uses.iter().filter(|one| one.key == key && one.kind == kind).map(|one| one.rows).sum()
}

async fn retire(flags: &ConfigFlags, key: KeyId) -> anyhow::Result<()> {
    let path = changeable(flags, None)?;
    let context = Context::open(flags).await?;
    if context.ports.vault.current_key() == key {
        return Err(UsageError(KeyRingError::IsCurrent(key).to_string()).into());
    }
    let uses = uses_now(&context).await?;
    let needed: Vec<_> = uses
        .iter()
        .filter(|one| one.key == key && one.kind != KeyUseKind::Audit)
        .map(|one| {
            let what = if one.kind == KeyUseKind::Sealed { "sealed" } else { "hashed" };
            format!("{} rows of {} {what}", one.rows, one.table)
        })
        .collect();
    if !needed.is_empty() {
        return Err(UsageError(format!(
            "key {} is still needed, for {}; `kinlink keys reseal` seals anew, and hashes end with what they are of \
             (docs/operations.md)",
            key.0,
            needed.join(", ")
        ))
        .into());
    }
    change(&path, |ring| ring.retire(key))?;
    output::line(format!("key {} opens nothing any more; what the audit is checked with is kept", key.0));
    output::remark(
        "Keep the old file with the backups that were made until now: they cannot be read without it.",
    );
    Ok(())
}

//! The key file: TOML with one line per key generation. It is changed by putting another in its place, so that whoever
//! reads it finds the old one or the new one, and both only its owner may read.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{Read, Write},
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use kinlink_domain::port::{KeyId, Vault};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::{KeyRing, KeyRingError, ring::Key};

/// A key file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The file cannot be read or written.
    #[error("the key file cannot be read or written: {0}")]
    Io(#[from] std::io::Error),
    /// Others than the owner may read the file.
    #[error("others may read the key file (mode {mode:o}); run: chmod 600 on it")]
    ReadableByOthers {
        /// The permission bits found.
        mode: u32,
    },
    /// The file is not of the expected form. Nothing of its contents is said.
    #[error("line {line} of the key file is not of the form `1 = \"<32 bytes in base64>\"`")]
    Malformed {
        /// The line, from 1 on; 0 if unknown.
        line: usize,
    },
    /// A key does not have 32 bytes in base64.
    #[error("key `{0}` does not have 32 bytes in base64")]
    InvalidKey(String),
    /// The keys do not fit together, or cannot be changed like that.
    #[error(transparent)]
    Ring(#[from] KeyRingError),
    /// Somebody else changes the file, or was interrupted in it.
    #[error("{} is in the way: another change is under way, or one was interrupted; look, and remove it", .0.display())]
    InTheWay(PathBuf),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    current: u16,
    index: Zeroizing<String>,
    keys: BTreeMap<String, Zeroizing<String>>,
    /// What is left of keys that were retired: the part that checks the audit.
    #[serde(default)]
    retired: BTreeMap<String, Zeroizing<String>>,
}

fn by_id(keys: &BTreeMap<String, Zeroizing<String>>) -> Result<BTreeMap<KeyId, Key>, KeyFileError> {
    let one = |(name, value): (&String, &Zeroizing<String>)| {
        let id = name.parse().map_err(|_| KeyFileError::InvalidKey(name.clone()))?;
        Ok((KeyId(id), decode(name, value)?))
    };
    keys.iter().map(one).collect()
}

impl KeyRing {
    /// Reads keys from text in the form that [`KeyRing::to_toml`] writes.
    pub fn from_toml(text: &str) -> Result<Self, KeyFileError> {
        let file: KeyFile = toml::from_str(text).map_err(|error| KeyFileError::Malformed {
            line: error.span().map_or(0, |span| text[..span.start].lines().count().max(1)),
        })?;
        let ring = Self::new(by_id(&file.keys)?, KeyId(file.current), decode("index", &file.index)?)?;
        Ok(ring.with_retired(by_id(&file.retired)?))
    }

    /// The keys as text. Whoever has it can read everything.
    pub fn to_toml(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::from(
            "# Kinlink's keys. Without them nothing in the database can be read; with them, everything.\n\
             # To rotate them: `kinlink keys add`, and `kinlink keys --help` for what follows.\n",
        ));
        let index = Zeroizing::new(STANDARD.encode(**self.index_master()));
        // Writing to a String does not fail.
        let _ = write!(text, "current = {}\nindex = \"{}\"\n\n[keys]\n", self.current_key().0, *index);
        for (id, key) in self.masters() {
            let _ = writeln!(text, "{} = \"{}\"", id.0, *Zeroizing::new(STANDARD.encode(**key)));
        }
        if self.retired().next().is_some() {
            text.push_str("\n# What is left of keys that were retired: it checks the audit and opens nothing.\n[retired]\n");
        }
        for (id, key) in self.retired() {
            let _ = writeln!(text, "{} = \"{}\"", id.0, *Zeroizing::new(STANDARD.encode(**key)));
        }
        text
    }

    /// Reads the key file, refusing one that others may read.
    pub fn load(path: &Path) -> Result<Self, KeyFileError> {
        let mut file = std::fs::File::open(path)?;
        refuse_readable_by_others(&file)?;
        let mut text = Zeroizing::new(String::new());
        file.read_to_string(&mut text)?;
        Self::from_toml(&text)
    }

    /// Writes a new key file that only its owner may read; fails if there is one already.
    pub fn create(&self, path: &Path) -> Result<(), KeyFileError> {
        let mut file = new_file(path)?;
        file.write_all(self.to_toml().as_bytes())?;
        file.sync_all()?;
        Ok(())
    }

    /// Changes the keys in a file: all of it or nothing, with its owner and permissions kept, and one change at a time.
    pub fn change<T>(
        path: &Path,
        change: impl FnOnce(&mut Self) -> Result<T, KeyRingError>,
    ) -> Result<T, KeyFileError> {
        // Where a link stands, what it points to is replaced.
        let path = path.canonicalize()?;
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".new");
        let new = path.with_file_name(name);
        let file = new_file(&new).map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => KeyFileError::InTheWay(new.clone()),
            _ => error.into(),
        })?;
        let changed = Self::load(&path).and_then(|mut ring| {
            let outcome = change(&mut ring)?;
            put_in_place(file, &new, &path, ring.to_toml().as_bytes())?;
            Ok(outcome)
        });
        if changed.is_err() {
            // What is left then is in the way of the next change, which says so.
            let _ = std::fs::remove_file(&new);
        }
        changed
    }
}

fn new_file(path: &Path) -> std::io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A process that runs as another user must still be able to read its keys, so the owner stays.
fn put_in_place(mut file: std::fs::File, new: &Path, path: &Path, text: &[u8]) -> std::io::Result<()> {
    file.write_all(text)?;
    let before = std::fs::metadata(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};
        let mine = file.metadata()?;
        if (mine.uid(), mine.gid()) != (before.uid(), before.gid()) {
            fchown(&file, Some(before.uid()), Some(before.gid()))?;
        }
    }
    file.set_permissions(before.permissions())?;
    file.sync_all()?;
    std::fs::rename(new, path)?;
    // So that the new name outlasts a power failure.
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        std::fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

fn decode(name: &str, value: &str) -> Result<Key, KeyFileError> {
    let invalid = || KeyFileError::InvalidKey(name.to_owned());
    let bytes = Zeroizing::new(STANDARD.decode(value).map_err(|_| invalid())?);
    let key: &[u8; 32] = bytes.as_slice().try_into().map_err(|_| invalid())?;
    Ok(Key::new(*key))
}

#[cfg(unix)]
fn refuse_readable_by_others(file: &std::fs::File) -> Result<(), KeyFileError> {
    let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata()?.permissions()) & 0o777;
    let of_others = mode & 0o077;
    if of_others == 0 { Ok(()) } else { Err(KeyFileError::ReadableByOthers { mode }) }
}

#[cfg(not(unix))]
fn refuse_readable_by_others(_: &std::fs::File) -> Result<(), KeyFileError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use kinlink_domain::port::{Purpose, Vault};

    use super::*;
    use crate::OsRandom;

    #[test]
    fn a_created_file_loads_and_holds_the_same_keys() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.toml");
        let ring = KeyRing::generate(&OsRandom);
        ring.create(&path).unwrap();
        let loaded = KeyRing::load(&path).unwrap();
        assert!(loaded.verify(Purpose::Audit, b"x", &ring.keyed_hash(Purpose::Audit, b"x")));
        assert_eq!(loaded.index_hash(Purpose::Address, b"x"), ring.index_hash(Purpose::Address, b"x"));
        assert!(matches!(ring.create(&path), Err(KeyFileError::Io(_))), "a key file is never overwritten");
    }

    #[cfg(unix)]
    #[test]
    fn a_changed_file_holds_the_old_keys_too_and_stays_private_where_its_link_points() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("keys.toml"), folder.path().join("link.toml"));
        let ring = KeyRing::generate(&OsRandom);
        ring.create(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o400)).unwrap();
        symlink(&path, &link).unwrap();
        let added = KeyRing::change(&link, |ring| ring.add(&OsRandom)).unwrap();
        KeyRing::change(&link, |ring| ring.make_current(added)).unwrap();
        KeyRing::change(&link, |ring| ring.retire(KeyId(1))).unwrap();
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o400);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left lying about");
        let loaded = KeyRing::load(&path).unwrap();
        assert_eq!(
            (loaded.keys(), loaded.retired_keys(), loaded.current_key()),
            (vec![added], vec![KeyId(1)], added)
        );
        assert!(loaded.verify(Purpose::Audit, b"x", &ring.keyed_hash(Purpose::Audit, b"x")));
        assert_eq!(loaded.index_hash(Purpose::Address, b"x"), ring.index_hash(Purpose::Address, b"x"));
    }

    #[test]
    fn a_change_that_is_refused_or_not_alone_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.toml");
        KeyRing::generate(&OsRandom).create(&path).unwrap();
        let before = std::fs::read_to_string(&path).unwrap();
        let refused = KeyRing::change(&path, |ring| ring.make_current(KeyId(9)));
        assert!(matches!(refused, Err(KeyFileError::Ring(KeyRingError::NoSuchKey(KeyId(9))))));
        std::fs::write(folder.path().join("keys.toml.new"), "").unwrap();
        let second = KeyRing::change(&path, |ring| ring.add(&OsRandom));
        assert!(matches!(second, Err(KeyFileError::InTheWay(_))));
        assert!(folder.path().join("keys.toml.new").exists(), "it is another's");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), before);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.toml");
        KeyRing::generate(&OsRandom).create(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(KeyRing::load(&path), Err(KeyFileError::ReadableByOthers { mode: 0o640 })));
    }

    #[test]
    fn malformed_files_are_refused_without_showing_them() {
        let secret = "c2VjcmV0";
        for text in [
            format!("current = \"{secret}\""),
            format!("current = 1\nindex = \"{secret}\"\n[keys]\n"),
            format!("current = 1\nindex = \"{secret}\"\nother = 2\n[keys]\n"),
        ] {
            let error = KeyRing::from_toml(&text).unwrap_err().to_string();
            assert!(!error.contains(secret), "{error}");
        }
    }
}

//! The key file: TOML with one line per key generation.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{Read, Write},
    path::Path,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use kinlink_domain::port::KeyId;
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
    /// The keys do not fit together.
    #[error(transparent)]
    Ring(#[from] KeyRingError),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    current: u16,
    index: Zeroizing<String>,
    keys: BTreeMap<String, Zeroizing<String>>,
}

impl KeyRing {
    /// Reads keys from text in the form that [`KeyRing::to_toml`] writes.
    pub fn from_toml(text: &str) -> Result<Self, KeyFileError> {
        let file: KeyFile = toml::from_str(text).map_err(|error| KeyFileError::Malformed {
            line: error.span().map_or(0, |span| text[..span.start].lines().count().max(1)),
        })?;
        let mut masters = BTreeMap::new();
        for (name, value) in &file.keys {
            let id = name.parse().map_err(|_| KeyFileError::InvalidKey(name.clone()))?;
            masters.insert(KeyId(id), decode(name, value)?);
        }
        Ok(Self::new(masters, KeyId(file.current), decode("index", &file.index)?)?)
    }

    /// The keys as text. Whoever has it can read everything.
    pub fn to_toml(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::from(
            "# Kinlink's keys. Without them nothing in the database can be read; with them, everything.\n\
             # To rotate: add a key, name it as current, restart every replica. Keep the old ones.\n",
        ));
        let index = Zeroizing::new(STANDARD.encode(**self.index_master()));
        // Writing to a String does not fail.
        let _ = write!(text, "current = {}\nindex = \"{}\"\n\n[keys]\n", self.current().0, *index);
        for (id, key) in self.masters() {
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
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        file.write_all(self.to_toml().as_bytes())?;
        file.sync_all()?;
        Ok(())
    }
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

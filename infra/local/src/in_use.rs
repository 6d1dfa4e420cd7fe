//! Which of the exchanges' keys a desk trades with at the moment: for each, a locked file beside `keys.json`.
//!
//! The lock is the system's: it ends with the process, however that ends. It belongs to the key, not to a label or to a data
//! folder: two desks in one account would take each other's orders for a stranger's, and sell what the other one holds.
//!
//! What is not seen: a desk on another machine, and one that takes its keys from another folder.

use crate::folder::FolderError;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use thiserror::Error;
use venue::keys::Configuration;
use venue::registry::adapter;

/// The desk that trades with a key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The process.
    pub pid: u32,
    /// Its data folder.
    pub folder: PathBuf,
}

impl std::fmt::Display for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "process {}, data in {}", self.pid, self.folder.display())
    }
}

/// A key that can't be traded with.
#[derive(Debug, Error)]
pub enum InUseError {
    /// Another desk does.
    #[error(
        "another desk trades with the key of {label:?} already ({user}): two desks in one account would sell what the \
         other one holds. Stop that one first (Ctrl-C there), or trade with a key of another account"
    )]
    Taken {
        /// The configuration.
        label: String,
        /// Who has it.
        user: User,
    },
    /// Something with the file.
    #[error(transparent)]
    Folder(#[from] FolderError),
}

/// A key that this process trades with, until this is dropped or the process ends.
#[derive(Debug)]
pub struct InUse {
    _lock: File,
}

/// How often the lock is tried, a tenth of a second apart: a desk that has just been killed may take a moment to let go.
const TRIES: u32 = 10;
/// Longer than any note of a user, in bytes.
const NOTE_MAX: u64 = 16 * 1024;

/// Which server a configuration means: the venue's id, another server than its own, and whether it is the test network. Two
/// configurations with the same one stand before the same order books.
#[must_use]
pub fn server(configuration: &Configuration) -> (&'static str, Option<&str>, bool) {
    let Configuration { venue, settings, .. } = configuration;
    let own = |url: &&str| {
        let capabilities = adapter(venue).map(|found| found.protocol.capabilities());
        let origins = capabilities.map(|known| if settings.test { known.test_origins } else { known.origins });
        origins.is_some_and(|origins| origins.iter().any(|(_, origin)| origin == url))
    };
    (venue, settings.base_url.as_deref().filter(|url| !own(url)), settings.test)
}

/// The file of a configuration's key: named by a hash over whose key it is, so that it tells nothing of it. The server is no part
/// of it: one has many names, and a key is one account's under each of them.
fn path(keys: &Path, configuration: &Configuration) -> PathBuf {
    let test = configuration.settings.test.to_string();
    let mut hasher = Sha256::new();
    for part in [configuration.venue, test.as_str(), configuration.credentials.key()] {
        hasher.update(part.as_bytes());
        hasher.update([0x1f]);
    }
    let hash: String = hasher.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    keys.join(format!("desk-{hash}.lock"))
}

impl InUse {
    /// Takes a configuration's key for the desk in `folder`.
    ///
    /// # Errors
    /// [`InUseError::Taken`] while another desk has it.
    pub fn claim(keys: &Path, configuration: &Configuration, folder: &Path) -> Result<Self, InUseError> {
        let path = path(keys, configuration);
        let io = |source| FolderError::Io { path: path.clone(), source };
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).read(true).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(io)?;
        let mut tries = 0;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if tries < TRIES => {
                    tries += 1;
                    std::thread::sleep(Duration::from_millis(100));
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(InUseError::Taken { label: configuration.label.clone(), user: note(&file) });
                }
                Err(TryLockError::Error(source)) => return Err(io(source).into()),
            }
        }
        let folder = std::path::absolute(folder).map_err(io)?;
        let note = serde_json::to_vec(&User { pid: std::process::id(), folder }).unwrap_or_default();
        file.set_len(0).and_then(|()| (&file).write_all(&note)).map_err(io)?;
        Ok(Self { _lock: file })
    }
}

/// The desk that trades with a configuration's key at the moment; `None` if none does.
#[must_use]
pub fn user(keys: &Path, configuration: &Configuration) -> Option<User> {
    let file = File::open(path(keys, configuration)).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => Some(note(&file)),
        Ok(()) | Err(TryLockError::Error(_)) => None,
    }
}

/// What the desk that holds the lock has written down of itself, as far as it got.
fn note(file: &File) -> User {
    let mut text = String::new();
    let _ = file.take(NOTE_MAX).read_to_string(&mut text);
    serde_json::from_str(&text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use venue::keys::Settings;
    use venue::protocol::Credentials;

    fn configuration(label: &str, key: &str, base_url: Option<&str>) -> Configuration {
        let credentials = Credentials::new("binance", key.into(), "canary-secret".into(), None).unwrap();
        let settings = Settings { base_url: base_url.map(str::to_owned), ..Settings::default() };
        Configuration { label: label.into(), venue: "binance", credentials, settings }
    }

    #[test]
    fn a_key_is_traded_with_by_one_desk_whatever_its_label_and_is_free_again_when_that_has_ended() {
        let keys = tempfile::tempdir().unwrap();
        let (one, two) = (configuration("one", "canary-key", None), configuration("two", "canary-key", None));
        let held = InUse::claim(keys.path(), &one, Path::new("desk")).unwrap();
        let said = InUse::claim(keys.path(), &two, Path::new("other")).unwrap_err().to_string();
        let pid = std::process::id().to_string();
        assert!(said.contains("another desk") && said.contains(&pid) && said.contains("/desk"), "{said}");
        assert_eq!(user(keys.path(), &two).map(|user| user.pid), Some(std::process::id()));
        for server in ["https://api.binance.com", "https://API.binance.com/", "https://x.test"] {
            let same = configuration("one", "canary-key", Some(server));
            assert!(user(keys.path(), &same).is_some(), "a server by any name: {server}");
        }
        let mut test = configuration("one", "canary-key", None);
        test.settings.test = true;
        for other in [configuration("one", "another-key", None), test] {
            assert_eq!(user(keys.path(), &other), None);
            InUse::claim(keys.path(), &other, Path::new("other")).unwrap();
        }
        for file in std::fs::read_dir(keys.path()).unwrap() {
            let path = file.unwrap().path();
            let text = format!("{}{}", path.display(), std::fs::read_to_string(&path).unwrap());
            assert!(!text.contains("canary"), "{text}");
        }
        drop(held);
        assert_eq!(user(keys.path(), &one), None);
        InUse::claim(keys.path(), &two, Path::new("other")).unwrap();
    }
}

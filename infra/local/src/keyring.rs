//! The exchanges' keys on disk: a folder with the sealed file, and the key that seals it unless a passphrase does.
//!
//! | file | what |
//! |---|---|
//! | `keys.json` | the configurations, sealed ([`venue::keys`]) |
//! | `master.key` | 32 random bytes that seal them; absent with a passphrase |
//! | `lock` | held while the file is changed |
//! | `desk-….lock` | held while a desk trades with a key ([`crate::in_use`]) |
//!
//! All are readable by their owner only; files that others can read are refused, because whatever is in them has to be
//! taken for known.

use crate::folder::{FolderError, random_bytes, write_whole};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use thiserror::Error;
use venue::keys::{Configuration, Entry, KEY_BYTES, KeyFile, KeyFileError, SealedBy, Sealer};
use zeroize::Zeroizing;

/// The environment's name of the passphrase.
pub const PASSPHRASE: &str = "BALLAST_KEYS_PASSPHRASE";
/// No file of keys is longer, in bytes.
const FILE_MAX: u64 = 1 << 20;

/// The keys can't be had.
#[derive(Debug, Error)]
pub enum KeyringError {
    /// A file can't be read or written.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The file can't be used.
    #[error("{}: {source}", .path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: KeyFileError,
    },
    /// What was asked for can't be; nothing is wrong with the file.
    #[error(transparent)]
    Asked(KeyFileError),
    /// Others can read it.
    #[error(
        "{}: other users of this machine can read it; change the keys at the venues if they may have, then `chmod 600` it",
        .0.display()
    )]
    Exposed(PathBuf),
    /// It was sealed by a passphrase, and there is none.
    #[error("{}: sealed with a passphrase; give it in {PASSPHRASE}", .0.display())]
    WantsPassphrase(PathBuf),
    /// It was sealed by the file beside it, and a passphrase is given.
    #[error(
        "{}: sealed with master.key, not with a passphrase; unset {PASSPHRASE}, or begin another folder with --keys-dir",
        .0.display()
    )]
    WantsMaster(PathBuf),
    /// The file that seals is gone or damaged.
    #[error("{}: without these {KEY_BYTES} bytes nothing can be opened; restore it from a copy, or begin another folder", .0.display())]
    NoMaster(PathBuf),
}

/// The keys of a folder, opened.
pub struct Keyring {
    path: PathBuf,
    file: KeyFile,
    sealer: Sealer,
    _lock: File,
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keyring({})", self.path.display())
    }
}

fn io(path: &Path) -> impl FnOnce(io::Error) -> KeyringError + '_ {
    move |source| FolderError::Io { path: path.to_owned(), source }.into()
}

/// A file's content, if there is one and its owner alone can read it.
fn private(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, KeyringError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io(path)(error)),
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = file.metadata().map_err(io(path))?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(KeyringError::Exposed(path.to_owned()));
        }
    }
    let mut content = Zeroizing::new(Vec::new());
    file.take(FILE_MAX).read_to_end(&mut content).map_err(io(path))?;
    Ok(Some(content))
}

/// What can be read of a folder's keys without opening any, and what would open them; `None` if it has none.
///
/// # Errors
/// [`KeyringError`].
pub fn entries(folder: &Path) -> Result<Option<(SealedBy, Vec<Entry>)>, KeyringError> {
    let path = folder.join("keys.json");
    let Some(bytes) = private(&path)? else { return Ok(None) };
    let file = KeyFile::parse(&bytes).map_err(|source| KeyringError::File { path, source })?;
    Ok(Some((file.sealed_by(), file.entries().to_vec())))
}

impl Keyring {
    /// Opens a folder's keys; begins them where there are none, sealed by `passphrase` or, without one, by a random key.
    ///
    /// # Errors
    /// [`KeyringError`].
    pub fn open(folder: &Path, passphrase: Option<&str>) -> Result<Self, KeyringError> {
        make_folder(folder)?;
        let lock = lock(folder)?;
        let path = folder.join("keys.json");
        let at = |source| KeyringError::File { path: path.clone(), source };
        let master_path = folder.join("master.key");
        let (file, sealer) = match (private(&path)?, passphrase) {
            (Some(bytes), passphrase) => {
                let file = KeyFile::parse(&bytes).map_err(at)?;
                let sealer = match (file.sealed_by(), passphrase) {
                    (SealedBy::Passphrase, Some(passphrase)) => file.unlock(passphrase).map_err(at)?,
                    (SealedBy::MasterKey, None) => file.unlock_with_master(&*master(&master_path)?).map_err(at)?,
                    (SealedBy::Passphrase, None) => return Err(KeyringError::WantsPassphrase(path)),
                    (SealedBy::MasterKey, Some(_)) => return Err(KeyringError::WantsMaster(path)),
                };
                (file, sealer)
            }
            (None, Some(passphrase)) => {
                KeyFile::with_passphrase(passphrase, random_bytes(), random_bytes()).map_err(at)?
            }
            (None, None) => {
                if private(&master_path)?.is_none() {
                    write_whole(&master_path, &*Zeroizing::new(random_bytes::<KEY_BYTES>()), true)?;
                }
                KeyFile::with_master(&*master(&master_path)?, random_bytes()).map_err(at)?
            }
        };
        Ok(Self { path, file, sealer, _lock: lock })
    }

    /// All configurations, by their labels.
    ///
    /// # Errors
    /// [`KeyringError::File`], at the first that can't be opened.
    pub fn all(&self) -> Result<Vec<Configuration>, KeyringError> {
        self.file.entries().iter().map(|entry| self.get(&entry.label)).collect()
    }

    /// A configuration.
    ///
    /// # Errors
    /// [`KeyringError::File`].
    pub fn get(&self, label: &str) -> Result<Configuration, KeyringError> {
        self.file.open(label, &self.sealer).map_err(|source| self.fault(source))
    }

    /// Refuses a label that can't be used or is in use.
    ///
    /// # Errors
    /// [`KeyringError::File`].
    pub fn free(&self, label: &str) -> Result<(), KeyringError> {
        self.file.free(label).map_err(|source| self.fault(source))
    }

    /// Adds a configuration, and writes.
    ///
    /// # Errors
    /// [`KeyringError`].
    pub fn add(&mut self, configuration: &Configuration) -> Result<(), KeyringError> {
        self.file.add(configuration, &self.sealer, random_bytes()).map_err(|source| self.fault(source))?;
        self.write()
    }

    /// Changes a configuration, and writes.
    ///
    /// # Errors
    /// [`KeyringError`].
    pub fn replace(&mut self, configuration: &Configuration) -> Result<(), KeyringError> {
        self.file.replace(configuration, &self.sealer, random_bytes()).map_err(|source| self.fault(source))?;
        self.write()
    }

    /// Takes a configuration away, and writes.
    ///
    /// # Errors
    /// [`KeyringError`].
    pub fn remove(&mut self, label: &str) -> Result<Entry, KeyringError> {
        let entry = self.file.remove(label).map_err(|source| self.fault(source))?;
        self.write().map(|()| entry)
    }

    fn write(&self) -> Result<(), KeyringError> {
        let bytes = self.file.to_bytes().map_err(|source| self.fault(source))?;
        Ok(write_whole(&self.path, &bytes, true)?)
    }

    fn fault(&self, source: KeyFileError) -> KeyringError {
        match source {
            KeyFileError::Taken(_) | KeyFileError::Unknown(_) | KeyFileError::Label | KeyFileError::BaseUrl => {
                KeyringError::Asked(source)
            }
            KeyFileError::Damaged(_)
            | KeyFileError::Newer(_)
            | KeyFileError::WrongPassphrase
            | KeyFileError::WrongMaster
            | KeyFileError::Changed(_)
            | KeyFileError::Venue(_)
            | KeyFileError::Credentials(_)
            | KeyFileError::Sealing => KeyringError::File { path: self.path.clone(), source },
        }
    }
}

fn make_folder(folder: &Path) -> Result<(), KeyringError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(io(folder))
}

/// Waits until nobody else changes the keys.
fn lock(folder: &Path) -> Result<File, KeyringError> {
    let path = folder.join("lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(io(&path))?;
    file.lock().map_err(io(&path))?;
    Ok(file)
}

fn master(path: &Path) -> Result<Zeroizing<[u8; KEY_BYTES]>, KeyringError> {
    let gone = || KeyringError::NoMaster(path.to_owned());
    let bytes = private(path)?.ok_or_else(gone)?;
    let bytes: [u8; KEY_BYTES] = bytes.as_slice().try_into().map_err(|_| gone())?;
    Ok(Zeroizing::new(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use venue::keys::Settings;
    use venue::protocol::Credentials;

    fn configuration(label: &str) -> Configuration {
        let credentials = Credentials::new("binance", "abcdefgh".into(), "canary-secret".into(), None).unwrap();
        Configuration { label: label.into(), venue: "binance", credentials, settings: Settings::default() }
    }

    #[test]
    fn what_is_added_is_there_the_next_time_and_for_the_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        assert!(entries(&path).unwrap().is_none());
        Keyring::open(&path, None).unwrap().add(&configuration("one")).unwrap();
        let keyring = Keyring::open(&path, None).unwrap();
        assert_eq!(keyring.all().unwrap().len(), 1);
        assert_eq!(keyring.get("one").unwrap().credentials.secret(), "canary-secret");
        for file in fs::read_dir(&path).unwrap() {
            let bytes = fs::read(file.unwrap().path()).unwrap();
            assert!(!String::from_utf8_lossy(&bytes).contains("canary"));
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |name: &str| fs::metadata(path.join(name)).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode("keys.json"), mode("master.key"), mode("")), (0o600, 0o600, 0o700));
            drop(keyring);
            fs::set_permissions(path.join("keys.json"), fs::Permissions::from_mode(0o640)).unwrap();
            assert!(matches!(Keyring::open(&path, None), Err(KeyringError::Exposed(_))));
        }
    }

    #[test]
    fn each_way_of_sealing_asks_for_its_own_key() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        Keyring::open(&one, Some("right")).unwrap().add(&configuration("a")).unwrap();
        assert!(!one.join("master.key").exists());
        let wrong = Keyring::open(&one, Some("wrong")).unwrap_err().to_string();
        assert!(wrong.contains("passphrase is wrong"), "{wrong}");
        assert!(matches!(Keyring::open(&one, None), Err(KeyringError::WantsPassphrase(_))));
        Keyring::open(&two, None).unwrap().add(&configuration("a")).unwrap();
        assert!(matches!(Keyring::open(&two, Some("right")), Err(KeyringError::WantsMaster(_))));
        fs::remove_file(two.join("master.key")).unwrap();
        assert!(matches!(Keyring::open(&two, None), Err(KeyringError::NoMaster(_))));
    }
}

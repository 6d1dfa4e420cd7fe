//! The data folder: one run, one process at a time.
//!
//! | file | what |
//! |---|---|
//! | `run.json` | which run the folder belongs to, and the version of its layout |
//! | `money.db` `market.db` `queue.db` | the books and the queues |
//! | `token` | the API's token, readable by its owner only |
//! | `lock` | held by the process that has the folder open |
//! | `endpoint.json` | where that process serves the API |
//! | `outage.json` | since when and why its exchange does not answer, while it does not |
//! | `desk.log` | domain events, JSON lines |
//!
//! The folder is its owner's alone, and so is every file in it ([`crate::private`]).

use crate::desk::outage::Outage;
use crate::private;
use boot::config::DeskConfig;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use thiserror::Error;

/// The version of the folder's layout.
pub const SCHEMA: u32 = 1;

/// Which run a folder belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The version of the folder's layout.
    pub schema: u32,
    /// Tells this run's market and configuration from any other's.
    pub fingerprint: String,
    /// The market, in words.
    pub market: String,
    /// What the desk is told.
    pub config: DeskConfig,
}

/// Where a running desk serves its API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// The port, on loopback.
    pub port: u16,
    /// The process.
    pub pid: u32,
}

/// A folder can't be used.
#[derive(Debug, Error)]
pub enum FolderError {
    /// Something with its files.
    #[error("{}: {source}{}", .path.display(), hint(.source))]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another process has it open.
    #[error("{}: another desk is using this folder (process {pid}); stop it, or use another --data-dir", .path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
        /// The process, if it said who it is.
        pid: String,
    },
    /// It belongs to another run.
    #[error(
        "{}: this folder belongs to another run ({theirs}); use another --data-dir, or the same market and settings",
        .path.display()
    )]
    OtherRun {
        /// The folder.
        path: PathBuf,
        /// That run's market.
        theirs: String,
    },
    /// It was written by a newer desk.
    #[error("{}: written by a newer desk (layout {found}, this one knows {SCHEMA}); use that desk, or restore an older backup", .path.display())]
    Newer {
        /// The file that says so.
        path: PathBuf,
        /// The layout found.
        found: u64,
    },
    /// A file of it can't be read.
    #[error("{}: damaged ({reason}); restore the folder from a backup with `ballast restore`", .path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// There is no desk in it.
    #[error("{}: there is no desk in this folder; name one with --data-dir, or begin one with `ballast up`", .path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
    },
}

/// What to do about an error of the system.
fn hint(error: &io::Error) -> &'static str {
    let kind = error.kind();
    if matches!(kind, io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem) {
        "; choose a folder you may write to with --data-dir"
    } else if matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge) {
        "; free some space, or choose another --data-dir"
    } else {
        ""
    }
}

/// An open folder. The lock goes with it.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    run: Run,
    _lock: File,
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> FolderError + '_ {
    move |source| FolderError::Io { path: path.to_owned(), source }
}

/// Random bytes from the operating system.
#[must_use]
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0_u8; N];
    // Without randomness there is no safe id, token or key to go on with.
    if getrandom::fill(&mut bytes).is_err() {
        std::process::abort();
    }
    bytes
}

/// 32 random hex characters from the operating system.
#[must_use]
pub fn random_hex() -> String {
    random_bytes::<16>().iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Folder {
    /// Opens a folder for a run, or begins one in it.
    ///
    /// # Errors
    /// [`FolderError`]: in use, of another run, of a newer desk, not writable. Nothing of the folder has changed then.
    pub fn open(path: &Path, run: Run) -> Result<Self, FolderError> {
        // Absolute, because a running desk tells others where its files are.
        let path = &std::path::absolute(path).map_err(at(path))?;
        private::folder(path).map_err(at(path))?;
        let lock = lock(path)?;
        forget_the_last(path);
        let found = read_run(path)?;
        match found {
            Some(found) if found.fingerprint != run.fingerprint => {
                return Err(FolderError::OtherRun { path: path.to_owned(), theirs: found.market });
            }
            Some(_) => {}
            None => {
                let text = serde_json::to_string_pretty(&run).unwrap_or_default();
                write_whole(&path.join("run.json"), text.as_bytes(), true)?;
            }
        }
        Ok(Self { path: path.to_owned(), run, _lock: lock })
    }

    /// Opens a folder that has a run in it.
    ///
    /// # Errors
    /// [`FolderError::Empty`] if it has none; otherwise as [`Folder::open`].
    pub fn existing(path: &Path) -> Result<Self, FolderError> {
        let empty = || FolderError::Empty { path: path.to_owned() };
        if !path.is_dir() {
            return Err(empty());
        }
        let run = read_run(path)?.ok_or_else(empty)?;
        let lock = lock(path)?;
        forget_the_last(path);
        Ok(Self { path: path.to_owned(), run, _lock: lock })
    }

    /// Closes the folder and the desk's files in it to all but their owner, those of an older desk too.
    ///
    /// # Errors
    /// [`FolderError::Io`], naming the file that stays open to others.
    pub fn close_to_others(&self) -> Result<(), FolderError> {
        private::close(&self.path).map_err(|(path, source)| FolderError::Io { path, source })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes anew what the desk is told: it may have changed while the run is the same.
    ///
    /// # Errors
    /// [`FolderError::Io`] if it can't be written.
    pub fn retell(&mut self, config: &DeskConfig) -> Result<(), FolderError> {
        let run = Run { config: config.clone(), ..self.run.clone() };
        let text = serde_json::to_string_pretty(&run).unwrap_or_default();
        write_whole(&self.path.join("run.json"), text.as_bytes(), true)?;
        self.run = run;
        Ok(())
    }

    /// The run it belongs to.
    #[must_use]
    pub const fn run(&self) -> &Run {
        &self.run
    }

    /// The API's token; made the first time.
    ///
    /// # Errors
    /// [`FolderError::Io`] if it can't be written.
    pub fn token(&self) -> Result<String, FolderError> {
        let path = self.path.join("token");
        if let Ok(found) = fs::read_to_string(&path)
            && !found.trim().is_empty()
        {
            return Ok(found.trim().to_owned());
        }
        let token = format!("{}{}", random_hex(), random_hex());
        write_whole(&path, token.as_bytes(), true)?;
        Ok(token)
    }

    /// Says where the API is served.
    ///
    /// # Errors
    /// [`FolderError::Io`] if it can't be written.
    pub fn announce(&self, port: u16) -> Result<(), FolderError> {
        let endpoint = Endpoint { port, pid: std::process::id() };
        let text = serde_json::to_string(&endpoint).unwrap_or_default();
        write_whole(&self.path.join("endpoint.json"), text.as_bytes(), true)
    }

    /// Says that the exchange does not answer, or that it does again.
    ///
    /// # Errors
    /// [`FolderError::Io`] if it can't be written.
    pub fn tell_outage(&self, outage: Option<&Outage>) -> Result<(), FolderError> {
        let path = self.path.join("outage.json");
        let Some(outage) = outage else {
            return match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at(&path)(error)),
                Ok(()) | Err(_) => Ok(()),
            };
        };
        write_whole(&path, serde_json::to_string(outage).unwrap_or_default().as_bytes(), true)
    }

    /// The log, to be appended to.
    ///
    /// # Errors
    /// [`FolderError::Io`] if it can't be opened.
    pub fn log(&self) -> Result<File, FolderError> {
        let path = self.path.join("desk.log");
        private::new_file(OpenOptions::new().create(true).append(true)).open(&path).map_err(at(&path))
    }
}

/// Removes what a desk that is gone has left of where it served: nobody shall be sent to its port.
fn forget_the_last(path: &Path) {
    let _ = fs::remove_file(path.join("endpoint.json"));
    let _ = fs::remove_file(path.join("outage.json"));
}

/// How often the lock is tried, a tenth of a second apart.
const LOCK_TRIES: u32 = 10;

/// Takes the folder's lock, or says who has it.
fn lock(path: &Path) -> Result<File, FolderError> {
    let file_path = path.join("lock");
    let opened =
        private::new_file(OpenOptions::new().create(true).truncate(false).read(true).write(true)).open(&file_path);
    let file = opened.map_err(at(&file_path))?;
    let in_use = || {
        let pid = fs::read_to_string(&file_path).unwrap_or_default();
        FolderError::InUse { path: path.to_owned(), pid: pid.trim().to_owned() }
    };
    let mut tries = 0;
    loop {
        match file.try_lock() {
            Ok(()) => break,
            // A desk that has just been killed may take a moment to let go.
            Err(TryLockError::WouldBlock) if tries < LOCK_TRIES => {
                tries += 1;
                std::thread::sleep(Duration::from_millis(100));
            }
            Err(TryLockError::WouldBlock) => return Err(in_use()),
            Err(TryLockError::Error(source)) => return Err(at(&file_path)(source)),
        }
    }
    file.set_len(0)
        .and_then(|()| (&file).write_all(std::process::id().to_string().as_bytes()))
        .map_err(at(&file_path))?;
    Ok(file)
}

/// Where a running desk of that folder serves; `None` if none runs.
#[must_use]
pub fn running(path: &Path) -> Option<(Endpoint, String)> {
    let file = File::open(path.join("lock")).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {}
        Ok(()) | Err(TryLockError::Error(_)) => return None,
    }
    let endpoint: Endpoint = serde_json::from_str(&fs::read_to_string(path.join("endpoint.json")).ok()?).ok()?;
    // A verb has the folder of a resting desk open, too. What a killed desk has left of its address is not that verb's.
    let holder = fs::read_to_string(path.join("lock")).ok().and_then(|pid| pid.trim().parse::<u32>().ok());
    if holder.is_some_and(|pid| pid != endpoint.pid) {
        return None;
    }
    let token = fs::read_to_string(path.join("token")).ok()?;
    Some((endpoint, token.trim().to_owned()))
}

/// Since when and why the exchange of a running desk does not answer; `None` while it does, and where no desk runs.
#[must_use]
pub fn outage(path: &Path) -> Option<Outage> {
    running(path)?;
    serde_json::from_str(&fs::read_to_string(path.join("outage.json")).ok()?).ok()
}

/// The run of a folder, if it has one.
///
/// # Errors
/// [`FolderError::Newer`] or [`FolderError::Damaged`] if it can't be read.
pub fn read_run(folder: &Path) -> Result<Option<Run>, FolderError> {
    let path = folder.join("run.json");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(FolderError::Io { path, source }),
    };
    let damaged = |e: serde_json::Error| FolderError::Damaged { path: path.clone(), reason: e.to_string() };
    let value: serde_json::Value = serde_json::from_str(&text).map_err(damaged)?;
    let schema = value.get("schema").and_then(serde_json::Value::as_u64).unwrap_or(0);
    if schema > u64::from(SCHEMA) {
        return Err(FolderError::Newer { path, found: schema });
    }
    serde_json::from_value(value).map(Some).map_err(damaged)
}

/// Writes a file whole or not at all.
///
/// # Errors
/// [`FolderError::Io`], naming the file.
pub fn write_whole(path: &Path, content: &[u8], private: bool) -> Result<(), FolderError> {
    let beside = path.with_extension("new");
    let mut options = OpenOptions::new();
    options.create(true).write(true).truncate(true);
    #[cfg(unix)]
    if private {
        // A mode is given to new files only: what an interrupted write left behind must not lend its own.
        let _ = fs::remove_file(&beside);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    let mut file = options.open(&beside).map_err(at(path))?;
    let written = file.write_all(content).and_then(|()| file.sync_all());
    written.and_then(|()| fs::rename(&beside, path)).map_err(at(path))
}

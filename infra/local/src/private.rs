//! A data folder is its owner's alone, and so is every file in it: they tell what an account holds and does.
//!
//! A folder in which other things lie keeps the mode it has, because they may be meant for others; the desk's own files in it are
//! closed all the same. Where the system knows no modes, its own rights hold.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// The desk's own files, and a backup's list of them; those of its books have companions while they are open.
const FILES: [&str; 10] = [
    "run.json",
    "money.db",
    "market.db",
    "queue.db",
    "token",
    "lock",
    "endpoint.json",
    "outage.json",
    "desk.log",
    "backup.json",
];

/// Whether a file in a data folder is the desk's.
fn is_ours(name: &str) -> bool {
    let name = name.strip_suffix("-wal").or_else(|| name.strip_suffix("-shm")).unwrap_or(name);
    FILES.contains(&name) || name.ends_with(".new") || name.starts_with("backup-")
}

/// Makes a folder, and those above it that are missing, for its owner alone. One that is there keeps its mode.
///
/// # Errors
/// As the system says.
pub fn folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// A new file is its owner's alone. One that is there keeps its mode.
pub fn new_file(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Closes a data folder and the desk's files in it to all but their owner.
///
/// # Errors
/// The file or folder that stays open to others, and why.
#[cfg(unix)]
pub fn close(folder: &Path) -> Result<(), (PathBuf, io::Error)> {
    use std::os::unix::fs::PermissionsExt;
    let set = |path: &Path, mode| match fs::set_permissions(path, fs::Permissions::from_mode(mode)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err((path.to_owned(), error)),
        Ok(()) | Err(_) => Ok(()),
    };
    let mut all_ours = true;
    for entry in fs::read_dir(folder).map_err(|error| (folder.to_owned(), error))?.flatten() {
        let ours = entry.file_name().to_str().is_some_and(is_ours);
        all_ours &= ours;
        if ours && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            set(&entry.path(), 0o600)?;
        }
    }
    if all_ours { set(folder, 0o700) } else { Ok(()) }
}

/// Nothing to do.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub fn close(_: &Path) -> Result<(), (PathBuf, io::Error)> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use crate::folder::{Folder, Run, SCHEMA};
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn open(path: &Path) -> Folder {
        let config = serde_json::from_str(include_str!("../../desk.json")).unwrap();
        let run = Run { schema: SCHEMA, fingerprint: "f".to_owned(), market: "m".to_owned(), config };
        Folder::open(path, run).unwrap()
    }

    #[test]
    fn a_data_folder_is_its_owner_s_alone_and_one_of_an_older_desk_is_closed() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("ballast-data/one");
        let folder = open(&path);
        folder.announce(1).unwrap();
        folder.log().unwrap();
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o700, 0o700));
        for name in ["run.json", "lock", "endpoint.json", "desk.log"] {
            assert_eq!(mode(&path.join(name)), 0o600, "{name}");
        }
        // As an older desk left it, and as the books make their files.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        for name in ["money.db", "money.db-wal", "run.json"] {
            fs::write(path.join(name), "x").unwrap();
            fs::set_permissions(path.join(name), fs::Permissions::from_mode(0o644)).unwrap();
        }
        folder.close_to_others().unwrap();
        assert_eq!(mode(&path), 0o700);
        for name in ["money.db", "money.db-wal", "run.json"] {
            assert_eq!(mode(&path.join(name)), 0o600, "{name}");
        }
    }

    #[test]
    fn a_folder_in_which_other_things_lie_keeps_its_mode_and_they_theirs() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("shared");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("notes.txt"), "x").unwrap();
        for (path, mode) in [(path.clone(), 0o755), (path.join("notes.txt"), 0o644)] {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        }
        open(&path).close_to_others().unwrap();
        assert_eq!((mode(&path), mode(&path.join("notes.txt")), mode(&path.join("run.json"))), (0o755, 0o644, 0o600));
    }
}

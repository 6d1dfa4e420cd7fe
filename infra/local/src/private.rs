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
    let own = ["-wal", "-shm", ".new"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
    FILES.contains(&own)
}

/// Whether a folder in a data folder is the desk's: a backup that was made through its route.
fn is_backup(name: &str) -> bool {
    name.strip_prefix("backup-").is_some_and(|id| id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()))
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

/// What everybody may do with a file, of its mode.
#[cfg(unix)]
const EVERYBODY: u32 = 0o007;

/// Closes a data folder and the desk's files in it to all but their owner. What is closed to everybody already keeps its mode:
/// somebody has given it to a group on purpose.
///
/// # Errors
/// The file or folder that stays open to others, and why.
#[cfg(unix)]
pub fn close(folder: &Path) -> Result<(), (PathBuf, io::Error)> {
    use std::os::unix::fs::PermissionsExt;
    let closed = |path: &Path, mode| {
        let open = fs::metadata(path)?.permissions().mode() & EVERYBODY != 0;
        if open { fs::set_permissions(path, fs::Permissions::from_mode(mode)) } else { Ok(()) }
    };
    let set = |path: &Path, mode| match closed(path, mode) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err((path.to_owned(), error)),
        Ok(()) | Err(_) => Ok(()),
    };
    let mut all_ours = true;
    for entry in fs::read_dir(folder).map_err(|error| (folder.to_owned(), error))?.flatten() {
        let (name, kind) = (entry.file_name(), entry.file_type());
        let (name, is) =
            (name.to_str().unwrap_or_default(), |file| kind.as_ref().is_ok_and(|kind| kind.is_file() == file));
        let ours = is(true) && is_ours(name);
        all_ours &= ours || (is(false) && is_backup(name));
        if ours {
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

#[cfg(test)]
#[cfg(unix)]
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
    fn what_was_given_to_a_group_stays_with_it() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("group");
        let folder = open(&path);
        fs::create_dir(path.join(format!("backup-{}", "0".repeat(32)))).unwrap();
        for (path, mode) in [(path.clone(), 0o750), (path.join("run.json"), 0o640)] {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        }
        folder.close_to_others().unwrap();
        assert_eq!((mode(&path), mode(&path.join("run.json"))), (0o750, 0o640));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        folder.close_to_others().unwrap();
        assert_eq!(mode(&path), 0o700, "a backup in it is its own");
    }

    #[test]
    fn a_folder_in_which_other_things_lie_keeps_its_mode_and_they_theirs() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("shared");
        fs::create_dir(&path).unwrap();
        let others = [("notes.txt", 0o644), ("report.new", 0o644), ("backup-books.sh", 0o755)];
        for (name, mode) in others {
            fs::write(path.join(name), "x").unwrap();
            fs::set_permissions(path.join(name), fs::Permissions::from_mode(mode)).unwrap();
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        open(&path).close_to_others().unwrap();
        assert!(others.iter().all(|(name, was)| mode(&path.join(name)) == *was));
        assert_eq!((mode(&path), mode(&path.join("notes.txt")), mode(&path.join("run.json"))), (0o755, 0o644, 0o600));
    }
}

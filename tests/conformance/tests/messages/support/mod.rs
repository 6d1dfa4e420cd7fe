//! Where the test data is, and how its files are read.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::io::Read as _;
use std::path::{Path, PathBuf};

/// The folder of test data (`BALLAST_TESTDATA`, by default beside the workspace), or `None` with a line that says so.
///
/// # Panics
/// If it is missing and `BALLAST_REQUIRE_TESTDATA` is set.
pub(crate) fn test_data(test: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/testdata");
    let folder = std::env::var_os("BALLAST_TESTDATA").map_or_else(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    let missing = format!("{} is no folder", folder.display());
    assert!(std::env::var_os("BALLAST_REQUIRE_TESTDATA").is_none(), "{test}: {missing}");
    println!("SKIPPED {test}: {missing} (set BALLAST_TESTDATA)");
    None
}

/// The text of a file, unzipped if its name says that it is zipped.
pub(crate) fn text(path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    if path.extension().is_none_or(|ext| ext != "gz") {
        return String::from_utf8(bytes).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    }
    let mut text = String::new();
    let unzipped = flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text);
    unzipped.unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text
}

/// The files of a folder, by name.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let rows = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<PathBuf> = rows
        .map(|row| row.unwrap_or_else(|e| panic!("{}: {e}", folder.display())).path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    files
}

/// A file's name.
pub(crate) fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

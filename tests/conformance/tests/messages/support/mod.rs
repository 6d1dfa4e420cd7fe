//! What the message tests share: where the test data is, how its files are read, and what a table of exceptions is held to.

use serde_json::Value;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// A folder of the test data (`BALLAST_TESTDATA`, by default beside the workspace; all of it for `""`), or `None` with a
/// line that says so.
///
/// # Panics
/// If it is missing and `BALLAST_REQUIRE_TESTDATA` is set.
pub(crate) fn folder(part: &str) -> Option<PathBuf> {
    let folder = conformance::testdata().join(part);
    if folder.is_dir() {
        return Some(folder);
    }
    let missing = format!("{} is no folder", folder.display());
    assert!(std::env::var_os("BALLAST_REQUIRE_TESTDATA").is_none(), "{missing}");
    println!("SKIPPED: {missing} (set BALLAST_TESTDATA)");
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

/// What a recorded session's rows of one kind (`received`, `http_response`) hold.
pub(crate) fn recorded(path: &Path, kind: &str) -> Vec<String> {
    let text = text(path);
    let rows = text
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_str::<Value>(line).unwrap_or_else(|e| panic!("{}: {e}: {line}", path.display())));
    rows.filter(|row| row["dir"] == kind).map(|row| row["raw"].as_str().unwrap_or_default().to_owned()).collect()
}

/// A quoted message with its variables (`<...>`) filled in; `end` is what a variable ends with.
pub(crate) fn filled_in(text: &str, end: &str, stand_in: fn(&str) -> &'static str) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, variable)) = rest.split_once('<') {
        let Some((variable, behind)) = variable.split_once(end) else { break };
        filled.push_str(before);
        filled.push_str(stand_in(variable));
        // What closes the text around a variable is no part of it.
        filled.push_str(end.trim_start_matches('>'));
        rest = behind;
    }
    filled.push_str(rest);
    filled
}

/// The messages of a file, each with its name: the file's, and its place if there are several.
pub(crate) fn messages(path: &Path, fill: fn(&str) -> String) -> Vec<(String, String)> {
    let (name, text) = (name(path), text(path));
    let value: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
    let Value::Array(rows) = value else { return vec![(name, text)] };
    let row = |(at, row): (usize, &Value)| {
        let text = match (row.get("raw").and_then(Value::as_str), row.get("message")) {
            (Some(raw), _) => raw.to_owned(),
            (None, Some(message)) => fill(&message.to_string()),
            (None, None) => row.to_string(),
        };
        (format!("{name}#{at}"), text)
    };
    rows.iter().enumerate().map(row).collect()
}

/// Holds that each message is read, or has a reason in a table, and that no reason is there without need. Gives the number
/// of those read.
pub(crate) fn read_or_listed(
    messages: impl Iterator<Item = (String, String)>,
    reason: impl Fn(&str) -> Option<&'static str>,
    read: impl Fn(&str, &str) -> Result<(), String>,
) -> usize {
    let (mut seen, mut skipped, mut faults) = (0, 0, Vec::new());
    for (name, text) in messages {
        match (reason(&name), read(&name, &text)) {
            (Some(_), Err(_)) => skipped += 1,
            (Some(reason), Ok(())) => faults.push(format!("{name} is read, though the table says: {reason}")),
            (None, Ok(())) => seen += 1,
            (None, Err(fault)) => faults.push(format!("{name}: {fault}")),
        }
    }
    println!("{seen} messages read, {skipped} left out with a reason");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    seen
}

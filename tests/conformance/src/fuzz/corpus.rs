//! The answers that are committed with the project, all written for it.
//!
//! | folder | what |
//! |---|---|
//! | `answers/<venue>/<question>.json` | an answer of the venue's form, good as it stands |
//! | `frames/<venue>/<kind>.json` | a message of its streams, good as it stands |
//! | `rows/<row>-<words>.json` | an answer with a fault, and what must come of it |

use serde::Deserialize;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Where the corpus is.
#[must_use]
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// What must come of an answer with a fault.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expected {
    /// No answer, and nothing is known.
    Unclear,
    /// No answer: too many requests.
    RateLimit,
    /// A clear no.
    Refusal,
    /// The client id is known already.
    DuplicateId,
    /// No answer, of whatever meaning.
    NoAnswer,
    /// No answer, or one in which no order has come to an end.
    NoEnd,
    /// An answer, in which these values stand at these places.
    Says(Vec<(String, Value)>),
}

/// An answer with a fault.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The row's number in the list of bad inputs.
    pub row: u32,
    /// What is wrong, in words.
    pub what: String,
    /// The venue.
    pub venue: String,
    /// The question; `frame` for streams.
    pub question: String,
    /// The HTTP status.
    #[serde(default = "ok")]
    pub status: u16,
    /// The body, if it is JSON.
    pub json: Option<Box<serde_json::value::RawValue>>,
    /// The body, if it is none.
    pub text: Option<String>,
    /// How often that text is repeated.
    #[serde(default = "once")]
    pub times: usize,
    /// What must come of it.
    pub expected: Expected,
}

const fn ok() -> u16 {
    200
}

const fn once() -> usize {
    1
}

impl Row {
    /// The body.
    #[must_use]
    pub fn body(&self) -> String {
        match (&self.json, &self.text) {
            (Some(json), _) => json.get().to_owned(),
            (None, Some(text)) => text.repeat(self.times),
            (None, None) => String::new(),
        }
    }
}

/// The files of a folder that end with `.json`: their names without that, and their text. None, if there is no folder.
///
/// # Errors
/// Words, if one can't be read.
pub fn files(folder: &Path) -> Result<Vec<(String, String)>, String> {
    let fault = |e: std::io::Error| format!("{}: {e}", folder.display());
    let mut files = Vec::new();
    if !folder.is_dir() {
        return Ok(files);
    }
    for entry in std::fs::read_dir(folder).map_err(fault)? {
        let path = entry.map_err(fault)?.path();
        let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if path.extension().is_some_and(|ext| ext == "json") {
            files.push((name, std::fs::read_to_string(&path).map_err(fault)?));
        }
    }
    files.sort();
    Ok(files)
}

/// The answers with a fault.
///
/// # Errors
/// Words, if one can't be read.
pub fn rows() -> Result<Vec<(String, Row)>, String> {
    let read = |(name, text): (String, String)| {
        serde_json::from_str(&text).map(|row| (name.clone(), row)).map_err(|e| format!("{name}: {e}"))
    };
    files(&folder().join("rows"))?.into_iter().map(read).collect()
}

//! What can go wrong with the queue file, sorted by what the caller does next.

use rusqlite::{Error, ErrorCode};
use thiserror::Error as ThisError;

/// A queue operation that did not happen: nothing of it is in the file.
#[derive(Debug, ThisError)]
pub enum QueueError {
    /// A later program has written the file.
    #[error("the queue file has schema version {found}, this program knows {known}: start the later program")]
    Newer {
        /// The file's version.
        found: i64,
        /// The last version this program knows.
        known: i64,
    },
    /// The file is damaged, or is something else than a queue file.
    #[error("the queue file can't be trusted ({reason}): stop, keep it, and restore a backup")]
    Corrupt {
        /// What is wrong with it.
        reason: String,
        /// `SQLite`'s word on it, when it noticed.
        source: Option<Error>,
    },
    /// No space on the disk.
    #[error("no space on the disk for the queue file: free some, then begin again")]
    Full(#[source] Error),
    /// Another process is writing, and went on for longer than we wait.
    #[error("another process is holding the queue file: repeat in a moment, or stop it")]
    Busy(#[source] Error),
    /// A body above the limit; the same would be refused by SQS.
    #[error("a body of {bytes} bytes is more than the {limit} a message may have: don't send it again")]
    TooLarge {
        /// Its length.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// Anything else the file system or `SQLite` has refused.
    #[error(
        "the queue file can't be used: {0}; free some space or mend the disk, then begin again: nothing is half-written"
    )]
    Io(#[source] Error),
}

impl QueueError {
    /// Contents that no version of this program has written.
    pub(super) fn foreign(reason: impl Into<String>) -> Self {
        Self::Corrupt { reason: reason.into(), source: None }
    }
}

impl From<Error> for QueueError {
    fn from(error: Error) -> Self {
        let code = error.sqlite_error_code();
        let is = |known: ErrorCode| code == Some(known);
        if is(ErrorCode::DiskFull) {
            Self::Full(error)
        } else if is(ErrorCode::DatabaseBusy) || is(ErrorCode::DatabaseLocked) {
            Self::Busy(error)
        } else if is(ErrorCode::DatabaseCorrupt) || is(ErrorCode::NotADatabase) || is_misshapen(&error) {
            Self::Corrupt { reason: error.to_string(), source: Some(error) }
        } else {
            Self::Io(error)
        }
    }
}

/// A value that does not fit its column's type or range was not written by us.
fn is_misshapen(error: &Error) -> bool {
    matches!(
        error,
        Error::InvalidColumnType(..) | Error::IntegralValueOutOfRange(..) | Error::FromSqlConversionFailure(..)
    )
}

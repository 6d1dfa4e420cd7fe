//! One transaction from begin to commit, with statements that are parsed once.

use super::{Queue, QueueError};
use rusqlite::Connection;

/// Runs `work` in a transaction that holds the write lock from its start, so that it can't fail half way because
/// somebody else writes. An error of `work` or of the commit undoes everything.
pub(super) fn write<T>(
    db: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, QueueError>,
) -> Result<T, QueueError> {
    db.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    let outcome = work(db).and_then(|value| {
        db.prepare_cached("COMMIT")?.execute([])?;
        Ok(value)
    });
    if outcome.is_err() {
        abandon(db);
    }
    outcome
}

/// Rolls back a transaction that is still open. `SQLite` ends some by itself (a full disk), and a rollback that fails
/// leaves the transaction open: the next call tries again, and until then nothing can be committed.
pub(super) fn abandon(db: &Connection) {
    if !db.is_autocommit() {
        db.execute_batch("ROLLBACK").ok();
    }
}

impl Queue {
    pub(super) fn write<T>(&self, work: impl FnOnce(&Connection) -> Result<T, QueueError>) -> Result<T, QueueError> {
        write(&self.lock(), work)
    }
}

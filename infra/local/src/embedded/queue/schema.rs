//! The queue file: its tables, its version, and how it is opened.
//!
//! | table | a row for | found by |
//! |---|---|---|
//! | `message` | every waiting message | id; group, in order |
//! | `head` | every waiting message that is not blocked | id; ready ones in order, others by time |
//! | `dedup` | everything sent in the last five minutes | queue and id; time |
//! | `dead` | every buried message | order of burial |
//! | `tally` | every queue ever sent to | queue |
//!
//! `head` is apart from `message` so that handing out a message rewrites a few integers and not its body.
//!
//! A file is looked at before it is written to: what is not ours stays as it is, byte for byte.

use super::{QueueError, transaction};
use desk::message::QueueName;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::time::Duration;

/// The schema version this program writes.
const VERSION: i64 = 1;

/// "Blst" in the header tells our files from other `SQLite` files.
const APPLICATION: i64 = 0x426c_7374;

/// How long a call waits for another process before it is [`QueueError::Busy`].
const BUSY_WAIT: Duration = Duration::from_secs(2);

/// More than the number of statements there are.
const STATEMENTS_MAX: usize = 64;

/// How long the log gets (in pages of 2 KiB) before its contents move to the file, which is when the disk is flushed.
const LOG_PAGES: i64 = 16_000;

/// A log that once had to grow further is cut back to this, above its usual length: growing anew costs time.
const LOG_BYTES_MAX: i64 = 64 * 1024 * 1024;

/// `state` is 0 ready, 1 delayed, 2 in flight; `visible_at` is when it became or becomes ready.
const TABLES: &str = "
CREATE TABLE message (
    id INTEGER PRIMARY KEY, queue TEXT NOT NULL, grp TEXT NOT NULL, sent_at INTEGER NOT NULL, body TEXT NOT NULL
) STRICT;
CREATE INDEX message_group ON message (queue, grp);
CREATE TABLE head (
    id INTEGER PRIMARY KEY, queue TEXT NOT NULL, state INTEGER NOT NULL CHECK (state IN (0, 1, 2)),
    visible_at INTEGER NOT NULL, receives INTEGER NOT NULL
) STRICT;
CREATE INDEX head_ready ON head (queue) WHERE state = 0;
CREATE INDEX head_later ON head (queue, visible_at) WHERE state <> 0;
CREATE TABLE dedup (
    queue TEXT NOT NULL, key TEXT NOT NULL, sent_at INTEGER NOT NULL, PRIMARY KEY (queue, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX dedup_time ON dedup (sent_at);
CREATE TABLE dead (
    seq INTEGER PRIMARY KEY, id INTEGER NOT NULL, queue TEXT NOT NULL, grp TEXT NOT NULL, body TEXT NOT NULL,
    reason TEXT NOT NULL, at INTEGER NOT NULL
) STRICT;
CREATE INDEX dead_queue ON dead (queue);
CREATE TABLE tally (
    queue TEXT PRIMARY KEY, sent INTEGER NOT NULL, handled INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

/// What lies at the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Nothing,
    Ours,
}

pub(super) fn open(path: &Path) -> Result<Connection, QueueError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    prepare(Connection::open_with_flags(path, flags)?)
}

pub(super) fn memory() -> Result<Connection, QueueError> {
    prepare(Connection::open_in_memory()?)
}

fn prepare(db: Connection) -> Result<Connection, QueueError> {
    db.busy_timeout(BUSY_WAIT)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    let found = look(&db)?;
    // Takes effect in a file that is about to be created, and in no other.
    db.execute_batch("PRAGMA page_size = 2048")?;
    // A database in memory answers "memory" and has no use for a log.
    db.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0))?;
    db.execute_batch("PRAGMA synchronous = NORMAL; PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -8192;")?;
    let set = |pragma: &str, value: i64| db.query_row(&format!("PRAGMA {pragma} = {value}"), [], |_| Ok(()));
    set("wal_autocheckpoint", LOG_PAGES)?;
    set("journal_size_limit", LOG_BYTES_MAX)?;
    if found == Found::Nothing {
        transaction::write(&db, create)?;
    }
    Ok(db)
}

/// Looks again, now that nobody else can write: two processes may have found nothing.
fn create(db: &Connection) -> Result<(), QueueError> {
    if look(db)? == Found::Nothing {
        db.execute_batch(TABLES)?;
        db.execute_batch(&format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {VERSION};"))?;
    }
    Ok(())
}

fn look(db: &Connection) -> Result<Found, QueueError> {
    let number = |pragma: &str| db.query_row(pragma, [], |row| row.get::<_, i64>(0));
    let version = number("PRAGMA user_version")?;
    if version == 0 && number("SELECT COUNT(*) FROM sqlite_schema")? == 0 {
        return Ok(Found::Nothing);
    }
    // Other programs number their schemas too: a version says something only under our own name.
    if number("PRAGMA application_id")? != APPLICATION || version < 1 {
        return Err(QueueError::foreign("it is the database of another program"));
    }
    if version > VERSION {
        return Err(QueueError::Newer { found: version, known: VERSION });
    }
    Ok(Found::Ours)
}

/// The queue a row names.
pub(super) fn queue_named(name: &str) -> Result<QueueName, QueueError> {
    let known = QueueName::ALL.into_iter().find(|queue| queue.name() == name);
    known.ok_or_else(|| QueueError::foreign(format!("it has messages for {name:?}, a queue that does not exist")))
}

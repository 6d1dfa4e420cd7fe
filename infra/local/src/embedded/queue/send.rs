//! Sending: deduplication, the message, its place in the group, the count.

use super::{Queue, QueueError};
use desk::message::QueueName;
use desk::time::Timestamp;
use rusqlite::{Connection, params};

/// The longest body, in bytes of UTF-8.
pub const BODY_BYTES_MAX: usize = 256 * 1024;

/// For how long a deduplication id is remembered, from the message that was accepted.
pub const DEDUP_WINDOW_MS: i64 = 5 * 60 * 1000;

/// Two forgotten for each one remembered: the table shrinks to the window, and no send pays for a burst before it.
const FORGET: &str = "DELETE FROM dedup WHERE (queue, key) IN
    (SELECT queue, key FROM dedup WHERE sent_at <= ?1 ORDER BY sent_at LIMIT 2)";

/// Changes no row when the id is remembered and the window (?4 is when it would have begun) has not passed.
const REMEMBER: &str = "INSERT INTO dedup (queue, key, sent_at) VALUES (?1, ?2, ?3)
    ON CONFLICT (queue, key) DO UPDATE SET sent_at = excluded.sent_at WHERE dedup.sent_at <= ?4";

const COUNT: &str = "INSERT INTO tally (queue, sent, handled) VALUES (?1, 1, 0)
    ON CONFLICT (queue) DO UPDATE SET sent = sent + 1";

/// The id is the number of messages sent to all queues: the counts are on a page that is written anyway.
const INSERT: &str = "INSERT INTO message (id, queue, grp, sent_at, body)
    SELECT SUM(sent), ?1, ?2, ?3, ?4 FROM tally";

const LEAD: &str = "INSERT INTO head (id, queue, state, visible_at, receives) SELECT ?1, ?2, 0, ?3, 0
    WHERE NOT ?4 OR NOT EXISTS (SELECT 1 FROM message WHERE queue = ?2 AND grp = ?5 AND id < ?1)";

impl Queue {
    /// Puts a message at the end of its group. `false`: a message with this `dedup` was sent to this queue within
    /// [`DEDUP_WINDOW_MS`] before `now` (or after it, by a clock that went back), whatever became of it, and this one
    /// was dropped. The standard queue deduplicates too.
    ///
    /// # Errors
    /// [`QueueError::TooLarge`] above [`BODY_BYTES_MAX`]; else as the file has it.
    pub fn send(
        &self,
        queue: QueueName,
        group: &str,
        dedup: &str,
        body: &str,
        now: Timestamp,
    ) -> Result<bool, QueueError> {
        if body.len() > BODY_BYTES_MAX {
            return Err(QueueError::TooLarge { bytes: body.len(), limit: BODY_BYTES_MAX });
        }
        self.write(|db| {
            let fresh = remember(db, queue, dedup, now)?;
            if fresh {
                append(db, queue, group, body, now)?;
            }
            Ok(fresh)
        })
    }
}

fn remember(db: &Connection, queue: QueueName, dedup: &str, now: Timestamp) -> Result<bool, QueueError> {
    let window_start_ms = now.plus_ms(-DEDUP_WINDOW_MS).ms();
    let remembered = db.prepare_cached(REMEMBER)?.execute(params![queue.name(), dedup, now.ms(), window_start_ms])?;
    if remembered > 0 {
        db.prepare_cached(FORGET)?.execute([window_start_ms])?;
    }
    Ok(remembered > 0)
}

fn append(db: &Connection, queue: QueueName, group: &str, body: &str, now: Timestamp) -> Result<(), QueueError> {
    let name = queue.name();
    db.prepare_cached(COUNT)?.execute([name])?;
    db.prepare_cached(INSERT)?.execute(params![name, group, now.ms(), body])?;
    let id = db.last_insert_rowid();
    db.prepare_cached(LEAD)?.execute(params![id, name, now.ms(), queue.is_fifo(), group])?;
    Ok(())
}

#[cfg(test)]
pub(super) const STATEMENTS: [&str; 4] = [FORGET, REMEMBER, INSERT, LEAD];

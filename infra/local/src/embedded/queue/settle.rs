//! How a message in flight ends: handled, failed, given up, or orphaned by a crash.
//!
//! Settling a message that is no longer there does nothing: at least once means that somebody may come second.

use super::schema::queue_named;
use super::{Queue, QueueError};
use desk::message::QueueName;
use desk::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

const REMOVE: &str = "DELETE FROM message WHERE id = ?1 RETURNING queue, grp";

const STEP_DOWN: &str = "DELETE FROM head WHERE id = ?1";

const NEXT: &str = "INSERT INTO head (id, queue, state, visible_at, receives)
    SELECT id, queue, 0, sent_at, 0 FROM message WHERE queue = ?1 AND grp = ?2 ORDER BY id LIMIT 1";

const HANDLED: &str = "UPDATE tally SET handled = handled + 1 WHERE queue = ?1";

const DELAY: &str = "UPDATE head SET state = 1, visible_at = ?2 WHERE id = ?1";

const BURY: &str = "INSERT INTO dead (id, queue, grp, body, reason, at)
    SELECT id, queue, grp, body, ?2, ?3 FROM message WHERE id = ?1";

/// Looks at every head, once a start. What has timed out but was not handed out again counts as interrupted: the
/// process may have been dead all that time.
const RECOVER: &str = "UPDATE head SET state = 0, visible_at = ?1, receives = receives - 1 WHERE state = 2";

impl Queue {
    /// Makes everything in flight ready, as if it had not been received, and says how many that were. For the start,
    /// before the first receive: the one process that could have held them is gone. Delayed messages stay delayed.
    ///
    /// # Errors
    /// As the file has it; don't receive before it has succeeded.
    pub fn recover(&self, now: Timestamp) -> Result<u64, QueueError> {
        let recovered = self.write(|db| Ok(db.prepare_cached(RECOVER)?.execute([now.ms()])?))?;
        Ok(u64::try_from(recovered).unwrap_or(u64::MAX))
    }

    /// The message is handled: it goes, and the next of its group is ready.
    ///
    /// # Errors
    /// As the file has it; the message will be received again then.
    pub fn delete(&self, id: i64) -> Result<(), QueueError> {
        self.write(|db| {
            if let Some(queue) = remove(db, id)? {
                db.prepare_cached(HANDLED)?.execute([queue.name()])?;
            }
            Ok(())
        })
    }

    /// The message has failed: it is ready again from `visible_at` on and keeps its place, so that its group is
    /// blocked until then.
    ///
    /// # Errors
    /// As the file has it; the message comes back when its visibility times out.
    pub fn release(&self, id: i64, visible_at: Timestamp) -> Result<(), QueueError> {
        self.write(|db| {
            db.prepare_cached(DELAY)?.execute([id, visible_at.ms()])?;
            Ok(())
        })
    }

    /// The message is given up: it goes to the dead letters, and the next of its group is ready.
    ///
    /// # Errors
    /// As the file has it; the message will be received again then.
    pub fn bury(&self, id: i64, reason: &str, now: Timestamp) -> Result<(), QueueError> {
        self.write(|db| {
            db.prepare_cached(BURY)?.execute(params![id, reason, now.ms()])?;
            remove(db, id)?;
            Ok(())
        })
    }
}

/// Takes the message away and lets the next of its group lead. A message that was blocked leaves the head alone.
fn remove(db: &Connection, id: i64) -> Result<Option<QueueName>, QueueError> {
    let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?));
    let Some((name, group)) = db.prepare_cached(REMOVE)?.query_row([id], row).optional()? else {
        return Ok(None);
    };
    let queue = queue_named(&name)?;
    let was_head = db.prepare_cached(STEP_DOWN)?.execute([id])? > 0;
    if was_head && queue.is_fifo() {
        db.prepare_cached(NEXT)?.execute([name, group])?;
    }
    Ok(Some(queue))
}

#[cfg(test)]
pub(super) const STATEMENTS: [&str; 6] = [REMOVE, STEP_DOWN, NEXT, HANDLED, DELAY, BURY];

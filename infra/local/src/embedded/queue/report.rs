//! What the file says about itself: counts, dead letters, the next instant, health, a copy.

use super::schema::queue_named;
use super::{Counts, DeadLetter, Queue, QueueError};
use desk::message::QueueName;
use desk::time::Timestamp;
use rusqlite::{Connection, params};
use std::collections::BTreeMap;
use std::path::Path;

/// For each queue the oldest ready message and the first to come due. One statement sees one state of the file.
const NEXT_VISIBLE: &str = "SELECT
    (SELECT visible_at FROM head WHERE queue = tally.queue AND state = 0 ORDER BY id LIMIT 1),
    (SELECT MIN(visible_at) FROM head WHERE queue = tally.queue AND state <> 0)
    FROM tally";

const COUNTS: &str = "SELECT queue, sent, handled, (SELECT COUNT(*) FROM dead WHERE queue = tally.queue),
    (SELECT COUNT(*) FROM message WHERE queue = tally.queue) FROM tally";

const DEAD: &str = "SELECT id, queue, grp, body, reason, at FROM dead ORDER BY seq DESC LIMIT ?1";

/// Messages that should be heads and are not, or the other way round (the second invariant); ?2 is for FIFO.
const MISLED: &str = "WITH should AS
    (SELECT MIN(id) AS id FROM message WHERE queue = ?1 GROUP BY CASE WHEN ?2 THEN grp ELSE id END)
    SELECT (SELECT COUNT(*) FROM should WHERE id NOT IN (SELECT id FROM head WHERE queue = ?1))
    + (SELECT COUNT(*) FROM head WHERE queue = ?1 AND id NOT IN (SELECT id FROM should))";

impl Queue {
    /// The earliest instant at which a receive finds something; `None` when nothing waits. In-flight messages count
    /// with the end of their visibility, blocked ones not at all. An instant at or before the present says that
    /// something is ready: for a clock that jumps, the present is then early enough.
    ///
    /// # Errors
    /// As the file has it.
    pub fn next_visible(&self) -> Result<Option<Timestamp>, QueueError> {
        let db = self.lock();
        let mut statement = db.prepare_cached(NEXT_VISIBLE)?;
        let rows = statement.query_map([], |row| Ok([row.get::<_, Option<i64>>(0)?, row.get(1)?]))?;
        let instants = rows.collect::<Result<Vec<_>, _>>()?;
        Ok(instants.into_iter().flatten().flatten().min().map(Timestamp::from_ms))
    }

    /// The counts of every queue, of those that were never used too. Counts rows: for a page or an alarm, not for a
    /// loop.
    ///
    /// # Errors
    /// As the file has it.
    pub fn counts(&self) -> Result<BTreeMap<QueueName, Counts>, QueueError> {
        let db = self.lock();
        let mut counts: BTreeMap<_, _> = QueueName::ALL.into_iter().map(|queue| (queue, Counts::default())).collect();
        let mut statement = db.prepare_cached(COUNTS)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let queue = queue_named(&row.get::<_, String>(0)?)?;
            let of = Counts { sent: row.get(1)?, handled: row.get(2)?, dead: row.get(3)?, waiting: row.get(4)? };
            counts.insert(queue, of);
        }
        Ok(counts)
    }

    /// The last `limit` messages that were given up, the latest first.
    ///
    /// # Errors
    /// As the file has it.
    pub fn dead_letters(&self, limit: u32) -> Result<Vec<DeadLetter>, QueueError> {
        let db = self.lock();
        let mut statement = db.prepare_cached(DEAD)?;
        let mut rows = statement.query([limit])?;
        let mut letters = Vec::new();
        while let Some(row) = rows.next()? {
            letters.push(DeadLetter {
                id: row.get(0)?,
                queue: queue_named(&row.get::<_, String>(1)?)?,
                group: row.get(2)?,
                body: row.get(3)?,
                reason: row.get(4)?,
                at: Timestamp::from_ms(row.get(5)?),
            });
        }
        Ok(letters)
    }

    /// Writes a copy of one committed state to `path`, where nothing may be yet. Everything else waits meanwhile. A
    /// copy that was cut short is no queue file or fails [`Queue::check`]: check it before relying on it.
    ///
    /// # Errors
    /// [`QueueError::Full`] without room, [`QueueError::Io`] when there is a file already; remove what is left there.
    pub fn backup_to(&self, path: &Path) -> Result<(), QueueError> {
        let target = path.to_str().ok_or_else(|| rusqlite::Error::InvalidPath(path.to_path_buf()))?;
        self.lock().execute("VACUUM INTO ?1", [target])?;
        Ok(())
    }

    /// Reads the whole file and compares it with itself: `SQLite`'s check, then that every group has its head and that
    /// nothing was lost.
    ///
    /// # Errors
    /// [`QueueError::Corrupt`] with the first things found.
    pub fn check(&self) -> Result<(), QueueError> {
        check_pages(&self.lock())?;
        check_heads(&self.lock())?;
        for (queue, counts) in self.counts()? {
            let accounted = counts.handled.saturating_add(counts.dead).saturating_add(counts.waiting);
            if accounted != counts.sent {
                let Counts { sent, .. } = counts;
                return Err(QueueError::foreign(format!("{queue}: {sent} sent, {accounted} accounted for")));
            }
        }
        Ok(())
    }
}

fn check_pages(db: &Connection) -> Result<(), QueueError> {
    let mut statement = db.prepare("PRAGMA integrity_check(10)")?;
    let found = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    if found == ["ok"] { Ok(()) } else { Err(QueueError::foreign(found.join("; "))) }
}

fn check_heads(db: &Connection) -> Result<(), QueueError> {
    for queue in QueueName::ALL {
        let misled: u64 =
            db.prepare_cached(MISLED)?.query_row(params![queue.name(), queue.is_fifo()], |row| row.get(0))?;
        if misled > 0 {
            return Err(QueueError::foreign(format!("{queue}: {misled} messages are wrongly first or not first")));
        }
    }
    Ok(())
}

#[cfg(test)]
pub(super) const STATEMENTS: [&str; 2] = [NEXT_VISIBLE, COUNTS];

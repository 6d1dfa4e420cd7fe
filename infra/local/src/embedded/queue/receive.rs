//! Receiving: what has come due becomes ready, and the first of the ready go out.

use super::{Queue, QueueError, Received};
use desk::message::QueueName;
use desk::time::Timestamp;
use rusqlite::{Connection, params};

/// Whether a receive would find anything.
const PEEK: &str = "SELECT EXISTS (SELECT 1 FROM head WHERE queue = ?1 AND state = 0)
    OR EXISTS (SELECT 1 FROM head WHERE queue = ?1 AND state <> 0 AND visible_at <= ?2)";

/// Once for every release or time-out, so that ready messages can be kept in the order of sending whatever the order
/// in which they became ready.
const RIPEN: &str = "UPDATE head SET state = 0 WHERE queue = ?1 AND state <> 0 AND visible_at <= ?2";

pub(super) const READY: &str =
    "SELECT head.id, grp, body, receives FROM head CROSS JOIN message ON message.id = head.id
    WHERE head.queue = ?1 AND state = 0 ORDER BY head.id LIMIT ?2";

const TAKE: &str = "UPDATE head SET state = 2, visible_at = ?2, receives = receives + 1 WHERE id = ?1";

impl Queue {
    /// Takes up to `max` messages, at most one of a group, in the order in which they were sent. They are in flight
    /// for `visibility_ms` from `now`, and their groups are blocked; a message that is not deleted, released or buried
    /// by then is ready again. Finding nothing writes nothing and takes no lock.
    ///
    /// # Errors
    /// As the file has it; nothing is in flight then.
    pub fn receive(
        &self,
        queue: QueueName,
        max: u32,
        visibility_ms: i64,
        now: Timestamp,
    ) -> Result<Vec<Received>, QueueError> {
        let db = self.lock();
        let is_any: bool = db.prepare_cached(PEEK)?.query_row(params![queue.name(), now.ms()], |row| row.get(0))?;
        if max == 0 || !is_any {
            return Ok(Vec::new());
        }
        super::transaction::write(&db, |db| {
            db.prepare_cached(RIPEN)?.execute(params![queue.name(), now.ms()])?;
            let mut received = ready(db, queue, max)?;
            let mut take = db.prepare_cached(TAKE)?;
            for message in &mut received {
                take.execute([message.id, now.plus_ms(visibility_ms).ms()])?;
                message.receives = message.receives.saturating_add(1);
            }
            Ok(received)
        })
    }
}

fn ready(db: &Connection, queue: QueueName, max: u32) -> Result<Vec<Received>, QueueError> {
    let mut statement = db.prepare_cached(READY)?;
    let rows = statement.query_map(params![queue.name(), max], |row| {
        Ok(Received { id: row.get(0)?, queue, group: row.get(1)?, body: row.get(2)?, receives: row.get(3)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

#[cfg(test)]
pub(super) const STATEMENTS: [&str; 4] = [PEEK, RIPEN, READY, TAKE];

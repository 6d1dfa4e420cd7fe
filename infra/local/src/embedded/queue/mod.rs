//! The embedded queues: what SQS is on AWS, on one `SQLite` file.
//!
//! Owns the messages between being sent and being handled or buried, the dead letters, and the counts of both. A
//! message is *waiting* from [`Queue::send`] until [`Queue::delete`] or [`Queue::bury`]; while it waits it is ready, in
//! flight (received, until its visibility times out), delayed (released until an instant) or blocked (behind another
//! of its group). A receive hands out at most one message of a group, the first; SQS may hand out several, but a
//! consumer that handles them in order can't tell the difference.
//!
//! Invariants:
//!
//! 1. Nothing is lost: sent = waiting + handled + dead for every queue, in every committed state.
//! 2. The first waiting message of every FIFO group has a row in `head`, and no other message of the group has. The
//!    standard queue treats every message as a group of its own.
//! 3. Only heads are received. A head stays one until it is deleted or buried, so that neither a failure nor a crash
//!    changes the order in a group.
//! 4. A message's id is the number of messages ever sent to this file, itself included: never given twice, and
//!    ascending in the order of sending.
//! 5. Every operation is one transaction. What it has done survives the end of the process; a power failure may take
//!    back the last moments (`synchronous = NORMAL`), which senders repeat.
//! 6. Sending, receiving and settling never look at blocked messages: their cost grows with what they return and with
//!    the logarithm of the rest. Counts, checks and recovery read whole tables or indexes.
//!
//! It does not decide after how many receives a message is buried, reads no clock, starts no thread and never waits
//! for a message. An id is no receipt: whoever is slower than the visibility still settles the message when it comes
//! to an end, as it would in SQS. Times that run backwards delay what is in flight or delayed, never what is ready.

mod error;
mod receive;
mod report;
mod schema;
mod send;
mod settle;
#[cfg(test)]
mod tests;
mod transaction;

pub use error::QueueError;
pub use send::{BODY_BYTES_MAX, DEDUP_WINDOW_MS};

use desk::message::QueueName;
use desk::time::Timestamp;
use rusqlite::Connection;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// All queues of a desk, on one file. One process owns the file and shuts all others out of it, which spares a lock at
/// every operation.
#[derive(Debug)]
pub struct Queue {
    db: Mutex<Connection>,
}

/// A message that has been handed out and now is in flight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Its number, for [`Queue::delete`], [`Queue::release`] and [`Queue::bury`].
    pub id: i64,
    /// From which queue.
    pub queue: QueueName,
    /// Its group, as the sender gave it.
    pub group: String,
    /// What was sent.
    pub body: String,
    /// How often it has been handed out, this time included: at least 1.
    pub receives: u32,
}

/// What has become of everything ever sent to a queue. `sent` and `handled` are kept by counting, `dead` and
/// `waiting` are the rows that are there, so that sent = handled + dead + waiting says something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Accepted; duplicates are not.
    pub sent: u64,
    /// Deleted by whoever handled them.
    pub handled: u64,
    /// Buried.
    pub dead: u64,
    /// Ready, in flight, delayed or blocked.
    pub waiting: u64,
}

/// A message that was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The number it had as a message.
    pub id: i64,
    /// From which queue.
    pub queue: QueueName,
    /// Its group.
    pub group: String,
    /// What was sent.
    pub body: String,
    /// Why it was given up.
    pub reason: String,
    /// When it was given up.
    pub at: Timestamp,
}

impl Queue {
    /// Opens the file, or creates it. The folder has to exist. After the process that had it open has died, call
    /// [`Queue::recover`] before anything is received.
    ///
    /// # Errors
    /// [`QueueError::Newer`] for a file of a later program, [`QueueError::Corrupt`] for one that is damaged or none of
    /// ours; neither is touched. [`QueueError::Full`], [`QueueError::Busy`] and [`QueueError::Io`] as they say.
    pub fn open(path: &Path) -> Result<Self, QueueError> {
        Ok(Self { db: Mutex::new(schema::open(path)?) })
    }

    /// Queues that end with the process.
    ///
    /// # Errors
    /// [`QueueError::Io`] when there is no memory for it.
    pub fn memory() -> Result<Self, QueueError> {
        Ok(Self { db: Mutex::new(schema::memory()?) })
    }

    /// The connection, outside of any transaction. A thread that panicked in a transaction has committed nothing;
    /// what it left open is rolled back here, so that its poison need not spread.
    fn lock(&self) -> MutexGuard<'_, Connection> {
        let db = self.db.lock().unwrap_or_else(PoisonError::into_inner);
        transaction::abandon(&db);
        db
    }
}

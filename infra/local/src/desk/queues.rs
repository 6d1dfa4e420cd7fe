//! The queue port over the embedded queue.

use super::clock::DeskClock;
use crate::embedded::queue::{Queue, QueueError};
use desk::port::{Clock, Outgoing, Publish, PublishError};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The desk's queues. It knows without asking the file whether anything waits, which is most of what a quiet desk does.
#[derive(Debug, Clone)]
pub struct Queues {
    queue: Arc<Queue>,
    waiting: Arc<AtomicU64>,
    clock: DeskClock,
}

impl Queues {
    /// The queues in `queue`, with the desk's time.
    ///
    /// # Errors
    /// As the queue.
    pub fn new(queue: Arc<Queue>, clock: DeskClock) -> Result<Self, QueueError> {
        let waiting = queue.counts()?.values().map(|counts| counts.waiting).sum();
        Ok(Self { queue, waiting: Arc::new(AtomicU64::new(waiting)), clock })
    }

    /// The queue below.
    #[must_use]
    pub fn queue(&self) -> &Queue {
        &self.queue
    }

    /// Whether nothing waits anywhere.
    #[must_use]
    pub fn are_empty(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) == 0
    }

    /// Takes note that a message has left for good.
    pub fn one_left(&self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Publish for Queues {
    async fn publish(&self, outgoing: Outgoing) -> Result<(), PublishError> {
        let Outgoing { queue, message, dedup } = outgoing;
        let fault = |reason: String| PublishError { queue, reason };
        let body = message.encode().map_err(|e| fault(e.to_string()))?;
        let sent = self.queue.send(queue, &message.group(), &dedup, &body, self.clock.now());
        if sent.map_err(|e| fault(e.to_string()))? {
            self.waiting.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

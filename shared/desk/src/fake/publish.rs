//! Queues that only remember what was sent.

use crate::message::{Message, QueueName};
use crate::port::{Outgoing, Publish, PublishError};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Queues that only remember what was sent. They don't deduplicate: a handler must bear repetition.
#[derive(Debug, Default)]
pub struct FakeQueues(Mutex<VecDeque<Outgoing>>);

impl FakeQueues {
    /// The oldest message of a queue, taken off it.
    pub fn take(&self, queue: QueueName) -> Option<Message> {
        let mut sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let index = sent.iter().position(|outgoing| outgoing.queue == queue)?;
        sent.remove(index).map(|outgoing| outgoing.message)
    }

    /// How many messages wait in a queue.
    #[must_use]
    pub fn waiting(&self, queue: QueueName) -> usize {
        let sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sent.iter().filter(|outgoing| outgoing.queue == queue).count()
    }
}

impl Publish for FakeQueues {
    async fn publish(&self, outgoing: Outgoing) -> Result<(), PublishError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(outgoing);
        Ok(())
    }
}

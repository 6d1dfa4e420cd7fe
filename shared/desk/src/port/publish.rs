//! The queue port: sending. Receiving is the runtime's business (an event source on AWS, a worker on a laptop).

use crate::message::{Message, QueueName};
use std::future::Future;
use thiserror::Error;

/// A message on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// To which queue.
    pub queue: QueueName,
    /// What.
    pub message: Message,
    /// Messages of one id sent within five minutes arrive once.
    pub dedup: String,
}

/// A message that could not be sent.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a message could not be sent to {queue}: {reason}")]
pub struct PublishError {
    /// To which queue.
    pub queue: QueueName,
    /// Why.
    pub reason: String,
}

/// Sending.
pub trait Publish: Send + Sync {
    /// Sends a message; it has arrived when this returns.
    fn publish(&self, outgoing: Outgoing) -> impl Future<Output = Result<(), PublishError>> + Send;
}

impl<P: Publish> Publish for std::sync::Arc<P> {
    async fn publish(&self, outgoing: Outgoing) -> Result<(), PublishError> {
        (**self).publish(outgoing).await
    }
}

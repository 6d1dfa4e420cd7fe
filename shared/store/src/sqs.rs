//! The queue port over SQS.
//!
//! FIFO queues get the message's group and deduplication id; the standard queue takes neither. Receiving is the
//! Lambda event source's business.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::DisplayErrorContext;
use desk::message::QueueName;
use desk::port::{Outgoing, Publish, PublishError};
use std::collections::BTreeMap;

/// The desk's queues in SQS.
#[derive(Debug, Clone)]
pub struct SqsQueues {
    client: Client,
    urls: BTreeMap<QueueName, String>,
}

impl SqsQueues {
    /// The queues behind `client`, by their URLs.
    #[must_use]
    pub const fn new(client: Client, urls: BTreeMap<QueueName, String>) -> Self {
        Self { client, urls }
    }
}

impl Publish for SqsQueues {
    async fn publish(&self, outgoing: Outgoing) -> Result<(), PublishError> {
        let Outgoing { queue, message, dedup } = outgoing;
        let fault = |reason: String| PublishError { queue, reason };
        let url = self.urls.get(&queue).ok_or_else(|| fault("no URL is configured for the queue".to_owned()))?;
        let body = message.encode().map_err(|e| fault(e.to_string()))?;
        let mut send = self.client.send_message().queue_url(url).message_body(body);
        if queue.is_fifo() {
            send = send.message_group_id(message.group()).message_deduplication_id(dedup);
        }
        match send.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(fault(DisplayErrorContext(&error).to_string())),
        }
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_sqs::config::http::{HttpRequest, HttpResponse};
    use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
    use aws_smithy_runtime_api::client::http::{
        HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
    };
    use aws_smithy_types::body::SdkBody;
    use desk::fake::sample;
    use desk::message::Message;
    use desk::time::Interval;
    use std::sync::{Arc, Mutex};

    /// Keeps what would be sent, and answers as SQS does.
    #[derive(Debug, Clone, Default)]
    struct Wire(Arc<Mutex<Vec<serde_json::Value>>>);

    impl HttpConnector for Wire {
        fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
            let body = request.body().bytes().unwrap_or_default();
            self.0.lock().unwrap().push(serde_json::from_slice(body).unwrap());
            let answer = SdkBody::from(r#"{"MessageId":"1"}"#);
            HttpConnectorFuture::ready(Ok(HttpResponse::new(200.try_into().unwrap(), answer)))
        }
    }

    fn queues(wire: &Wire) -> SqsQueues {
        let connector = SharedHttpConnector::new(wire.clone());
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("local"))
            .credentials_provider(Credentials::new("a", "b", None, None, "test"))
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build();
        let url = |name: QueueName| (name, format!("http://sqs.invalid/{}", name.name()));
        let urls = [QueueName::Bars, QueueName::Orders].map(url).into();
        SqsQueues::new(Client::from_conf(config), urls)
    }

    #[tokio::test]
    async fn a_fifo_message_carries_its_group_and_its_deduplication_id_and_a_standard_one_neither() {
        let wire = Wire::default();
        let queues = queues(&wire);
        let intent = sample::entry("1");
        queues.publish(Outgoing::to_place(&intent)).await.unwrap();
        let symbol = intent.symbol.clone();
        let message = Message::Bars { symbol, interval: Interval::MINUTE };
        queues.publish(Outgoing { queue: QueueName::Bars, message, dedup: "x".to_owned() }).await.unwrap();
        let sent = wire.0.lock().unwrap();
        assert_eq!(sent[0]["MessageGroupId"], "paper#BTCUSDT");
        assert_eq!(sent[0]["MessageDeduplicationId"], intent.id.as_str());
        assert_eq!(sent[0]["QueueUrl"], "http://sqs.invalid/orders.fifo");
        let body = sent[0]["MessageBody"].as_str().unwrap();
        assert!(matches!(Message::decode(body).unwrap(), Message::Order { intent: id, .. } if id == intent.id));
        assert!(sent[1].get("MessageGroupId").is_none() && sent[1].get("MessageDeduplicationId").is_none());
    }

    #[tokio::test]
    async fn a_queue_without_a_url_is_named() {
        let fill = sample::fill(desk::order::Side::Buy, "100", "1", 1);
        let error = queues(&Wire::default()).publish(Outgoing::to_book(fill)).await.unwrap_err();
        assert_eq!(error.queue, QueueName::Fills);
    }
}

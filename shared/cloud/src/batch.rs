//! Batches of a queue.
//!
//! What succeeded is deleted by the runtime. What failed goes back with everything behind it in its group, and becomes
//! visible when it may work. What can never work is sent to the queue's dead letters by this function, with its reason,
//! and its group goes on; the queue's own redrive is for messages that end the process before it can say anything.

use crate::{Desk, fails, random_hex};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use aws_sdk_sqs::error::DisplayErrorContext;
use aws_sdk_sqs::types::MessageAttributeValue;
use boot::batch::{self, Again, Answer, Delivery};
use boot::{Failure, observe};
use desk::id::InvocationId;
use desk::message::{Message, QueueName};
use desk::port::Clock;
use desk::time::Timestamp;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use std::future::Future;

/// How much of a reason is written to a dead letter, in characters.
const REASON: usize = 500;

/// Serves the batches of the queues that this function is given: `handle` gets one message at a time.
///
/// # Errors
/// If the runtime can't be reached any more.
pub async fn consume<F>(desk: &Desk, handle: impl Fn(Message, InvocationId) -> F) -> Result<(), Error>
where
    F: Future<Output = Result<(), Failure>>,
{
    let handle = &handle;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<SqsEvent>| async move {
        run(desk, &event.payload.records, handle).await.map_err(|failure| fails("batch", &failure))
    }))
    .await
}

async fn run<F>(
    desk: &Desk,
    records: &[SqsMessage],
    handle: impl Fn(Message, InvocationId) -> F,
) -> Result<SqsBatchResponse, Failure>
where
    F: Future<Output = Result<(), Failure>>,
{
    let deliveries: Vec<Delivery> = records.iter().zip(0..).map(|(record, id)| delivery(id, record)).collect();
    let invocation = InvocationId::new(random_hex()).map_err(|e| Failure::retry(e.to_string()))?;
    let answers = batch::run(&deliveries, |message| handle(message, invocation.clone())).await?;
    let mut response = SqsBatchResponse::default();
    for ((record, delivery), (_, answer)) in records.iter().zip(&deliveries).zip(answers) {
        if !settled(desk, record, delivery, answer).await {
            response.add_failure(record.message_id.clone().unwrap_or_default());
        }
    }
    Ok(response)
}

/// A record as the runner takes it. A number that can't be read counts as a first delivery: it is buried later, not
/// earlier.
fn delivery(id: i64, record: &SqsMessage) -> Delivery {
    let attribute = |name: &str| record.attributes.get(name);
    Delivery {
        id,
        group: attribute("MessageGroupId").cloned(),
        body: record.body.clone().unwrap_or_default(),
        receives: attribute("ApproximateReceiveCount").and_then(|text| text.parse().ok()).unwrap_or(1),
    }
}

/// Does what was answered; `false` if the message goes back to its queue.
async fn settled(desk: &Desk, record: &SqsMessage, delivery: &Delivery, answer: Answer) -> bool {
    let queue = queue_of(record);
    let name = queue.map_or("unknown", QueueName::name);
    match answer {
        Answer::Done => true,
        Answer::Back(again, reason) => {
            observe::failed(name, &reason);
            hide(desk, record, seconds(desk.clock.now(), again, delivery.receives)).await;
            false
        }
        // What can't be buried goes back: better seen again than lost. Queues that keep order hand over one message at a
        // time (infra/resources.json), so nothing behind it has been handled meanwhile.
        Answer::Dead(reason) => match bury(desk, queue, record, delivery, &reason).await {
            Ok(()) => {
                observe::buried(name, &reason);
                true
            }
            Err(error) => {
                observe::failed(name, &format!("could not be buried: {error}"));
                false
            }
        },
    }
}

/// The queue a record came from, by the end of its address: `…:<desk>-orders.fifo`.
fn queue_of(record: &SqsMessage) -> Option<QueueName> {
    let arn = record.event_source_arn.as_deref()?;
    QueueName::ALL.into_iter().find(|queue| arn.ends_with(&format!("-{}", queue.name())))
}

/// For how long a message is hidden before it is delivered again. Rounded up: a message that comes too early is one more
/// delivery for nothing.
fn seconds(now: Timestamp, again: Again, receives: u32) -> i32 {
    let ms = batch::hidden_ms(now, again, receives);
    i32::try_from(ms.saturating_add(999) / 1000).unwrap_or(i32::MAX)
}

/// Hides a message. If that fails it comes back when the queue's own time is over: later, but it does.
async fn hide(desk: &Desk, record: &SqsMessage, seconds: i32) {
    let (Some(url), Some(receipt)) = (queue_url(desk, record), record.receipt_handle.clone()) else { return };
    let change = desk.sqs.change_message_visibility().queue_url(url).receipt_handle(receipt);
    if let Err(error) = change.visibility_timeout(seconds).send().await {
        observe::failed("visibility", &DisplayErrorContext(&error).to_string());
    }
}

/// The URL of the queue a record came from, made from that of its dead letters, which this function is told.
fn queue_url(desk: &Desk, record: &SqsMessage) -> Option<String> {
    let queue = queue_of(record)?;
    let (base, _) = desk.dead_letters.get(&queue)?.rsplit_once('/')?;
    let name = record.event_source_arn.as_deref()?.rsplit(':').next()?;
    Some(format!("{base}/{name}"))
}

async fn bury(
    desk: &Desk,
    queue: Option<QueueName>,
    record: &SqsMessage,
    delivery: &Delivery,
    reason: &str,
) -> Result<(), String> {
    let queue = queue.ok_or("it came from a queue that is none of ours")?;
    let url = desk.dead_letters.get(&queue).ok_or("the environment does not name the queue's dead letters")?;
    let shown: String = reason.chars().take(REASON).collect();
    let attribute = MessageAttributeValue::builder().data_type("String").string_value(shown).build();
    let attribute = attribute.map_err(|e| e.to_string())?;
    let send = desk.sqs.send_message().queue_url(url).message_body(&delivery.body);
    let mut send = send.message_attributes("reason", attribute);
    if queue.is_fifo() {
        send = send
            .message_group_id(delivery.group.clone().unwrap_or_default())
            .message_deduplication_id(record.message_id.clone().unwrap_or_default());
    }
    send.send().await.map(drop).map_err(|error| DisplayErrorContext(&error).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_runtime_api::client::http::{
        HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
    };
    use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
    use aws_smithy_types::body::SdkBody;
    use serde_json::Value;
    use std::collections::BTreeMap;
    use std::sync::{Arc, Mutex};

    const ORDERS: &str = "arn:aws:sqs:eu-central-1:1:my-desk-orders.fifo";

    /// Keeps what would be sent, and answers with one status.
    #[derive(Debug, Clone)]
    struct Wire(Arc<Mutex<Vec<(String, Value)>>>, u16);

    impl HttpConnector for Wire {
        fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
            let target = request.headers().get("x-amz-target").unwrap_or_default().to_owned();
            let body = serde_json::from_slice(request.body().bytes().unwrap_or_default()).unwrap();
            self.0.lock().unwrap().push((target, body));
            let answer = SdkBody::from(r#"{"MessageId":"1"}"#);
            HttpConnectorFuture::ready(Ok(HttpResponse::new(self.1.try_into().unwrap(), answer)))
        }
    }

    /// A function that is given the messages of `orders`, before queues that answer with `status`.
    fn desk(status: u16) -> (Desk, Wire) {
        let wire = Wire(Arc::default(), status);
        let connector = SharedHttpConnector::new(wire.clone());
        let environment = [("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b"), ("AWS_REGION", "eu-central-1")];
        let environment: BTreeMap<String, String> =
            environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let http = http_client_fn(move |_, _| connector.clone());
        let config = include_str!("../../../infra/desk.json");
        let dead = BTreeMap::from([(QueueName::Orders, "http://sqs.invalid/1/my-desk-orders-dead.fifo".to_owned())]);
        (Desk::over(&environment.into(), http, serde_json::from_str(config).unwrap(), dead), wire)
    }

    fn record(arn: &str, attributes: &[(&str, &str)]) -> SqsMessage {
        let mut record = SqsMessage::default();
        record.event_source_arn = Some(arn.to_owned());
        record.receipt_handle = Some("receipt".to_owned());
        record.attributes = attributes.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        record
    }

    fn message(id: &str, group: &str, body: &str) -> SqsMessage {
        let mut record = record(ORDERS, &[("MessageGroupId", group), ("ApproximateReceiveCount", "3")]);
        record.message_id = Some(id.to_owned());
        record.body = Some(body.to_owned());
        record
    }

    const GOOD: &str = r#"{"v":1,"kind":"bars","symbol":"BTCUSDT","interval":"1h"}"#;

    async fn failed(desk: &Desk, records: &[SqsMessage], fails: bool) -> Vec<String> {
        let handle = async |_, _| if fails { Err(Failure::retry("later")) } else { Ok(()) };
        let response = run(desk, records, handle).await.unwrap();
        response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
    }

    #[tokio::test]
    async fn poison_is_buried_with_its_reason_and_its_group_goes_on() {
        let (desk, wire) = desk(200);
        let batch = [message("1", "a", "garbage"), message("2", "a", GOOD)];
        assert_eq!(failed(&desk, &batch, false).await, Vec::<String>::new());
        let sent = wire.0.lock().unwrap();
        let [(target, dead)] = sent.as_slice() else { panic!("{sent:?}") };
        assert_eq!(target, "AmazonSQS.SendMessage");
        assert_eq!(dead["QueueUrl"], "http://sqs.invalid/1/my-desk-orders-dead.fifo");
        assert_eq!((&dead["MessageBody"], &dead["MessageGroupId"]), (&Value::from("garbage"), &Value::from("a")));
        assert!(dead["MessageAttributes"]["reason"]["StringValue"].as_str().unwrap().contains("can't be parsed"));
    }

    #[tokio::test]
    async fn poison_that_can_not_be_buried_goes_back() {
        let (desk, _) = desk(403);
        assert_eq!(failed(&desk, &[message("1", "a", "garbage")], false).await, ["1"]);
    }

    #[tokio::test]
    async fn what_failed_goes_back_with_all_behind_it_and_is_hidden_for_a_while() {
        let (desk, wire) = desk(200);
        let batch = [message("1", "a", GOOD), message("2", "b", "garbage"), message("3", "a", GOOD)];
        assert_eq!(failed(&desk, &batch, true).await, ["1", "3"]);
        let sent = wire.0.lock().unwrap();
        let hidden: Vec<&Value> = sent
            .iter()
            .filter(|(target, _)| target.ends_with("ChangeMessageVisibility"))
            .map(|(_, body)| body)
            .collect();
        assert_eq!(hidden.len(), 2);
        assert_eq!(hidden[0]["QueueUrl"], "http://sqs.invalid/1/my-desk-orders.fifo");
        assert_eq!((&hidden[0]["VisibilityTimeout"], &hidden[0]["ReceiptHandle"]), (&1.into(), &"receipt".into()));
    }

    #[test]
    fn a_record_is_told_by_its_queue_its_group_and_how_often_it_came() {
        let orders = "arn:aws:sqs:eu-central-1:1:my-desk-orders.fifo";
        let fifo = record(orders, &[("MessageGroupId", "a#b"), ("ApproximateReceiveCount", "3")]);
        assert_eq!(queue_of(&fifo), Some(QueueName::Orders));
        let Delivery { group, receives, .. } = delivery(0, &fifo);
        assert_eq!((group.as_deref(), receives), (Some("a#b"), 3));
        let poke = record("arn:aws:sqs:eu-central-1:1:my-desk-bars", &[]);
        assert_eq!((queue_of(&poke), delivery(0, &poke).group), (Some(QueueName::Bars), None));
        assert_eq!(queue_of(&record("arn:aws:sqs:eu-central-1:1:my-desk-orders-dead.fifo", &[])), None);
    }

    #[test]
    fn a_message_waits_until_it_may_work_and_otherwise_longer_each_time() {
        let now = Timestamp::from_ms(10_000);
        assert_eq!([1, 2, 4, 8, 30].map(|receives| seconds(now, Again::Later(None), receives)), [1, 1, 2, 32, 64]);
        let at = |ms| seconds(now, Again::Later(Some(Timestamp::from_ms(ms))), 1);
        assert_eq!([at(10_001), at(25_000), at(0), at(i64::MAX)], [1, 15, 1, 900]);
    }
}

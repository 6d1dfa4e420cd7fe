//! The table, the configuration and the events with which functions are measured: those of a short run, so that what is
//! timed is what they do, and not how they fail.

use super::permissions::Scenario;
use desk::message::QueueName;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// An event as AWS hands it over: one message.
fn batch(queue: QueueName, body: &str) -> Value {
    let arn = format!("arn:aws:sqs:eu-central-1:000000000000:ballast-{}", queue.name());
    json!({"Records": [{
        "messageId": "1", "receiptHandle": "r", "body": body, "eventSource": "aws:sqs", "awsRegion": "eu-central-1",
        "eventSourceARN": arn,
        "attributes": {"ApproximateReceiveCount": "1", "MessageGroupId": "g"},
    }]})
}

#[tokio::test(start_paused = true)]
#[ignore = "writes a file for `cargo xtask lambda-bench`, which asks for it"]
async fn the_table_that_is_measured_with() {
    let Some(path) = std::env::var_os("BALLAST_BENCH_TABLE") else { panic!("name the file in BALLAST_BENCH_TABLE") };
    let mut scenario = Scenario::new().await;
    scenario.until(true).await;
    let desk = &scenario.desk;
    let rows: Vec<Value> = desk.table.items().iter().map(|item| {
        let mut attributes = json!({
            "pk": {"S": item.key.pk}, "sk": {"S": item.key.sk}, "v": {"N": item.version.to_string()}, "b": {"S": item.body},
        });
        for (name, amount) in &item.counters {
            attributes[format!("c_{name}")] = json!({"N": amount.to_string()});
        }
        json!({"pk": item.key.pk, "sk": item.key.sk, "item": attributes})
    }).collect();
    let mut events: BTreeMap<String, Value> = BTreeMap::new();
    for (queue, message) in desk.handled.lock().unwrap().iter() {
        let consumer = boot::resources::Resources::read().unwrap().queues.into_iter().find(|q| q.name == queue.name());
        events.insert(consumer.unwrap().consumer, batch(*queue, &message.encode().unwrap()));
    }
    for schedule in boot::resources::Resources::read().unwrap().schedules {
        events.insert(schedule.function, schedule.input);
    }
    let written = json!({"desk": *desk.config, "rows": rows, "events": events});
    std::fs::write(path, written.to_string()).unwrap();
}

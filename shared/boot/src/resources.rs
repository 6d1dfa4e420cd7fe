//! What the desk is made of on AWS, as `infra/resources.json` says: the one source that the deployment and the code
//! read both. Here are the names by which a function finds its table and queues.

use desk::message::QueueName;
use serde::Deserialize;
use serde_json::Value;

/// The file, as it was when the code was built.
pub const FILE: &str = include_str!("../../../infra/resources.json");

/// What the desk is made of.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resources {
    /// What the file is for.
    pub about: String,
    /// The one table.
    pub table: Table,
    /// How often a message is delivered before a handler buries it.
    pub max_receives: u32,
    /// The queues.
    pub queues: Vec<Queue>,
    /// What is invoked when.
    pub schedules: Vec<Schedule>,
    /// The functions.
    pub functions: Vec<Function>,
    /// What is served over HTTP by which function.
    pub routes: Vec<Route>,
    /// The names of environment variables.
    pub environment: Environment,
    /// The metrics, with their units and their one dimension.
    pub metrics: Vec<Metric>,
}

/// The one table's attributes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The partition key's.
    pub partition_key: String,
    /// The sort key's.
    pub sort_key: String,
    /// The one that holds when an item may go, in seconds since 1970.
    pub ttl: String,
}

/// A queue.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// Its name, without the desk's.
    pub name: String,
    /// Whether it keeps order within a group.
    pub fifo: bool,
    /// The function that is given its messages.
    pub consumer: String,
    /// How many messages at most at once. One, where order is kept: a message that waits behind another one that fails
    /// would be counted as delivered with it, and be buried for the other's failures.
    pub batch: u32,
}

/// A schedule.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// The function.
    pub function: String,
    /// How often, in seconds; whole minutes.
    pub every_s: u32,
    /// What the function is told.
    pub input: Value,
}

/// A function.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Function {
    /// Its name, without the desk's.
    pub name: String,
    /// Its memory, in MB.
    pub memory_mb: u32,
    /// After how many seconds it is ended.
    pub timeout_s: u32,
    /// Whether it serves routes.
    pub http: bool,
}

/// A route.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// `GET` or `POST`.
    pub method: String,
    /// The path, with `{id}` where a part may differ.
    pub path: String,
    /// The function that serves it.
    pub function: String,
    /// Whether anybody may ask.
    #[serde(default)]
    pub open: bool,
}

/// The names of environment variables; `{QUEUE}` stands for a queue.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// The table's name.
    pub table: String,
    /// A queue's URL.
    pub queue_url: String,
    /// The URL of a queue's dead letters.
    pub dead_letter_url: String,
    /// The namespace of metrics.
    pub metrics_namespace: String,
    /// Where candles are pulled from.
    pub market_data_url: String,
    /// The secret with the venues' keys.
    pub venue_keys: String,
}

/// A metric.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// Its name.
    pub name: String,
    /// Its unit, as CloudWatch names it.
    pub unit: String,
    /// Its dimension; its values are few and known.
    #[serde(default)]
    pub dimension: Option<String>,
    /// Whether it is written over all values of its dimension, too, as an alarm needs it.
    #[serde(default)]
    pub total: bool,
}

impl Resources {
    /// Reads the file.
    ///
    /// # Errors
    /// If it does not have the shape; a test sees to that it has.
    pub fn read() -> Result<Self, serde_json::Error> {
        serde_json::from_str(FILE)
    }
}

impl Environment {
    /// The variable with the URL of a queue.
    #[must_use]
    pub fn queue_url(&self, queue: QueueName) -> String {
        self.queue_url.replace("{QUEUE}", &short(queue))
    }

    /// The variable with the URL of a queue's dead letters.
    #[must_use]
    pub fn dead_letter_url(&self, queue: QueueName) -> String {
        self.dead_letter_url.replace("{QUEUE}", &short(queue))
    }
}

fn short(queue: QueueName) -> String {
    queue.name().trim_end_matches(".fifo").to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{KillEvent, Scheduled};
    use crate::{batch, metrics};

    #[test]
    fn the_file_says_what_the_code_says() {
        let resources = Resources::read().unwrap();
        let queues: Vec<(&str, bool)> = resources.queues.iter().map(|q| (q.name.as_str(), q.fifo)).collect();
        assert_eq!(queues, QueueName::ALL.map(|queue| (queue.name(), queue.is_fifo())));
        assert!(resources.queues.iter().all(|queue| !queue.fifo || queue.batch == 1), "see Queue::batch");
        assert_eq!(resources.max_receives, batch::MAX_RECEIVES);
        let declared: Vec<_> = resources
            .metrics
            .iter()
            .map(|m| (m.name.as_str(), m.unit.as_str(), m.dimension.as_deref(), m.total))
            .collect();
        assert_eq!(declared, metrics::ALL.map(|metric| (metric.name, metric.unit, metric.dimension, metric.total)));
        let known = |name: &str| resources.functions.iter().any(|function| function.name == name);
        assert!(resources.queues.iter().all(|queue| known(&queue.consumer)));
        assert!(resources.schedules.iter().all(|schedule| known(&schedule.function)));
        assert!(resources.routes.iter().all(|route| known(&route.function)));
    }

    #[test]
    fn every_schedule_tells_its_function_something_it_understands() {
        for schedule in Resources::read().unwrap().schedules {
            let input = schedule.input.to_string();
            let understood = match schedule.function.as_str() {
                "kill-switch" => KillEvent::decode(&input).is_ok(),
                _ => Scheduled::decode(&input).is_ok(),
            };
            assert!(understood, "{}: {input}", schedule.function);
            assert_eq!(schedule.every_s % 60, 0, "schedules go by whole minutes");
        }
    }
}

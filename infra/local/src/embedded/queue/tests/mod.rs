//! The queues, from outside where that is possible.

mod cost;
mod file;
mod model;
mod order;

use super::*;
use tempfile::TempDir;

const MINUTE: i64 = 60_000;

/// `ms` after an instant long ago.
fn at(ms: i64) -> Timestamp {
    Timestamp::from_ms(1_700_000_000_000 + ms)
}

/// A queue on a file, in a folder that goes with it.
fn on_disk() -> (TempDir, Queue) {
    let folder = tempfile::tempdir().unwrap();
    let queue = Queue::open(&folder.path().join("queue.db")).unwrap();
    (folder, queue)
}

/// Sends each of `bodies` to `group`, at 0.
fn send_all(queue: &Queue, name: QueueName, group: &str, bodies: &[&str]) {
    for body in bodies {
        assert!(queue.send(name, group, &format!("{group}/{body}"), body, at(0)).unwrap());
    }
}

/// Receives up to ten of `Orders` for a minute.
fn take(queue: &Queue, now_ms: i64) -> Vec<Received> {
    queue.receive(QueueName::Orders, 10, MINUTE, at(now_ms)).unwrap()
}

fn bodies(received: &[Received]) -> Vec<&str> {
    received.iter().map(|message| message.body.as_str()).collect()
}

fn counts_of(queue: &Queue, name: QueueName) -> Counts {
    *queue.counts().unwrap().get(&name).unwrap()
}

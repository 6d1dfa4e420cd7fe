//! The queues, as SQS has them: at least once, in order within a group, hidden while somebody works on a message.
//!
//! Time comes in as a value, and so does what goes wrong. Nothing is lost: sent = waiting + handled + dead, always.

use boot::batch::MAX_RECEIVES;
use desk::message::QueueName;
use desk::port::Outgoing;
use desk::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// For how long a queue that keeps order remembers what it was sent.
pub const DEDUP_MS: i64 = 300_000;

/// A message that waits.
#[derive(Debug, Clone)]
struct Waiting {
    group: String,
    body: String,
    visible_at: Timestamp,
    receives: u32,
}

/// A message that was handed out.
#[derive(Debug, Clone)]
pub struct Received {
    /// Its number.
    pub id: i64,
    /// Its group.
    pub group: String,
    /// What was sent.
    pub body: String,
    /// How often it was handed out, this time included.
    pub receives: u32,
}

/// What became of a queue's messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Taken in.
    pub sent: usize,
    /// Handled.
    pub handled: usize,
    /// Given up.
    pub dead: usize,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: BTreeMap<i64, Waiting>,
    remembered: BTreeMap<String, Timestamp>,
    counts: Counts,
    /// The numbers of the messages that were deleted as handled.
    handled: Vec<i64>,
}

/// All queues.
#[derive(Debug, Default)]
pub struct Queues {
    queues: BTreeMap<QueueName, Queue>,
    last: i64,
}

impl Queues {
    /// Takes a message in; `false` for a double.
    pub fn send(&mut self, outgoing: &Outgoing, body: String, visible_at: Timestamp, now: Timestamp) -> bool {
        let queue = self.queues.entry(outgoing.queue).or_default();
        let fresh = queue.remembered.get(&outgoing.dedup).is_none_or(|at| now.ms_since(*at) >= DEDUP_MS);
        if outgoing.queue.is_fifo() && !fresh {
            return false;
        }
        queue.remembered.insert(outgoing.dedup.clone(), now);
        self.last += 1;
        let group = outgoing.message.group();
        queue.waiting.insert(self.last, Waiting { group, body, visible_at, receives: 0 });
        queue.counts.sent += 1;
        true
    }

    /// Forgets what a queue was sent, so that a double is taken in.
    pub fn forget(&mut self, name: QueueName, dedup: &str) {
        if let Some(queue) = self.queues.get_mut(&name) {
            queue.remembered.remove(dedup);
        }
    }

    /// Hands out up to `most` messages and hides them until `hidden_until`. A group hands out what is at its head only;
    /// `turn` says with which group to begin.
    pub fn receive(
        &mut self,
        name: QueueName,
        most: usize,
        (now, hidden_until): (Timestamp, Timestamp),
        turn: u64,
    ) -> Vec<Received> {
        let Some(queue) = self.queues.get_mut(&name) else { return Vec::new() };
        queue.redrive(now);
        let mut ids = queue.ready(name.is_fifo(), now);
        let by = ids.len().max(1);
        ids.rotate_left(usize::try_from(turn % u64::try_from(by).unwrap_or(1)).unwrap_or(0));
        let ids: Vec<i64> = ids.into_iter().flatten().take(most).collect();
        let mut received = Vec::new();
        for id in ids {
            let Some(message) = queue.waiting.get_mut(&id) else { continue };
            message.receives += 1;
            message.visible_at = hidden_until;
            let Waiting { group, body, receives, .. } = message.clone();
            received.push(Received { id, group, body, receives });
        }
        received
    }

    /// A message was handled.
    pub fn delete(&mut self, name: QueueName, id: i64) {
        if let Some(queue) = self.queues.get_mut(&name)
            && queue.waiting.remove(&id).is_some()
        {
            queue.counts.handled += 1;
            queue.handled.push(id);
        }
    }

    /// A message comes back at `visible_at`.
    pub fn hide(&mut self, name: QueueName, id: i64, visible_at: Timestamp) {
        if let Some(message) = self.queues.get_mut(&name).and_then(|queue| queue.waiting.get_mut(&id)) {
            message.visible_at = visible_at;
        }
    }

    /// A message is given up.
    pub fn bury(&mut self, name: QueueName, id: i64) {
        if let Some(queue) = self.queues.get_mut(&name)
            && queue.waiting.remove(&id).is_some()
        {
            queue.counts.dead += 1;
        }
    }

    /// Whether a queue has nothing that is not hidden.
    #[must_use]
    pub fn is_quiet(&self, name: QueueName, now: Timestamp) -> bool {
        self.queues.get(&name).is_none_or(|queue| queue.waiting.values().all(|message| message.visible_at > now))
    }

    /// When the next message of a queue that is hidden can be had.
    #[must_use]
    pub fn next_visible(&self, name: QueueName, now: Timestamp) -> Option<Timestamp> {
        let times = self.queues.get(&name)?.waiting.values().map(|message| message.visible_at);
        times.filter(|at| *at > now).min()
    }

    /// How many messages were taken in, by all queues.
    #[must_use]
    pub fn sent(&self) -> usize {
        self.queues.values().map(|queue| queue.counts.sent).sum()
    }

    /// How many messages wait, of all queues.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queues.values().map(|queue| queue.waiting.len()).sum()
    }

    /// The numbers of the messages that wait in a group, in order.
    pub fn of_group(&self, name: QueueName, group: &str) -> impl Iterator<Item = i64> {
        let waiting = self.queues.get(&name).into_iter().flat_map(|queue| &queue.waiting);
        waiting.filter(move |(_, message)| message.group == group).map(|(id, _)| *id)
    }

    /// The counts of every queue, with what waits.
    pub fn counts(&self) -> impl Iterator<Item = (QueueName, Counts, usize)> {
        self.queues.iter().map(|(name, queue)| (*name, queue.counts, queue.waiting.len()))
    }

    /// The numbers of the messages that were deleted as handled.
    pub fn handled(&self) -> impl Iterator<Item = i64> {
        self.queues.values().flat_map(|queue| &queue.handled).copied()
    }

    /// Every body that waits.
    pub fn bodies(&self) -> impl Iterator<Item = &str> {
        self.queues.values().flat_map(|queue| queue.waiting.values()).map(|message| message.body.as_str())
    }
}

impl Queue {
    /// What was handed out too often and is visible again goes to the dead letters by the queue's own rule.
    fn redrive(&mut self, now: Timestamp) {
        let spent = |m: &Waiting| m.receives >= MAX_RECEIVES && m.visible_at <= now;
        let before = self.waiting.len();
        self.waiting.retain(|_, message| !spent(message));
        self.counts.dead += before - self.waiting.len();
    }

    /// The messages that can be had, by group and in order.
    fn ready(&self, fifo: bool, now: Timestamp) -> Vec<Vec<i64>> {
        if !fifo {
            let ready = self.waiting.iter().filter(|(_, message)| message.visible_at <= now);
            return ready.map(|(id, _)| vec![*id]).collect();
        }
        let (mut groups, mut blocked) = (BTreeMap::<&str, Vec<i64>>::new(), BTreeSet::new());
        for (id, message) in &self.waiting {
            if message.visible_at > now {
                blocked.insert(message.group.as_str());
            } else if !blocked.contains(message.group.as_str()) {
                groups.entry(&message.group).or_default().push(*id);
            }
        }
        groups.into_values().collect()
    }
}

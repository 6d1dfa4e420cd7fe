//! The table and the queues, as one function sees them: every call is written down under the function's name.

use desk::fake::{FakeQueues, FakeTable};
use desk::port::{Item, Key, Outgoing, Publish, PublishError, Query, Table, TableError, Write};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

/// What functions did, by their names.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// Table actions, by function and first part of the partition key.
    pub(crate) table: BTreeMap<&'static str, BTreeMap<String, BTreeSet<&'static str>>>,
    /// Queues sent to, by function.
    pub(crate) sent: BTreeMap<&'static str, BTreeSet<&'static str>>,
    /// Units used, by function.
    pub(crate) units: BTreeMap<&'static str, Units>,
}

/// What DynamoDB counts and bills.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Units {
    /// Strongly consistent reads of 4 KiB.
    pub(crate) reads: usize,
    /// Writes of 1 KiB; two each inside a transaction.
    pub(crate) writes: usize,
    /// Messages sent.
    pub(crate) sends: usize,
}

pub(crate) type SharedLog = Arc<Mutex<Log>>;

/// The table, watched.
#[derive(Debug, Clone)]
pub(crate) struct Watched {
    pub(crate) table: Arc<FakeTable>,
    pub(crate) who: &'static str,
    pub(crate) log: SharedLog,
}

/// What an item weighs, in bytes: names and values of its attributes.
fn size(item: &Item) -> usize {
    item.key.pk.len() + item.key.sk.len() + item.body.len() + 24 + item.counters.len() * 40
}

impl Watched {
    fn did(&self, key: &str, action: &'static str) {
        let prefix = key.split('#').next().unwrap_or_default().to_owned();
        self.log.lock().unwrap().table.entry(self.who).or_default().entry(prefix).or_default().insert(action);
    }

    fn used(&self, count: impl FnOnce(&mut Units)) {
        count(self.log.lock().unwrap().units.entry(self.who).or_default());
    }

    /// Written as it is billed: an update by the size of the item it leaves.
    fn weigh(&self, write: &Write) -> usize {
        let stored = |key: &Key| self.table.items().iter().find(|item| item.key == *key).map_or(100, size);
        match write {
            Write::Put { item, .. } => size(item).div_ceil(1024),
            Write::Add { key, .. } | Write::Delete { key } | Write::Check { key, .. } => stored(key).div_ceil(1024),
        }
    }
}

impl Table for Watched {
    async fn get(&self, key: &Key) -> Result<Option<Item>, TableError> {
        self.did(&key.pk, "GetItem");
        let found = self.table.get(key).await?;
        let bytes = found.as_ref().map_or(1, size);
        self.used(|units| units.reads += bytes.div_ceil(4096));
        Ok(found)
    }

    async fn query(&self, query: &Query) -> Result<Vec<Item>, TableError> {
        self.did(&query.pk, "Query");
        let found = self.table.query(query).await?;
        let bytes: usize = found.iter().map(size).sum();
        self.used(|units| units.reads += bytes.max(1).div_ceil(4096));
        Ok(found)
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<(), TableError> {
        for write in &writes {
            let action = match write {
                Write::Put { .. } => "PutItem",
                Write::Add { .. } => "UpdateItem",
                Write::Delete { .. } => "DeleteItem",
                Write::Check { .. } => "ConditionCheckItem",
            };
            self.did(&write.key().pk, action);
        }
        let weight: usize = writes.iter().map(|write| self.weigh(write)).sum();
        // A single put is no transaction; see `store::dynamodb`.
        let times = if matches!(writes.as_slice(), [Write::Put { .. }]) { 1 } else { 2 };
        self.used(|units| units.writes += weight * times);
        self.table.transact(writes).await
    }
}

/// The queues, watched.
#[derive(Debug, Clone)]
pub(crate) struct WatchedQueues {
    pub(crate) queues: Arc<FakeQueues>,
    pub(crate) who: &'static str,
    pub(crate) log: SharedLog,
}

impl Publish for WatchedQueues {
    async fn publish(&self, outgoing: Outgoing) -> Result<(), PublishError> {
        {
            let mut log = self.log.lock().unwrap();
            log.sent.entry(self.who).or_default().insert(outgoing.queue.name());
            log.units.entry(self.who).or_default().sends += 1;
        }
        self.queues.publish(outgoing).await
    }
}

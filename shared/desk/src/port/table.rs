//! The store port: one table of items, addressed by two strings, changed by conditional writes.
//!
//! It has the shape of DynamoDB and nothing that DynamoDB lacks. An item is a key, a version, a JSON body and named
//! counters; the body is one attribute, because rows are read and written whole, and the counters are attributes of
//! their own, because they are added to without being read.
//!
//! Whoever implements the port recognises its own earlier success: where a conditional put fails and the item that
//! stands there is byte for byte the one to be written, the write (and with it its transaction) has been applied
//! before, and succeeds. A redelivered handler relies on that, and so does a retry below the port.

use super::{Row, RowError, decode};
use crate::money::Amount;
use std::collections::BTreeMap;
use std::future::Future;
use thiserror::Error;

/// How a row's loss would hurt, which decides how it is kept on a laptop. A transaction stays on one shelf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shelf {
    /// Candles, strategy cursors, snapshots: lost rows are pulled or computed again.
    Market,
    /// Decisions, intents, orders, fills, the ledger: nothing is ever lost.
    Money,
}

/// Where an item stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// On which shelf.
    pub shelf: Shelf,
    /// The partition.
    pub pk: String,
    /// The place in the partition; items are sorted by it.
    pub sk: String,
}

/// An item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Where it stands.
    pub key: Key,
    /// Grows by one with every put; 1 for a new item.
    pub version: u64,
    /// A row, as JSON.
    pub body: String,
    /// Amounts that can be added to in place.
    pub counters: BTreeMap<String, Amount>,
}

/// What must hold for a put, delete or check to be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// There is no such item.
    Absent,
    /// The item has this version.
    Version(u64),
}

/// One write of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// Stores the item.
    Put {
        /// The item.
        item: Item,
        /// What must hold.
        condition: Condition,
    },
    /// Adds to counters of an item; counters that don't exist start at zero, and so does the item.
    Add {
        /// Which item.
        key: Key,
        /// What is added to which counter.
        deltas: BTreeMap<String, Amount>,
        /// Counters that must be at least so much, before the addition.
        at_least: BTreeMap<String, Amount>,
    },
    /// Removes an item; removing what is not there succeeds.
    Delete {
        /// Which item.
        key: Key,
    },
    /// Changes nothing, but must hold.
    Check {
        /// Of which item.
        key: Key,
        /// What must hold.
        condition: Condition,
    },
}

impl Write {
    /// The key the write is about.
    #[must_use]
    pub const fn key(&self) -> &Key {
        match self {
            Self::Put { item, .. } => &item.key,
            Self::Add { key, .. } | Self::Delete { key } | Self::Check { key, .. } => key,
        }
    }
}

/// A range of one partition, in order of its sort keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// On which shelf.
    pub shelf: Shelf,
    /// The partition.
    pub pk: String,
    /// What the sort keys begin with.
    pub prefix: String,
    /// Start behind this sort key.
    pub after: Option<String>,
    /// From the end.
    pub descending: bool,
    /// At most so many.
    pub limit: u32,
}

/// Which write of a transaction did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// Its place in the transaction.
    pub index: usize,
    /// What stands there instead, where it is known.
    pub current: Option<Item>,
}

/// Why the table did not do as asked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TableError {
    /// A condition did not hold; nothing was written. Read again, decide again.
    #[error("a condition did not hold (write {})", .0.index)]
    Conflict(Box<Conflict>),
    /// Others write the same items at this moment; nothing was written. Read again, decide again.
    #[error("others write the same items at this moment: {0}")]
    Contended(String),
    /// It may work later, and may even have worked now.
    #[error("the store did not answer: {0}")]
    Unavailable(String),
    /// It can't be written any more: the disk is full or the file is damaged. Stop.
    #[error(
        "the store can't be written: {0}; free some space or mend the disk and begin again, nothing is half-written"
    )]
    Broken(String),
    /// The request or the row is wrong.
    #[error("the store can't do that: {0}")]
    Invalid(String),
}

/// The store.
pub trait Table: Send + Sync {
    /// The item, as of all writes before; `None` if there is none.
    fn get(&self, key: &Key) -> impl Future<Output = Result<Option<Item>, TableError>> + Send;

    /// The items of a range, at most `limit` of them.
    fn query(&self, query: &Query) -> impl Future<Output = Result<Vec<Item>, TableError>> + Send;

    /// Applies all writes or none. All keys lie on one shelf and differ.
    fn transact(&self, writes: Vec<Write>) -> impl Future<Output = Result<(), TableError>> + Send;

    /// The row of an item that was read here. What it is depends on nothing but the item, so a table may remember it.
    ///
    /// # Errors
    /// As [`decode`].
    fn decoded<R: Row>(&self, item: &Item) -> Result<R, RowError> {
        decode(item)
    }
}

impl<T: Table> Table for std::sync::Arc<T> {
    async fn get(&self, key: &Key) -> Result<Option<Item>, TableError> {
        (**self).get(key).await
    }

    async fn query(&self, query: &Query) -> Result<Vec<Item>, TableError> {
        (**self).query(query).await
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<(), TableError> {
        (**self).transact(writes).await
    }

    fn decoded<R: Row>(&self, item: &Item) -> Result<R, RowError> {
        (**self).decoded(item)
    }
}

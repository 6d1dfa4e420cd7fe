//! The table in memory: DynamoDB's semantics for what the port offers, at once and without faults.
//!
//! It says more than the port does: whether a transaction was applied now or had been before. `tests/e2e/conformance.rs` holds
//! it, the embedded store and the fake table to the same answers.

use desk::money::Amount;
use desk::port::{Condition, Conflict, Item, Key, Query, Row, RowError, Shelf, Table, TableError, Write, decode};
use std::any::Any;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// What became of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// It was applied.
    Now,
    /// It had been applied before, by whoever asks again.
    Before,
}

/// The items.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Memory(BTreeMap<Key, Kept>);

/// An item, and the row that its text was read as, once somebody has read it. Every text is parsed, and parsed once:
/// what the handlers get is what the text says, however often they ask.
#[derive(Debug)]
struct Kept {
    item: Item,
    row: OnceLock<Arc<dyn Any + Send + Sync>>,
}

impl From<Item> for Kept {
    fn from(item: Item) -> Self {
        Self { item, row: OnceLock::new() }
    }
}

impl Clone for Kept {
    fn clone(&self) -> Self {
        Self::from(self.item.clone())
    }
}

impl PartialEq for Kept {
    fn eq(&self, other: &Self) -> bool {
        self.item == other.item
    }
}

impl Eq for Kept {}

impl Memory {
    /// An item.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<&Item> {
        self.0.get(key).map(|kept| &kept.item)
    }

    /// The row of an item; remembered for the item that stands here.
    ///
    /// # Errors
    /// As [`decode`].
    pub fn decoded<R: Row>(&self, item: &Item) -> Result<R, RowError> {
        let stands = self.0.get(&item.key).filter(|kept| kept.item.body == item.body);
        let Some(kept) = stands else { return decode(item) };
        if let Some(row) = kept.row.get().and_then(|row| row.downcast_ref::<R>()) {
            return Ok(row.clone());
        }
        let row: R = decode(item)?;
        // One that was read as something else before stays that.
        kept.row.set(Arc::new(row.clone())).ok();
        Ok(row)
    }

    /// A counter of an item; zero if there is none.
    #[must_use]
    pub fn counter(&self, key: &Key, name: &str) -> Amount {
        self.get(key).and_then(|item| item.counters.get(name)).copied().unwrap_or_default()
    }

    /// Every item, in order.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.0.values().map(|kept| &kept.item)
    }

    /// The items of a range.
    #[must_use]
    pub fn query(&self, query: &Query) -> Vec<Item> {
        let key = |sk: &str| Key { shelf: query.shelf, pk: query.pk.clone(), sk: sk.to_owned() };
        let behind = |sk: &str| match (&query.after, query.descending) {
            (None, _) => true,
            (Some(after), false) => sk > after.as_str(),
            (Some(after), true) => sk < after.as_str(),
        };
        let begin = Bound::Included(key(&query.prefix));
        let of = |key: &Key| key.shelf == query.shelf && key.pk == query.pk && key.sk.starts_with(&query.prefix);
        let found = self.0.range((begin, Bound::Unbounded)).take_while(|(key, _)| of(key)).map(|(_, kept)| &kept.item);
        let found = found.filter(|item| behind(&item.key.sk));
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        if query.descending {
            let all: Vec<&Item> = found.collect();
            return all.into_iter().rev().take(limit).cloned().collect();
        }
        found.take(limit).cloned().collect()
    }

    /// Applies all writes or none.
    ///
    /// # Errors
    /// [`TableError::Conflict`] for a condition that does not hold, [`TableError::Invalid`] for what no table takes.
    pub fn transact(&mut self, writes: &[Write]) -> Result<Applied, TableError> {
        let shelves: Vec<Shelf> = writes.iter().map(|write| write.key().shelf).collect();
        if shelves.windows(2).any(|pair| matches!(pair, [a, b] if a != b)) {
            return Err(TableError::Invalid("a transaction over two shelves".to_owned()));
        }
        if let Some(index) = writes.iter().position(|write| !self.holds(write)) {
            if self.stands(writes) {
                return Ok(Applied::Before);
            }
            let current = writes.get(index).and_then(|write| self.get(write.key())).cloned();
            return Err(TableError::Conflict(Box::new(Conflict { index, current })));
        }
        let sums = writes.iter().filter_map(|write| self.added(write)).collect::<Result<Vec<_>, _>>()?;
        for item in sums {
            self.0.insert(item.key.clone(), item.into());
        }
        for write in writes {
            match write {
                Write::Put { item, .. } => drop(self.0.insert(item.key.clone(), item.clone().into())),
                Write::Delete { key } => drop(self.0.remove(key)),
                Write::Add { .. } | Write::Check { .. } => {}
            }
        }
        Ok(Applied::Now)
    }

    /// Whether all that a transaction puts is what already stands there.
    #[must_use]
    pub fn stands(&self, writes: &[Write]) -> bool {
        let mut puts = writes.iter().filter_map(|write| match write {
            Write::Put { item, .. } => Some(self.get(&item.key) == Some(item)),
            Write::Add { .. } | Write::Delete { .. } | Write::Check { .. } => None,
        });
        puts.next().is_some_and(|first| first && puts.all(|stands| stands))
    }

    fn holds(&self, write: &Write) -> bool {
        let current = self.get(write.key());
        match write {
            Write::Put { condition, .. } | Write::Check { condition, .. } => match condition {
                Condition::Absent => current.is_none(),
                Condition::Version(version) => current.is_some_and(|item| item.version == *version),
            },
            Write::Add { at_least, .. } => at_least
                .iter()
                .all(|(name, least)| current.and_then(|item| item.counters.get(name)).is_some_and(|now| now >= least)),
            Write::Delete { .. } => true,
        }
    }

    /// The item after an addition.
    fn added(&self, write: &Write) -> Option<Result<Item, TableError>> {
        let Write::Add { key, deltas, .. } = write else { return None };
        let empty = || Item { key: key.clone(), version: 0, body: String::new(), counters: BTreeMap::new() };
        let mut item = self.get(key).cloned().unwrap_or_else(empty);
        for (name, delta) in deltas {
            let counter = item.counters.entry(name.clone()).or_insert(Amount::ZERO);
            match counter.plus(*delta) {
                Ok(sum) => *counter = sum,
                Err(error) => return Some(Err(TableError::Invalid(error.to_string()))),
            }
        }
        Some(Ok(item))
    }
}

/// The memory as a table of its own, without a world around it.
#[derive(Debug, Default)]
pub struct Alone(Mutex<Memory>);

impl Alone {
    fn lock(&self) -> std::sync::MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A copy of what is in it.
    #[must_use]
    pub fn copy(&self) -> Memory {
        self.lock().clone()
    }
}

impl Table for Alone {
    async fn get(&self, key: &Key) -> Result<Option<Item>, TableError> {
        Ok(self.lock().get(key).cloned())
    }

    async fn query(&self, query: &Query) -> Result<Vec<Item>, TableError> {
        Ok(self.lock().query(query))
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<(), TableError> {
        self.lock().transact(&writes).map(drop)
    }
}

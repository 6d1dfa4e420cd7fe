//! The table in memory, with DynamoDB's semantics for what the port offers: conditions are judged against the state
//! before the transaction, all writes apply or none, and a counter that does not exist counts as absent in a condition.

use crate::money::Amount;
use crate::port::{Condition, Conflict, Item, Key, Query, Table, TableError, Write};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// When the table stops answering, to see what a handler leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crash {
    /// Before the n-th call (counted from 0) is applied.
    Before(usize),
    /// After it is applied, before it is answered.
    After(usize),
}

#[derive(Debug, Default)]
struct State {
    items: BTreeMap<Key, Item>,
    calls: usize,
    crash: Option<Crash>,
}

/// The table in memory.
#[derive(Debug, Default)]
pub struct FakeTable(Mutex<State>);

impl FakeTable {
    /// Makes one call fail, and every call after it until the next `crash_at`. `None` heals the table.
    pub fn crash_at(&self, crash: Option<Crash>) {
        let mut state = self.lock();
        state.calls = 0;
        state.crash = crash;
    }

    /// How many calls there were since the last `crash_at`.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.lock().calls
    }

    /// Every item, in order.
    #[must_use]
    pub fn items(&self) -> Vec<Item> {
        self.lock().items.values().cloned().collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn call<R>(&self, apply: impl FnOnce(&mut BTreeMap<Key, Item>) -> Result<R, TableError>) -> Result<R, TableError> {
        let mut state = self.lock();
        let call = state.calls;
        state.calls += 1;
        let gone = || Err(TableError::Unavailable("crashed".to_owned()));
        match state.crash {
            Some(Crash::Before(at)) if call >= at => gone(),
            Some(Crash::After(at)) if call > at => gone(),
            Some(Crash::After(at)) if call == at => apply(&mut state.items).and_then(|_| gone()),
            Some(Crash::Before(_) | Crash::After(_)) | None => apply(&mut state.items),
        }
    }
}

fn holds(items: &BTreeMap<Key, Item>, write: &Write) -> bool {
    let current = items.get(write.key());
    let condition = |condition: &Condition| match condition {
        Condition::Absent => current.is_none(),
        Condition::Version(version) => current.is_some_and(|item| item.version == *version),
    };
    match write {
        Write::Put { condition: c, .. } | Write::Check { condition: c, .. } => condition(c),
        Write::Add { at_least, .. } => at_least
            .iter()
            .all(|(name, least)| current.and_then(|item| item.counters.get(name)).is_some_and(|now| now >= least)),
        Write::Delete { .. } => true,
    }
}

fn apply(items: &mut BTreeMap<Key, Item>, write: Write) -> Result<(), TableError> {
    match write {
        Write::Put { item, .. } => {
            items.insert(item.key.clone(), item);
        }
        Write::Add { key, deltas, .. } => {
            let empty = || Item { key: key.clone(), version: 0, body: String::new(), counters: BTreeMap::new() };
            let item = items.entry(key.clone()).or_insert_with(empty);
            for (name, delta) in deltas {
                let counter = item.counters.entry(name).or_insert(Amount::ZERO);
                *counter = counter.plus(delta).map_err(|e| TableError::Invalid(e.to_string()))?;
            }
        }
        Write::Delete { key } => {
            items.remove(&key);
        }
        Write::Check { .. } => {}
    }
    Ok(())
}

/// Whether all that a transaction puts is what already stands there: it was applied before.
fn stands(items: &BTreeMap<Key, Item>, writes: &[Write]) -> bool {
    let mut puts = writes.iter().filter_map(|write| match write {
        Write::Put { item, .. } => Some(items.get(&item.key) == Some(item)),
        Write::Add { .. } | Write::Delete { .. } | Write::Check { .. } => None,
    });
    puts.next().is_some_and(|first| first && puts.all(|stands| stands))
}

impl Table for FakeTable {
    async fn get(&self, key: &Key) -> Result<Option<Item>, TableError> {
        self.call(|items| Ok(items.get(key).cloned()))
    }

    async fn query(&self, query: &Query) -> Result<Vec<Item>, TableError> {
        self.call(|items| {
            let behind = |sk: &str| match (&query.after, query.descending) {
                (None, _) => true,
                (Some(after), false) => sk > after.as_str(),
                (Some(after), true) => sk < after.as_str(),
            };
            let mut found: Vec<Item> = items
                .values()
                .filter(|item| item.key.shelf == query.shelf && item.key.pk == query.pk)
                .filter(|item| item.key.sk.starts_with(&query.prefix) && behind(&item.key.sk))
                .cloned()
                .collect();
            if query.descending {
                found.reverse();
            }
            found.truncate(usize::try_from(query.limit).unwrap_or(usize::MAX));
            Ok(found)
        })
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<(), TableError> {
        self.call(|items| {
            if let Some(index) = writes.iter().position(|write| !holds(items, write)) {
                if stands(items, &writes) {
                    return Ok(());
                }
                let current = writes.get(index).and_then(|write| items.get(write.key())).cloned();
                return Err(TableError::Conflict(Box::new(Conflict { index, current })));
            }
            writes.into_iter().try_for_each(|write| apply(items, write))
        })
    }
}

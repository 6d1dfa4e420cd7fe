//! A table in this process's memory, for a guard that is shared with nobody: reading public history needs no store.
//!
//! Conditions hold as everywhere, and all writes apply or none. Counters are not kept here: money has no place in it.

use desk::port::{Condition, Conflict, Item, Key, Query, Table, TableError, Write};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// A table that ends with its process.
#[derive(Debug, Default)]
pub struct Alone(Mutex<BTreeMap<Key, Item>>);

impl Alone {
    fn look<R>(&self, look: impl FnOnce(&mut BTreeMap<Key, Item>) -> R) -> R {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn holds(current: Option<&Item>, write: &Write) -> Result<bool, TableError> {
    match write {
        Write::Put { condition, .. } | Write::Check { condition, .. } => Ok(match condition {
            Condition::Absent => current.is_none(),
            Condition::Version(version) => current.is_some_and(|item| item.version == *version),
        }),
        Write::Delete { .. } => Ok(true),
        Write::Add { .. } => Err(TableError::Invalid("counters are not kept in memory".to_owned())),
    }
}

impl Table for Alone {
    async fn get(&self, key: &Key) -> Result<Option<Item>, TableError> {
        Ok(self.look(|items| items.get(key).cloned()))
    }

    async fn query(&self, query: &Query) -> Result<Vec<Item>, TableError> {
        let behind = |sk: &str| match (&query.after, query.descending) {
            (None, _) => true,
            (Some(after), false) => sk > after.as_str(),
            (Some(after), true) => sk < after.as_str(),
        };
        let fits = |item: &&Item| {
            let Key { shelf, pk, sk } = &item.key;
            *shelf == query.shelf && *pk == query.pk && sk.starts_with(&query.prefix) && behind(sk)
        };
        let mut found: Vec<Item> = self.look(|items| items.values().filter(fits).cloned().collect());
        if query.descending {
            found.reverse();
        }
        found.truncate(usize::try_from(query.limit).unwrap_or(usize::MAX));
        Ok(found)
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<(), TableError> {
        self.look(|items| {
            for (index, write) in writes.iter().enumerate() {
                let current = items.get(write.key());
                if !holds(current, write)? {
                    return Err(TableError::Conflict(Box::new(Conflict { index, current: current.cloned() })));
                }
            }
            for write in writes {
                match write {
                    Write::Put { item, .. } => drop(items.insert(item.key.clone(), item)),
                    Write::Delete { key } => drop(items.remove(&key)),
                    Write::Check { .. } | Write::Add { .. } => {}
                }
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use desk::port::Shelf;

    fn put(condition: Condition, version: u64) -> Write {
        let key = Key { shelf: Shelf::Market, pk: "p".into(), sk: "s".into() };
        Write::Put { item: Item { key, version, body: String::new(), counters: BTreeMap::new() }, condition }
    }

    #[test]
    fn a_write_whose_condition_fails_changes_nothing() {
        let table = Alone::default();
        let run =
            |writes| tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(table.transact(writes));
        assert_eq!(run(vec![put(Condition::Absent, 1)]), Ok(()));
        assert!(matches!(run(vec![put(Condition::Absent, 2)]), Err(TableError::Conflict(_))));
        assert!(matches!(run(vec![put(Condition::Version(2), 3)]), Err(TableError::Conflict(_))));
        assert_eq!(run(vec![put(Condition::Version(1), 2)]), Ok(()));
    }
}

//! What was read before and has not changed since.
//!
//! The desk owns its files: nothing else writes them while it has the folder. So an answer stays true until a write
//! touches its partition, and a quiet desk, which asks the same questions at every bar, need not ask the disk. Writes
//! are not kept back: each is in the file before its caller goes on.
//!
//! 1. A write forgets its partitions before it is applied, and again after: whatever its outcome, nothing older stays.
//! 2. An answer is remembered only if nothing was written while it was fetched.

use desk::port::{Item, Key, Query, Write};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A question within a partition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Question {
    Get(String),
    Range { prefix: String, after: Option<String>, descending: bool, limit: u32 },
}

#[derive(Debug, Default)]
struct State {
    /// Grows with every write.
    writes: u64,
    partitions: BTreeMap<String, BTreeMap<Question, Vec<Item>>>,
}

/// Answers by partition.
#[derive(Debug, Default)]
pub(super) struct Remembered(Mutex<State>);

/// A question that was not remembered, to be answered.
#[derive(Debug)]
pub(super) struct Open {
    pk: String,
    question: Question,
    writes: u64,
}

/// Answers with more items than this are not worth their memory.
const ITEMS_MAX: usize = 64;
/// How many partitions and how many questions of one are remembered; beyond that, all are forgotten.
const PARTITIONS_MAX: usize = 256;
const QUESTIONS_MAX: usize = 64;

impl Remembered {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look(&self, pk: &str, question: Question) -> Result<Vec<Item>, Open> {
        let state = self.lock();
        match state.partitions.get(pk).and_then(|answers| answers.get(&question)) {
            Some(items) => Ok(items.clone()),
            None => Err(Open { pk: pk.to_owned(), question, writes: state.writes }),
        }
    }

    /// The item, if it was read before; else the question to answer.
    pub(super) fn get(&self, key: &Key) -> Result<Option<Item>, Open> {
        self.look(&key.pk, Question::Get(key.sk.clone())).map(|items| items.into_iter().next())
    }

    /// The items, if they were read before; else the question to answer.
    pub(super) fn query(&self, query: &Query) -> Result<Vec<Item>, Open> {
        let Query { prefix, after, descending, limit, .. } = query.clone();
        self.look(&query.pk, Question::Range { prefix, after, descending, limit })
    }

    /// Remembers an answer, unless anything was written meanwhile.
    pub(super) fn answer(&self, open: Open, items: &[Item]) {
        let mut state = self.lock();
        if state.writes != open.writes || items.len() > ITEMS_MAX {
            return;
        }
        if state.partitions.len() >= PARTITIONS_MAX && !state.partitions.contains_key(&open.pk) {
            state.partitions.clear();
        }
        let answers = state.partitions.entry(open.pk).or_default();
        if answers.len() >= QUESTIONS_MAX {
            answers.clear();
        }
        answers.insert(open.question, items.to_vec());
    }

    /// Forgets the partitions that `writes` touch.
    pub(super) fn touch<'a>(&self, writes: impl IntoIterator<Item = &'a Write>) {
        let mut state = self.lock();
        state.writes += 1;
        for write in writes {
            state.partitions.remove(&write.key().pk);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use desk::port::Shelf;

    fn key() -> Key {
        Key { shelf: Shelf::Money, pk: "P".to_owned(), sk: "a".to_owned() }
    }

    fn item() -> Item {
        Item { key: key(), version: 1, body: String::new(), counters: BTreeMap::new() }
    }

    #[test]
    fn an_answer_is_remembered_until_its_partition_is_touched() {
        let remembered = Remembered::default();
        let open = remembered.get(&key()).unwrap_err();
        remembered.answer(open, &[item()]);
        assert_eq!(remembered.get(&key()).unwrap(), Some(item()));
        remembered.touch(&[Write::Delete { key: Key { sk: "other".to_owned(), ..key() } }]);
        assert!(remembered.get(&key()).is_err());
    }

    #[test]
    fn an_answer_that_a_write_overtook_is_not_remembered() {
        let remembered = Remembered::default();
        let open = remembered.get(&key()).unwrap_err();
        remembered.touch(&[Write::Delete { key: key() }]);
        remembered.answer(open, &[item()]);
        assert!(remembered.get(&key()).is_err());
    }

    #[test]
    fn that_there_is_nothing_is_an_answer_too() {
        let remembered = Remembered::default();
        let open = remembered.get(&key()).unwrap_err();
        remembered.answer(open, &[]);
        assert_eq!(remembered.get(&key()).unwrap(), None);
    }
}

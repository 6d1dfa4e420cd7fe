//! Additions to counters: amounts that change without being read.

use desk::money::Amount;
use desk::port::{Key, Write};
use std::collections::BTreeMap;

/// An addition to the counters of an item.
pub(super) fn add(key: Key, deltas: &[(&str, Amount)], at_least: &[(&str, Amount)]) -> Option<Write> {
    let named = |pairs: &[(&str, Amount)]| -> BTreeMap<String, Amount> {
        pairs.iter().filter(|(_, amount)| !amount.is_zero()).map(|(n, a)| ((*n).to_owned(), *a)).collect()
    };
    let deltas = named(deltas);
    (!deltas.is_empty()).then(|| Write::Add { key, deltas, at_least: named(at_least) })
}

//! Rows in items: a JSON body in an envelope that carries the schema version.

use super::{Condition, Item, Key, Write};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use thiserror::Error;

/// What can be stored.
pub trait Row: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {
    /// The version of its serialised form.
    const VERSION: u32;
}

macro_rules! stored_whole {
    ($($value:ty),* $(,)?) => { $(impl Row for $value { const VERSION: u32 = 1; })* };
}

// Domain values that are rows by themselves. A change to one's serialised form raises its version.
stored_whole!(
    crate::risk::KillState,
    crate::position::Position,
    crate::order::Order,
    crate::fill::Fill,
    crate::movement::Movement,
    crate::market::Candle,
    crate::signal::Signal,
);

/// A row can't be read or written: it is of a newer desk, or damaged. Halt.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("row {pk}/{sk} can't be read: {reason}")]
pub struct RowError {
    /// Its partition.
    pub pk: String,
    /// Its place in it.
    pub sk: String,
    /// Why.
    pub reason: String,
}

impl RowError {
    /// A fault of the row at `key`.
    #[must_use]
    pub fn at(key: &Key, reason: impl Into<String>) -> Self {
        Self { pk: key.pk.clone(), sk: key.sk.clone(), reason: reason.into() }
    }
}

#[derive(Serialize)]
struct Out<'a, R> {
    v: u32,
    row: &'a R,
}

#[derive(Deserialize)]
struct In<R> {
    v: u32,
    row: R,
}

/// Reads the row of an item.
///
/// # Errors
/// [`RowError`] if the row has another version or another shape.
pub fn decode<R: Row>(item: &Item) -> Result<R, RowError> {
    let read: In<R> = serde_json::from_str(&item.body).map_err(|e| RowError::at(&item.key, e.to_string()))?;
    if read.v != R::VERSION {
        let reason = format!("it has version {}, this desk reads version {}", read.v, R::VERSION);
        return Err(RowError::at(&item.key, reason));
    }
    Ok(read.row)
}

fn encode<R: Row>(key: Key, version: u64, row: &R) -> Result<Item, RowError> {
    let body = serde_json::to_string(&Out { v: R::VERSION, row }).map_err(|e| RowError::at(&key, e.to_string()))?;
    Ok(Item { key, version, body, counters: BTreeMap::new() })
}

/// The write that stores a new row.
///
/// # Errors
/// [`RowError`] if the row can't be serialised.
pub fn create<R: Row>(key: Key, row: &R) -> Result<Write, RowError> {
    Ok(Write::Put { item: encode(key, 1, row)?, condition: Condition::Absent })
}

/// The write that replaces a row read at `version`.
///
/// # Errors
/// [`RowError`] if the row can't be serialised.
pub fn replace<R: Row>(key: Key, version: u64, row: &R) -> Result<Write, RowError> {
    Ok(Write::Put { item: encode(key, version + 1, row)?, condition: Condition::Version(version) })
}

/// The write that stores a row which was read at `version`, or not found.
///
/// # Errors
/// [`RowError`] if the row can't be serialised.
pub fn upsert<R: Row>(key: Key, version: Option<u64>, row: &R) -> Result<Write, RowError> {
    match version {
        Some(version) => replace(key, version, row),
        None => create(key, row),
    }
}

//! The desk's memory.
//!
//! Three layers, each of which knows only the one below it:
//!
//! 1. [`verbs`]: what handlers do to the books (approve, claim, settle, book …), written once over the
//!    [`desk::port::Table`] port, with every condition in plain sight;
//! 2. [`rows`] and [`keys`]: what is stored where, each row with its schema version;
//! 3. [`dynamodb`] and [`sqs`]: the ports over the AWS SDK.
//!
//! Rows wrap domain values in a versioned envelope. A change to the serialised form of a domain value is a change of
//! the row's version.

pub mod dynamodb;
pub mod keys;
pub mod rows;
pub mod sqs;
pub mod verbs;

use desk::money::MoneyError;
use desk::port::{Item, Key, Query, Row, RowError, Table, TableError};
use thiserror::Error;

/// The books over a table.
#[derive(Debug, Clone)]
pub struct Store<T> {
    table: T,
}

/// A row with the version it was read at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned<R> {
    /// The row.
    pub row: R,
    /// The version of the item it came from.
    pub version: u64,
}

/// Why a verb did not do its work.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Somebody was faster, or a limit has no room left: read again, decide again.
    #[error("the books have changed in the meantime")]
    Changed,
    /// Try again later.
    #[error(transparent)]
    Table(TableError),
    /// A row can't be read: it was written by a newer desk, or damaged. Halt.
    #[error(transparent)]
    Row(#[from] RowError),
    /// A row that must be there is not. Halt, or wait for whoever writes it.
    #[error("{what} is not in the store")]
    Missing {
        /// What.
        what: String,
    },
    /// What is to be written contradicts the books. Halt.
    #[error("{0}")]
    Contradiction(String),
    /// An amount can't be held exactly.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl From<TableError> for StoreError {
    fn from(error: TableError) -> Self {
        match error {
            TableError::Conflict(_) | TableError::Contended(_) => Self::Changed,
            other @ (TableError::Unavailable(_) | TableError::Broken(_) | TableError::Invalid(_)) => Self::Table(other),
        }
    }
}

/// How many items are asked for at once when all are wanted.
const PAGE: u32 = 1000;

impl<T: Table> Store<T> {
    /// The books over `table`.
    #[must_use]
    pub const fn new(table: T) -> Self {
        Self { table }
    }

    /// The table below, for what has rows of its own (the paper venue).
    #[must_use]
    pub const fn table(&self) -> &T {
        &self.table
    }

    async fn row<R: Row>(&self, key: &Key) -> Result<Option<Versioned<R>>, StoreError> {
        let item = self.table.get(key).await?;
        match item {
            Some(item) => Ok(Some(Versioned { row: self.table.decoded(&item)?, version: item.version })),
            None => Ok(None),
        }
    }

    /// Every item of a range, page by page.
    async fn all(&self, mut query: Query) -> Result<Vec<Item>, StoreError> {
        let mut found = Vec::new();
        query.limit = PAGE;
        loop {
            let page = self.table.query(&query).await?;
            let full = page.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX);
            query.after = page.last().map(|item| item.key.sk.clone());
            found.extend(page);
            if !full {
                return Ok(found);
            }
        }
    }

    async fn rows<R: Row>(&self, query: Query) -> Result<Vec<R>, StoreError> {
        self.all(query).await?.iter().map(|item| Ok(self.table.decoded(item)?)).collect()
    }
}

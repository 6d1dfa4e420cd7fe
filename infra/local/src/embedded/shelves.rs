//! The two shelves as two files.
//!
//! Money rows lie in a file whose every commit is flushed to the disk; market rows in one that is flushed now and then,
//! because what the power takes away there is pulled or computed again. A process that dies loses neither.

use super::remembered::Remembered;
use super::{TABLE, dynamo};
use desk::port::{Item, Key, Query, Shelf, Table, TableError, Write};
use dynoxide::Database;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use store::dynamodb::DynamoTable;
use thiserror::Error;

/// The embedded store.
#[derive(Debug)]
pub struct Shelves {
    market: File,
    money: File,
}

#[derive(Debug)]
struct File {
    table: DynamoTable,
    database: Opened,
    calls: AtomicU64,
    remembered: Remembered,
}

struct Opened(Database);

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Database")
    }
}

/// The files of the store, in the data folder.
const FILES: [&str; 2] = ["market.db", "money.db"];

/// The store could not be opened.
#[derive(Debug, Error)]
#[error("{}: {reason}", .path.display())]
pub struct OpenError {
    /// Which file.
    pub path: PathBuf,
    /// Why.
    pub reason: String,
}

/// How carefully commits are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flush {
    Every,
    NowAndThen,
}

impl Shelves {
    /// Opens the store in a folder, or makes it.
    ///
    /// # Errors
    /// [`OpenError`], naming the file.
    pub fn open(folder: &Path) -> Result<Self, OpenError> {
        let [market, money] = FILES.map(|name| folder.join(name));
        Ok(Self { market: File::open(&market, Flush::NowAndThen)?, money: File::open(&money, Flush::Every)? })
    }

    fn file(&self, shelf: Shelf) -> &File {
        match shelf {
            Shelf::Market => &self.market,
            Shelf::Money => &self.money,
        }
    }

    /// How many calls have reached each file since it was opened: market, money.
    #[must_use]
    pub fn calls(&self) -> [u64; 2] {
        [&self.market, &self.money].map(|file| file.calls.load(Ordering::Relaxed))
    }

    /// Copies the store into a folder.
    ///
    /// # Errors
    /// [`OpenError`], naming the file that could not be written.
    pub fn backup_to(&self, folder: &Path) -> Result<(), OpenError> {
        let [market, money] = FILES.map(|name| folder.join(name));
        for (file, path) in [(&self.market, market), (&self.money, money)] {
            let to = path.to_string_lossy().into_owned();
            file.database.0.vacuum_into(&to).map_err(|e| OpenError { path, reason: e.to_string() })?;
        }
        Ok(())
    }
}

impl File {
    fn open(path: &Path, flush: Flush) -> Result<Self, OpenError> {
        let fault = |reason: String| OpenError { path: path.to_owned(), reason };
        check_header(path).map_err(fault)?;
        let database = Database::new(&path.to_string_lossy()).map_err(|e| fault(e.to_string()))?;
        if flush == Flush::NowAndThen {
            database.disable_bulk_loading().map_err(|e| fault(e.to_string()))?;
        }
        let tables = database.table_stats().map_err(|e| fault(e.to_string()))?;
        if tables.is_empty() {
            let request = serde_json::json!({
                "TableName": TABLE,
                "BillingMode": "PAY_PER_REQUEST",
                "KeySchema": [
                    {"AttributeName": "pk", "KeyType": "HASH"},
                    {"AttributeName": "sk", "KeyType": "RANGE"}
                ],
                "AttributeDefinitions": [
                    {"AttributeName": "pk", "AttributeType": "S"},
                    {"AttributeName": "sk", "AttributeType": "S"}
                ]
            });
            let request = serde_json::from_value(request).map_err(|e| fault(e.to_string()))?;
            database.create_table(request).map_err(|e| fault(e.to_string()))?;
        }
        let table = DynamoTable::new(dynamo::client(database.clone()), TABLE);
        Ok(Self { table, database: Opened(database), calls: AtomicU64::new(0), remembered: Remembered::default() })
    }

    fn counted(&self) -> &DynamoTable {
        self.calls.fetch_add(1, Ordering::Relaxed);
        &self.table
    }
}

/// The first bytes of every SQLite file.
const HEADER: &[u8] = b"SQLite format 3\0";

/// Refuses a file that is none of ours before anything opens and changes it.
fn check_header(path: &Path) -> Result<(), String> {
    let mut found = Vec::new();
    match std::fs::File::open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.to_string()),
        Ok(file) => file.take(16).read_to_end(&mut found).map_err(|e| e.to_string())?,
    };
    if found.is_empty() || found == HEADER {
        return Ok(());
    }
    Err("it is not a database of the desk, or it is damaged; restore the folder from a backup".to_owned())
}

impl Table for Shelves {
    async fn get(&self, key: &Key) -> Result<Option<Item>, TableError> {
        let file = self.file(key.shelf);
        let open = match file.remembered.get(key) {
            Ok(known) => return Ok(known),
            Err(open) => open,
        };
        let found = file.counted().get(key).await?;
        file.remembered.answer(open, found.as_slice());
        Ok(found)
    }

    async fn query(&self, query: &Query) -> Result<Vec<Item>, TableError> {
        let file = self.file(query.shelf);
        let open = match file.remembered.query(query) {
            Ok(known) => return Ok(known),
            Err(open) => open,
        };
        let found = file.counted().query(query).await?;
        file.remembered.answer(open, &found);
        Ok(found)
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<(), TableError> {
        let Some(shelf) = writes.first().map(|write| write.key().shelf) else { return Ok(()) };
        if writes.iter().any(|write| write.key().shelf != shelf) {
            return Err(TableError::Invalid("a transaction can't span two shelves".to_owned()));
        }
        let file = self.file(shelf);
        let touched = writes.clone();
        file.remembered.touch(&touched);
        let done = file.counted().transact(writes).await;
        file.remembered.touch(&touched);
        done
    }
}

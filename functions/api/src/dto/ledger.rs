//! The double-entry ledger, row by row.

use desk::ledger::Posting;
use serde::{Deserialize, Serialize};
use store::rows::TransactionRow;
use utoipa::{IntoParams, ToSchema};

/// A transaction of the ledger.
#[derive(Debug, Serialize, ToSchema)]
pub struct TransactionDto {
    /// Its number.
    pub seq: u64,
    /// Its cause.
    pub cause: String,
    /// When, in market time.
    pub at: i64,
    /// Its lines.
    pub postings: Vec<PostingDto>,
    /// Its hash, over itself and the one before.
    pub hash: String,
}

impl From<&TransactionRow> for TransactionDto {
    fn from(row: &TransactionRow) -> Self {
        let line = |p: &Posting| PostingDto {
            account: p.account.to_string(),
            asset: p.asset.to_string(),
            amount: p.amount.to_string(),
        };
        Self {
            seq: row.seq,
            cause: row.transaction.cause.clone(),
            at: row.transaction.at.ms(),
            postings: row.transaction.postings.iter().map(line).collect(),
            hash: row.hash.clone(),
        }
    }
}

/// A page of the ledger.
#[derive(Debug, Serialize, ToSchema)]
pub struct LedgerDto {
    /// Oldest first.
    pub transactions: Vec<TransactionDto>,
    /// Behind which number the next page begins, if there is one.
    pub next: Option<u64>,
}

/// Which page of the ledger.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct LedgerQuery {
    /// `next` of the page before; from the beginning if not said.
    pub after: Option<String>,
    /// At most so many, 1 to 200; 50 if not said.
    pub limit: Option<String>,
}

/// A line of a transaction.
#[derive(Debug, Serialize, ToSchema)]
pub struct PostingDto {
    /// The ledger account.
    pub account: String,
    /// The asset.
    pub asset: String,
    /// How much.
    pub amount: String,
}

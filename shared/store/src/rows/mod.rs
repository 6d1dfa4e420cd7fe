//! Rows: what is stored, one type a kind. The envelope with the schema version is [`desk::port::Row`]'s.

use desk::id::{AccountId, Asset, IntentId, SignalId, Symbol, TradeId};
use desk::ledger::Transaction;
use desk::money::{Amount, Quantity};
use desk::order::Leg;
use desk::port::Row;
pub(crate) use desk::port::{create, replace, upsert};
use desk::portfolio::Valuation;
use desk::risk::{Check, Layer, Profile};
use desk::signal::Signal;
use desk::strategy::Memory;
use desk::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

macro_rules! rows {
    ($($row:ty),* $(,)?) => { $(impl Row for $row { const VERSION: u32 = 1; })* };
}

rows!(
    AccountRow,
    OpeningRow,
    FreezeRow,
    WorkingRow,
    PointerRow,
    VerdictRow,
    HeadRow,
    TransactionRow,
    CursorRow,
    HoldsRow,
    SnapshotRow
);

/// An account as it was opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountRow {
    /// Its name.
    pub account: AccountId,
    /// What it is valued in.
    pub quote: Asset,
    /// Its opening cash.
    pub cash: Amount,
    /// Its limits.
    pub profile: Profile,
}

/// What of the venue's history is in the opening of an account already: it is not booked again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpeningRow {
    /// When, by the venue's clock.
    pub at: Timestamp,
    /// The last trade of each market that had one, and when it was.
    pub trades: BTreeMap<Symbol, (TradeId, Timestamp)>,
    /// The names of the latest movements.
    pub movements: BTreeSet<String>,
    /// What of the holdings has no opening entry yet: a transaction has room for some.
    pub rest: BTreeMap<Asset, Amount>,
}

/// Why new risk is frozen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FreezeRow {
    /// `None` when it is not.
    pub reason: Option<String>,
}

/// The mark of an order that is not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkingRow {
    /// Which.
    pub order: IntentId,
    /// What it is for.
    pub leg: Leg,
}

/// What a pointer points at, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PointerRow {
    /// The name.
    pub to: String,
}

/// What risk decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case", deny_unknown_fields)]
pub enum Outcome {
    /// The order may be placed.
    Approved {
        /// Which.
        order: IntentId,
    },
    /// It may not.
    Refused {
        /// By which layer.
        layer: Layer,
    },
}

/// What risk said about one attempt at one leg of a signal, with all it looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerdictRow {
    /// The decision it was about. A flattening by an operator has none.
    pub signal: Option<Signal>,
    /// The id of the decision.
    pub cause: SignalId,
    /// Which leg.
    pub leg: Leg,
    /// Which attempt.
    pub attempt: u32,
    /// How much was proposed, in base units.
    pub quantity: Quantity,
    /// Every check that applied.
    pub checks: Vec<Check>,
    /// What was decided.
    pub outcome: Outcome,
    /// The profile it was judged by.
    pub profile: String,
}

/// The ledger's end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadRow {
    /// The number of the last transaction.
    pub seq: u64,
    /// Its hash.
    pub hash: String,
}

/// A transaction in the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransactionRow {
    /// Its number.
    pub seq: u64,
    /// What it does.
    pub transaction: Transaction,
    /// The hash of the one before.
    pub previous: String,
    /// Its own.
    pub hash: String,
}

/// A stretch of bars at which a strategy held, with the memory it began with: enough to decide it again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldsRow {
    /// The first bar.
    pub from: Timestamp,
    /// The last bar.
    pub to: Timestamp,
    /// How many.
    pub bars: u64,
    /// The memory before the first.
    pub memory: Memory,
}

/// How far a strategy has read a market.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CursorRow {
    /// Its memory after the last bar.
    pub memory: Memory,
    /// The last bar it read.
    pub last_bar: Timestamp,
    /// The signal of the last bar, which may not have been sent yet.
    pub unsent: Option<SignalId>,
    /// The stretch of holds in progress.
    pub holds: Option<HoldsRow>,
}

/// A portfolio snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnapshotRow {
    /// When, in market time.
    pub at: Timestamp,
    /// What everything is worth.
    pub valuation: Valuation,
}

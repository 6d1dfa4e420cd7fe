//! Keys: what stands where. One function a kind; nothing else builds a key of the desk's own rows.
//!
//! | partition | sort key | row |
//! |---|---|---|
//! | `ACCOUNT#a` | `ACCOUNT` `OPENING` `KILL` `FREEZE` `HEADROOM` | the account's own state |
//! | | `FREEZE#symbol` `HEADROOM#symbol` `POSITION#symbol` `WORKING#symbol#order` | per market |
//! | `ORDER#id` | `ORDER` `FILL#venue#symbol#trade` | an order and pointers to its fills |
//! | `ORDERS#a` | `time#id` | orders by time |
//! | `DECISION#signal` | `VERDICT#leg#attempt` | what risk said |
//! | `DECISIONS#a` | `time#signal` | decisions by time |
//! | `FILLS#a` | `venue#symbol#trade` | fills, each once |
//! | `LEDGER#a` | `HEAD` `TX#seq` `BALANCE#account#asset` `MOVEMENT#venue#kind#id` | the ledger |
//! | `CANDLES#symbol#interval` | `time` | market shelf from here on |
//! | `STRATEGY#a#strategy#symbol#interval` | `CURSOR` `HOLDS#time` | strategy memory |
//! | `SIGNAL#id` | `SIGNAL` | signals |
//! | `SNAPSHOTS#a` | `time` | portfolio snapshots |
//!
//! Sort keys never contain a `#` inside a part: symbols, assets and ids can't have one.

use desk::fill::Fill;
use desk::id::{AccountId, Asset, IntentId, SignalId, StrategyId, Symbol};
use desk::ledger::LedgerAccount;
use desk::movement::Movement;
use desk::order::Leg;
use desk::port::{Key, Query, Shelf};
use desk::time::{Interval, Timestamp};

fn money(pk: String, sk: impl Into<String>) -> Key {
    Key { shelf: Shelf::Money, pk, sk: sk.into() }
}

fn market(pk: String, sk: impl Into<String>) -> Key {
    Key { shelf: Shelf::Market, pk, sk: sk.into() }
}

/// Every item of a partition whose sort key begins with `prefix`.
pub(crate) fn range(shelf: Shelf, pk: String, prefix: &str) -> Query {
    Query { shelf, pk, prefix: prefix.to_owned(), after: None, descending: false, limit: 0 }
}

fn account_pk(account: &AccountId) -> String {
    format!("ACCOUNT#{account}")
}

/// The account itself.
#[must_use]
pub fn account(account: &AccountId) -> Key {
    money(account_pk(account), "ACCOUNT")
}

/// Everything about an account that risk needs to see.
#[must_use]
pub fn account_state(account: &AccountId) -> Query {
    range(Shelf::Money, account_pk(account), "")
}

/// The kill switch.
#[must_use]
pub fn kill(account: &AccountId) -> Key {
    money(account_pk(account), "KILL")
}

/// Why new risk is frozen.
#[must_use]
pub fn freeze(account: &AccountId) -> Key {
    money(account_pk(account), "FREEZE")
}

/// Why new risk in one market is frozen.
#[must_use]
pub fn market_freeze(account: &AccountId, symbol: &Symbol) -> Key {
    money(account_pk(account), format!("FREEZE#{symbol}"))
}

/// What the account's opening has taken in.
#[must_use]
pub fn opening(account: &AccountId) -> Key {
    money(account_pk(account), "OPENING")
}

/// The account's headroom.
#[must_use]
pub fn headroom(account: &AccountId) -> Key {
    money(account_pk(account), "HEADROOM")
}

/// One market's headroom.
#[must_use]
pub fn symbol_headroom(account: &AccountId, symbol: &Symbol) -> Key {
    money(account_pk(account), format!("HEADROOM#{symbol}"))
}

/// One market's position.
#[must_use]
pub fn position(account: &AccountId, symbol: &Symbol) -> Key {
    money(account_pk(account), format!("POSITION#{symbol}"))
}

/// The mark of an order that is not done.
#[must_use]
pub fn working(account: &AccountId, symbol: &Symbol, order: &IntentId) -> Key {
    money(account_pk(account), format!("WORKING#{symbol}#{order}"))
}

/// The marks of all orders that are not done, of one market or of all.
#[must_use]
pub fn all_working(account: &AccountId, symbol: Option<&Symbol>) -> Query {
    let prefix = symbol.map_or_else(|| "WORKING#".to_owned(), |symbol| format!("WORKING#{symbol}#"));
    range(Shelf::Money, account_pk(account), &prefix)
}

/// An order.
#[must_use]
pub fn order(id: &IntentId) -> Key {
    money(format!("ORDER#{id}"), "ORDER")
}

/// The pointer from an order to one of its fills.
#[must_use]
pub fn order_fill(fill: &Fill) -> Key {
    money(format!("ORDER#{}", fill.order), format!("FILL#{}", fill.key()))
}

/// The pointers from an order to its fills.
#[must_use]
pub fn order_fills(id: &IntentId) -> Query {
    range(Shelf::Money, format!("ORDER#{id}"), "FILL#")
}

/// An order's place in time.
#[must_use]
pub fn order_at(account: &AccountId, at: Timestamp, id: &IntentId) -> Key {
    money(format!("ORDERS#{account}"), format!("{}#{id}", at.sortable()))
}

/// An account's orders by time.
#[must_use]
pub fn orders(account: &AccountId) -> Query {
    range(Shelf::Money, format!("ORDERS#{account}"), "")
}

/// What risk said about one attempt at one leg of a signal.
#[must_use]
pub fn verdict(signal: &SignalId, leg: &Leg, attempt: u32) -> Key {
    money(format!("DECISION#{signal}"), format!("VERDICT#{}#{attempt:05}", leg.tag()))
}

/// Everything risk said about a signal.
#[must_use]
pub fn verdicts(signal: &SignalId) -> Query {
    range(Shelf::Money, format!("DECISION#{signal}"), "VERDICT#")
}

/// A decision's place in time.
#[must_use]
pub fn decision_at(account: &AccountId, at: Timestamp, signal: &SignalId) -> Key {
    money(format!("DECISIONS#{account}"), format!("{}#{signal}", at.sortable()))
}

/// An account's decisions by time.
#[must_use]
pub fn decisions(account: &AccountId) -> Query {
    range(Shelf::Money, format!("DECISIONS#{account}"), "")
}

/// A fill, under the name it is booked once under.
#[must_use]
pub fn fill(fill: &Fill) -> Key {
    fill_named(&fill.account, &fill.key())
}

/// A fill by its name.
#[must_use]
pub fn fill_named(account: &AccountId, name: &str) -> Key {
    money(format!("FILLS#{account}"), name)
}

/// An account's fills.
#[must_use]
pub fn fills(account: &AccountId) -> Query {
    range(Shelf::Money, format!("FILLS#{account}"), "")
}

/// The ledger's last transaction.
#[must_use]
pub fn ledger_head(account: &AccountId) -> Key {
    money(format!("LEDGER#{account}"), "HEAD")
}

/// The same, as a question: whoever may only query can ask it.
#[must_use]
pub(crate) fn ledger_heads(account: &AccountId) -> Query {
    range(Shelf::Money, format!("LEDGER#{account}"), "HEAD")
}

/// A movement, under the name it is booked once under.
#[must_use]
pub fn movement(movement: &Movement) -> Key {
    let Movement { venue, kind, id, .. } = movement;
    money(format!("LEDGER#{}", movement.account), format!("MOVEMENT#{venue}#{}#{id}", kind.name()))
}

/// An account's movements.
#[must_use]
pub fn movements(account: &AccountId) -> Query {
    range(Shelf::Money, format!("LEDGER#{account}"), "MOVEMENT#")
}

/// One transaction of the ledger.
#[must_use]
pub fn transaction(account: &AccountId, seq: u64) -> Key {
    money(format!("LEDGER#{account}"), format!("TX#{seq:012}"))
}

/// The ledger's transactions, in order.
#[must_use]
pub fn transactions(account: &AccountId) -> Query {
    range(Shelf::Money, format!("LEDGER#{account}"), "TX#")
}

/// One balance of the ledger.
#[must_use]
pub fn balance(account: &AccountId, of: LedgerAccount, asset: &Asset) -> Key {
    money(format!("LEDGER#{account}"), format!("BALANCE#{}#{asset}", of.name()))
}

/// The ledger's balances, of one ledger account or of all.
#[must_use]
pub fn balances(account: &AccountId, of: Option<LedgerAccount>) -> Query {
    let prefix = of.map_or_else(|| "BALANCE#".to_owned(), |of| format!("BALANCE#{}#", of.name()));
    range(Shelf::Money, format!("LEDGER#{account}"), &prefix)
}

/// A candle.
#[must_use]
pub fn candle(symbol: &Symbol, interval: Interval, at: Timestamp) -> Key {
    market(format!("CANDLES#{symbol}#{interval}"), at.sortable())
}

/// A market's candles.
#[must_use]
pub fn candles(symbol: &Symbol, interval: Interval) -> Query {
    range(Shelf::Market, format!("CANDLES#{symbol}#{interval}"), "")
}

fn strategy_pk(account: &AccountId, strategy: &StrategyId, symbol: &Symbol, interval: Interval) -> String {
    format!("STRATEGY#{account}#{strategy}#{symbol}#{interval}")
}

/// How far a strategy has read a market.
#[must_use]
pub fn cursor(account: &AccountId, strategy: &StrategyId, symbol: &Symbol, interval: Interval) -> Key {
    market(strategy_pk(account, strategy, symbol, interval), "CURSOR")
}

/// A stretch of bars at which a strategy held.
#[must_use]
pub fn holds(account: &AccountId, strategy: &StrategyId, symbol: &Symbol, interval: Interval, from: Timestamp) -> Key {
    market(strategy_pk(account, strategy, symbol, interval), format!("HOLDS#{}", from.sortable()))
}

/// A signal.
#[must_use]
pub fn signal(id: &SignalId) -> Key {
    market(format!("SIGNAL#{id}"), "SIGNAL")
}

/// A portfolio snapshot.
#[must_use]
pub fn snapshot(account: &AccountId, at: Timestamp) -> Key {
    market(format!("SNAPSHOTS#{account}"), at.sortable())
}

/// An account's snapshots.
#[must_use]
pub fn snapshots(account: &AccountId) -> Query {
    range(Shelf::Market, format!("SNAPSHOTS#{account}"), "")
}

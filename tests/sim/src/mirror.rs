//! The books as the checkers see them: fed with every committed transaction, never by a handler.
//!
//! It keeps what a check needs at every step, so that a check costs no more than what has changed: the orders with their
//! last two states, positions, what the ledger's lines add up to, and what the venue did.

use crate::memory::Memory;
use boot::config::DeskConfig;
use desk::fill::Fill;
use desk::id::{Asset, IntentId, Symbol};
use desk::instrument::Instrument;
use desk::ledger::LedgerAccount;
use desk::money::{Amount, MoneyError};
use desk::order::{Leg, Order, Side};
use desk::port::{Key, Row, Write};
use desk::position::Position;
use desk::risk::{KillState, Profile};
use desk::time::Timestamp;
use std::collections::BTreeMap;
use store::keys;
use store::rows::{AccountRow, CursorRow, FreezeRow, TransactionRow};

/// A change of an order's row.
#[derive(Debug, Clone)]
pub struct Moved {
    /// As it was; `None` for a new one.
    pub before: Option<Order>,
    /// As it is.
    pub after: Order,
}

/// What the last transaction changed.
#[derive(Debug, Default)]
pub struct Step {
    /// Orders.
    pub orders: Vec<Moved>,
    /// Fills that were booked.
    pub fills: Vec<Fill>,
    /// Ledger transactions.
    pub postings: Vec<TransactionRow>,
    /// Headroom that was taken or given back: keys that were added to.
    pub headroom: bool,
    /// Whether anything of an account's money changed.
    pub money: bool,
    /// The order that was POSTed.
    pub posted: Option<(IntentId, Leg)>,
    /// The order that the venue took in.
    pub accepted: Option<IntentId>,
    /// The kill switch as it was, if it was changed.
    pub switched: Option<KillState>,
    /// Cursors that were written: where they stood, if they were there, and where they stand.
    pub cursors: Vec<(Option<Timestamp>, Timestamp)>,
    /// A ledger transaction that does not stand behind the one before it.
    pub unchained: Option<u64>,
    /// A message that was begun before one in front of it in its group was done.
    pub overtaken: Option<String>,
    /// An own earlier success that was told to be a conflict.
    pub denied: Option<String>,
    /// A transaction that was told to have succeeded, and does not stand.
    pub feigned: Option<String>,
    /// An order that is sent to be placed.
    pub sent: Option<IntentId>,
    /// What is going to be logged.
    pub logged: Option<String>,
}

/// The mirror.
#[derive(Debug)]
pub struct Mirror {
    /// Every order.
    pub orders: BTreeMap<IntentId, Order>,
    /// Every position.
    pub positions: BTreeMap<Symbol, Position>,
    /// Every booked fill, by its key.
    pub fills: BTreeMap<String, Fill>,
    /// What the ledger's lines add up to.
    pub sums: BTreeMap<(LedgerAccount, Asset), Amount>,
    /// The kill switch, and when it was changed last.
    pub kill: Option<(KillState, Timestamp)>,
    /// POSTs that left, by client id.
    pub posts: BTreeMap<IntentId, u32>,
    /// What changed last.
    pub step: Step,
    /// Rows that could not be read.
    pub unreadable: Option<String>,
    /// The account's own headroom.
    pub headroom: Key,
    /// Every market's headroom.
    pub rooms: BTreeMap<Symbol, Key>,
    /// The limits in force.
    pub profile: Profile,
    /// Since when new risk is frozen: in the whole account, and in single markets.
    pub frozen: BTreeMap<Option<Symbol>, Timestamp>,
    /// What each market's position comes to, folded from the ledger's transactions.
    pub folds: BTreeMap<Symbol, Fold>,
    /// The ledger's last transaction.
    pub last: Option<TransactionRow>,
    cursors: BTreeMap<Key, Timestamp>,
}

/// A market's position, folded without the desk's own arithmetic: what the desk's orders bought and sold, and what other hands
/// took behind what was theirs. In base units.
#[derive(Debug, Clone)]
pub struct Fold {
    instrument: Instrument,
    held: Amount,
    /// The position.
    pub position: Amount,
}

impl Fold {
    /// Takes in what a transaction changes. `of_desk` is the side of a fill of one of the desk's
    /// orders; `None` is for other hands.
    fn take(&mut self, change: Amount, of_desk: Option<Side>) -> Result<(), MoneyError> {
        let moved = if change.is_negative() { change.negated() } else { change };
        match (of_desk, change.is_negative()) {
            (Some(Side::Buy), _) => self.position = self.position.plus(moved)?,
            // What a stop sells beyond the position was not the desk's.
            (Some(Side::Sell), _) => self.position = self.position.minus(moved.min(self.position))?,
            (None, false) => {}
            (None, true) => {
                let outside = self.held.minus(self.position)?.max(Amount::ZERO);
                let taken = moved.minus(outside)?.max(Amount::ZERO);
                self.position = self.position.minus(taken.min(self.position))?;
            }
        }
        self.held = self.held.plus(change)?;
        Ok(())
    }
}

impl Mirror {
    /// The mirror of a table in which an account has been opened.
    #[must_use]
    pub fn new(config: &DeskConfig, memory: &Memory) -> Self {
        let symbols = config.markets.iter().map(|market| market.instrument.symbol.clone());
        let rooms = symbols.map(|symbol| (symbol.clone(), keys::symbol_headroom(&config.account, &symbol)));
        let fold = |instrument: &Instrument| Fold {
            instrument: instrument.clone(),
            held: Amount::ZERO,
            position: Amount::ZERO,
        };
        let folds = config.markets.iter().map(|m| (m.instrument.symbol.clone(), fold(&m.instrument)));
        let mut mirror = Self {
            orders: BTreeMap::new(),
            positions: BTreeMap::new(),
            fills: BTreeMap::new(),
            sums: BTreeMap::new(),
            kill: None,
            posts: BTreeMap::new(),
            step: Step::default(),
            unreadable: None,
            headroom: keys::headroom(&config.account),
            rooms: rooms.collect(),
            profile: config.profile.clone(),
            frozen: BTreeMap::new(),
            folds: folds.collect(),
            last: None,
            cursors: BTreeMap::new(),
        };
        let items: Vec<Write> = memory
            .items()
            .map(|item| Write::Put { item: item.clone(), condition: desk::port::Condition::Absent })
            .collect();
        mirror.committed(&items, memory, Timestamp::from_ms(crate::market::START));
        mirror.step = Step::default();
        mirror
    }

    /// Takes in a transaction that was applied.
    pub fn committed(&mut self, writes: &[Write], memory: &Memory, now: Timestamp) {
        self.step = Step::default();
        for write in writes {
            let key = write.key();
            match write {
                Write::Put { item, .. } => self.put(item, memory, now),
                Write::Add { .. } => self.step.headroom |= key.sk.starts_with("HEADROOM"),
                Write::Delete { .. } | Write::Check { .. } => {}
            }
        }
        for row in self.step.postings.clone() {
            let folded = self.fold(&row);
            self.unreadable = self.unreadable.take().or(folded.err().map(|e| e.to_string()));
        }
    }

    fn fold(&mut self, row: &TransactionRow) -> Result<(), MoneyError> {
        let fill = self.fills.get(&row.transaction.cause);
        let ours = fill.filter(|fill| self.orders.get(&fill.order).is_some_and(|o| o.intent.leg != Leg::External));
        for fold in self.folds.values_mut() {
            let base = &fold.instrument.base;
            let lines = row.transaction.postings.iter().filter(|p| p.account == LedgerAccount::Holdings);
            let change = Amount::sum(lines.filter(|p| p.asset == *base).map(|p| p.amount))?;
            let side = ours.filter(|fill| fill.symbol == fold.instrument.symbol).map(|fill| fill.side);
            if !change.is_zero() {
                fold.take(change, side)?;
            }
        }
        Ok(())
    }

    fn put(&mut self, item: &desk::port::Item, memory: &Memory, now: Timestamp) {
        let (pk, sk) = (item.key.pk.as_str(), item.key.sk.as_str());
        if pk.starts_with("ORDER#") && sk == "ORDER" {
            let Some(after) = self.read::<Order>(item, memory) else { return };
            let before = self.orders.insert(after.intent.id.clone(), after.clone());
            self.step.orders.push(Moved { before, after });
        } else if pk.starts_with("FILLS#") {
            let Some(fill) = self.read::<Fill>(item, memory) else { return };
            self.fills.insert(sk.to_owned(), fill.clone());
            self.step.fills.push(fill);
        } else if pk.starts_with("LEDGER#") && sk.starts_with("TX#") {
            let Some(row) = self.read::<TransactionRow>(item, memory) else { return };
            for posting in &row.transaction.postings {
                let sum = self.sums.entry((posting.account, posting.asset.clone())).or_default();
                *sum = sum.plus(posting.amount).unwrap_or(*sum);
            }
            let chained = self.last.as_ref().is_none_or(|last| row.seq == last.seq + 1 && row.previous == last.hash);
            self.step.unchained = (!chained).then_some(row.seq);
            self.last = Some(row.clone());
            self.step.postings.push(row);
        } else if let Some(symbol) = sk.strip_prefix("POSITION#") {
            let (Some(position), Ok(symbol)) = (self.read::<Position>(item, memory), Symbol::new(symbol)) else {
                return;
            };
            self.step.money = true;
            self.positions.insert(symbol, position);
        } else if sk == "ACCOUNT" {
            let Some(account) = self.read::<AccountRow>(item, memory) else { return };
            self.profile = account.profile;
            self.step.money = true;
        } else if sk == "KILL" {
            let before = self.kill.take().map(|(kill, _)| kill);
            self.kill = self.read::<KillState>(item, memory).map(|kill| (kill, now));
            self.step.switched = before;
        } else if let Some(market) = sk.strip_prefix("FREEZE") {
            let Some(row) = self.read::<FreezeRow>(item, memory) else { return };
            let market = market.strip_prefix('#').and_then(|symbol| Symbol::new(symbol).ok());
            if row.reason.is_some() {
                self.frozen.entry(market).or_insert(now);
            } else {
                self.frozen.remove(&market);
            }
        } else if sk == "CURSOR" {
            let Some(row) = self.read::<CursorRow>(item, memory) else { return };
            let before = self.cursors.insert(item.key.clone(), row.last_bar);
            self.step.cursors.push((before, row.last_bar));
        }
    }

    fn read<R: Row>(&mut self, item: &desk::port::Item, memory: &Memory) -> Option<R> {
        match memory.decoded(item) {
            Ok(row) => Some(row),
            Err(error) => {
                self.unreadable = Some(error.to_string());
                None
            }
        }
    }
}

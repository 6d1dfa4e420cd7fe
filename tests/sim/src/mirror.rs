//! The books as the checkers see them: fed with every committed transaction, never by a handler.
//!
//! It keeps what a check needs at every step, so that a check costs no more than what has changed: the orders with their
//! last two states, positions, what the ledger's lines add up to, and what the venue did.

use crate::memory::Memory;
use boot::config::DeskConfig;
use desk::fill::Fill;
use desk::id::{Asset, IntentId, Symbol};
use desk::ledger::LedgerAccount;
use desk::money::Amount;
use desk::order::{Leg, Order};
use desk::port::{Key, Row, Write};
use desk::position::Position;
use desk::risk::{KillState, Profile};
use desk::time::Timestamp;
use std::collections::BTreeMap;
use store::keys;
use store::rows::{AccountRow, TransactionRow};

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
}

impl Mirror {
    /// The mirror of a table in which an account has been opened.
    #[must_use]
    pub fn new(config: &DeskConfig, memory: &Memory) -> Self {
        let symbols = config.markets.iter().map(|market| market.instrument.symbol.clone());
        let rooms = symbols.map(|symbol| (symbol.clone(), keys::symbol_headroom(&config.account, &symbol)));
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
            self.kill = self.read::<KillState>(item, memory).map(|kill| (kill, now));
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

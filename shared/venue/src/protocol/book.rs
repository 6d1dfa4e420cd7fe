//! An order book kept from a snapshot and deltas, which notices when one is missing.
//!
//! 1. Deltas that come before the snapshot wait; those the snapshot contains already are dropped.
//! 2. A delta is applied only if the venue's own numbers say that it follows the last one.
//! 3. Where the venue sends a checksum, the book must have it afterwards.
//! 4. A book in which somebody pays more than another asks is wrong, whatever the numbers say.
//!
//! After a [`Gap`] the book is empty and waits for a snapshot: nothing is ever repaired.

use desk::time::Timestamp;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, VecDeque};
use thiserror::Error;

/// A level as it stands on the wire; the decimals keep their trailing zeros, because checksums are over the text.
pub type WireLevel = (Decimal, Decimal);

/// A snapshot or a delta.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BookUpdate {
    /// The market's unified name.
    pub market: String,
    /// When, by the venue.
    pub at: Option<Timestamp>,
    /// Whether it replaces the book.
    pub snapshot: bool,
    /// The number of the first change in it, where a message has several.
    pub first: Option<u64>,
    /// The number of its last change, or its own number.
    pub last: Option<u64>,
    /// The number of the message before it, where the venue says so.
    pub previous: Option<u64>,
    /// What the book's checksum must be afterwards.
    pub checksum: Option<u32>,
    /// Changed bids; a quantity of zero removes the level.
    pub bids: Vec<WireLevel>,
    /// Changed asks.
    pub asks: Vec<WireLevel>,
}

/// How a venue numbers its deltas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbering {
    /// Not at all; the checksum alone has to do.
    None,
    /// Each carries `first..=last`, and `first` follows the last one's `last` (Binance spot, KuCoin). The first one behind a
    /// snapshot may overlap it.
    Ranges,
    /// Each names its predecessor in `previous` (Binance futures, OKX). The first one behind a fetched snapshot
    /// overlaps it.
    Linked,
    /// `last` grows by one (Bybit, Kraken Futures).
    Counted,
}

/// The rule of a venue's books.
#[derive(Debug, Clone, Copy)]
pub struct BookRule {
    /// How deltas are numbered.
    pub numbering: Numbering,
    /// Whether the snapshot is fetched by a request (else it comes in the stream).
    pub fetched: bool,
    /// How many levels a side has at most; deeper ones are cut off as the venue does. 0 for all.
    pub depth: usize,
    /// The checksum of a book, where the venue sends one.
    pub checksum: Option<fn(&Book) -> u32>,
}

/// Something is missing. The book is empty now and waits for a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Gap {
    /// A delta does not follow the last one.
    #[error("{market}: a delta is missing: {expected} should follow, {got} came")]
    Missed {
        /// Where.
        market: String,
        /// The number that should have come.
        expected: u64,
        /// The number that came.
        got: u64,
    },
    /// A delta has no number where the venue always gives one.
    #[error("{market}: a delta without its number")]
    Unnumbered {
        /// Where.
        market: String,
    },
    /// The checksum differs.
    #[error("{market}: the book's checksum is {ours}, the venue's {theirs}")]
    Checksum {
        /// Where.
        market: String,
        /// What ours is.
        ours: u32,
        /// What it must be.
        theirs: u32,
    },
    /// Somebody pays more than another asks.
    #[error("{market}: the book is crossed: bid {bid}, ask {ask}")]
    Crossed {
        /// Where.
        market: String,
        /// The best bid.
        bid: Decimal,
        /// The best ask.
        ask: Decimal,
    },
    /// A level can't be: a price of zero or less, or a negative quantity.
    #[error("{market}: level {price} x {quantity} can't be")]
    Level {
        /// Where.
        market: String,
        /// Its price.
        price: Decimal,
        /// Its quantity.
        quantity: Decimal,
    },
    /// Too many deltas wait for a snapshot.
    #[error("{market}: {waiting} deltas wait and no snapshot comes")]
    NoSnapshot {
        /// Where.
        market: String,
        /// How many wait.
        waiting: usize,
    },
}

/// What became of an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// The book has it.
    Changed,
    /// It is older than the book.
    Stale,
    /// It waits for the snapshot.
    Waiting,
}

/// How many deltas may wait for a snapshot.
const WAITING_MAX: usize = 10_000;

/// An order book.
#[derive(Debug, Clone)]
pub struct Book {
    market: String,
    rule: BookRule,
    bids: BTreeMap<Decimal, Decimal>,
    asks: BTreeMap<Decimal, Decimal>,
    last: Option<u64>,
    live: bool,
    /// The next delta is the first behind a snapshot.
    fresh: bool,
    waiting: VecDeque<BookUpdate>,
    at: Option<Timestamp>,
}

impl Book {
    /// An empty book that waits for its snapshot.
    #[must_use]
    pub fn new(market: impl Into<String>, rule: BookRule) -> Self {
        Self {
            market: market.into(),
            rule,
            bids: BTreeMap::new(),
            asks: BTreeMap::new(),
            last: None,
            live: false,
            fresh: false,
            waiting: VecDeque::new(),
            at: None,
        }
    }

    /// Whether it may be believed.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        self.live
    }

    /// The number of its state.
    #[must_use]
    pub const fn sequence(&self) -> Option<u64> {
        self.last
    }

    /// When it last changed, by the venue.
    #[must_use]
    pub const fn at(&self) -> Option<Timestamp> {
        self.at
    }

    /// Bids from the highest.
    pub fn bids(&self) -> impl Iterator<Item = WireLevel> + '_ {
        self.bids.iter().rev().map(|(price, quantity)| (*price, *quantity))
    }

    /// Asks from the lowest.
    pub fn asks(&self) -> impl Iterator<Item = WireLevel> + '_ {
        self.asks.iter().map(|(price, quantity)| (*price, *quantity))
    }

    /// Takes an update.
    ///
    /// # Errors
    /// [`Gap`]: the book is empty now and waits for a snapshot.
    pub fn apply(&mut self, update: &BookUpdate) -> Result<Applied, Gap> {
        let applied = self.take(update);
        if applied.is_err() {
            self.forget();
        }
        applied
    }

    /// Whether a fetched snapshot is older than what has waited for it: something is missing between the two, and another one
    /// has to be fetched. What waits goes on waiting.
    #[must_use]
    pub fn is_too_old(&self, snapshot: &BookUpdate) -> bool {
        let Some(last) = snapshot.last.filter(|_| self.rule.fetched) else { return false };
        // Of those that wait, the ones that are older than the snapshot don't count. Where deltas name their predecessor the
        // first one has to overlap the snapshot; the one that ends with it does.
        let older = |end: u64| if self.rule.numbering == Numbering::Linked { end < last } else { end <= last };
        let mut waiting = self.waiting.iter().filter(|update| update.last.is_none_or(|end| !older(end)));
        let Some(next) = waiting.next() else { return false };
        match self.rule.numbering {
            Numbering::None => false,
            Numbering::Ranges => next.first.is_some_and(|first| first > last + 1),
            Numbering::Linked => next.first.is_some_and(|first| first > last),
            Numbering::Counted => next.last.is_some_and(|number| number > last + 1),
        }
    }

    /// Empties the book: the stream was interrupted, or a gap was noticed.
    pub fn forget(&mut self) {
        self.bids.clear();
        self.asks.clear();
        self.waiting.clear();
        self.last = None;
        self.live = false;
        self.fresh = false;
    }

    fn take(&mut self, update: &BookUpdate) -> Result<Applied, Gap> {
        if update.snapshot {
            return self.start(update);
        }
        if !self.live {
            if self.waiting.len() >= WAITING_MAX {
                return Err(Gap::NoSnapshot { market: self.market.clone(), waiting: self.waiting.len() });
            }
            self.waiting.push_back(update.clone());
            return Ok(Applied::Waiting);
        }
        self.follow(update)
    }

    fn start(&mut self, snapshot: &BookUpdate) -> Result<Applied, Gap> {
        self.bids.clear();
        self.asks.clear();
        self.last = snapshot.last;
        self.live = true;
        self.fresh = true;
        self.change(snapshot)?;
        let waiting = std::mem::take(&mut self.waiting);
        // What came before a snapshot of the stream itself is older than it.
        if self.rule.fetched {
            for update in &waiting {
                self.follow(update)?;
            }
        }
        Ok(Applied::Changed)
    }

    fn follow(&mut self, update: &BookUpdate) -> Result<Applied, Gap> {
        if let Some(last) = self.last
            && !self.follows(update, last)?
        {
            return Ok(Applied::Stale);
        }
        self.change(update)?;
        self.last = update.last.or(self.last);
        self.fresh = false;
        Ok(Applied::Changed)
    }

    /// Whether a delta is the next one; `false` for one that the book contains already.
    fn follows(&self, update: &BookUpdate, last: u64) -> Result<bool, Gap> {
        let missed = |expected, got| Gap::Missed { market: self.market.clone(), expected, got };
        let number = |n: Option<u64>| n.ok_or_else(|| Gap::Unnumbered { market: self.market.clone() });
        match self.rule.numbering {
            Numbering::None => Ok(true),
            Numbering::Ranges => {
                let (first, end) = (number(update.first)?, number(update.last)?);
                if end <= last && self.fresh {
                    return Ok(false);
                }
                let overlaps = self.fresh && first <= last + 1;
                if overlaps || first == last + 1 { Ok(true) } else { Err(missed(last + 1, first)) }
            }
            Numbering::Linked => {
                let (previous, end) = (number(update.previous)?, number(update.last)?);
                if self.fresh && self.rule.fetched {
                    if end < last {
                        return Ok(false);
                    }
                    let first = number(update.first)?;
                    return if first <= last { Ok(true) } else { Err(missed(last, first)) };
                }
                if previous == last { Ok(true) } else { Err(missed(last, previous)) }
            }
            Numbering::Counted => {
                let end = number(update.last)?;
                if self.fresh && end <= last {
                    return Ok(false);
                }
                if end == last + 1 { Ok(true) } else { Err(missed(last + 1, end)) }
            }
        }
    }

    fn change(&mut self, update: &BookUpdate) -> Result<(), Gap> {
        for (side, levels) in [(&mut self.bids, &update.bids), (&mut self.asks, &update.asks)] {
            for (price, quantity) in levels {
                if *price <= Decimal::ZERO || quantity.is_sign_negative() && !quantity.is_zero() {
                    let (market, price, quantity) = (self.market.clone(), *price, *quantity);
                    return Err(Gap::Level { market, price, quantity });
                }
                if quantity.is_zero() {
                    side.remove(price);
                } else {
                    // Removed first: the key's own digits count for a checksum, and an equal key would keep the old ones.
                    side.remove(price);
                    side.insert(*price, *quantity);
                }
            }
        }
        if self.rule.depth > 0 {
            while self.bids.len() > self.rule.depth {
                self.bids.pop_first();
            }
            while self.asks.len() > self.rule.depth {
                self.asks.pop_last();
            }
        }
        self.at = update.at.or(self.at);
        if let (Some((bid, _)), Some((ask, _))) = (self.bids.last_key_value(), self.asks.first_key_value())
            && bid >= ask
        {
            return Err(Gap::Crossed { market: self.market.clone(), bid: *bid, ask: *ask });
        }
        if let (Some(checksum), Some(theirs)) = (self.rule.checksum, update.checksum) {
            let ours = checksum(self);
            if ours != theirs {
                return Err(Gap::Checksum { market: self.market.clone(), ours, theirs });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;

//! One market's resting orders by price, then time, and the record of what changed.
//!
//! Each change of a level has the next update id. [`Book::diff`] hands out what changed since it was last asked, with
//! the first and the last id, without a hole between two answers: snapshot plus diffs is the book.

use super::types::Side;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

#[derive(Debug, Clone, Default)]
struct Level {
    total: Decimal,
    queue: VecDeque<(u64, Decimal)>,
}

/// The best bid and the best ask: price and quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Top {
    /// The book's update id.
    pub update: u64,
    /// Best bid.
    pub bid: Option<(Decimal, Decimal)>,
    /// Best ask.
    pub ask: Option<(Decimal, Decimal)>,
}

/// Which of the two diff streams: each has its own position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Every 100 ms.
    Fast,
    /// Every second.
    Slow,
}

/// What changed: a level's new total, zero when it is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diff {
    /// First update id.
    pub first: u64,
    /// Last update id.
    pub last: u64,
    /// Bids.
    pub bids: Vec<(Decimal, Decimal)>,
    /// Asks.
    pub asks: Vec<(Decimal, Decimal)>,
}

/// Price levels, best first, with the book's update id.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot {
    /// The last update id in it.
    pub update: u64,
    /// Bids, dearest first.
    pub bids: Vec<(Decimal, Decimal)>,
    /// Asks, cheapest first.
    pub asks: Vec<(Decimal, Decimal)>,
}

#[derive(Debug, Clone, Default)]
struct Touched {
    told: u64,
    levels: BTreeSet<(Side, Decimal)>,
}

/// A book.
#[derive(Debug, Clone, Default)]
pub struct Book {
    bids: BTreeMap<Decimal, Level>,
    asks: BTreeMap<Decimal, Level>,
    update: u64,
    fast: Touched,
    slow: Touched,
    /// The best as last told.
    told: Top,
}

impl Book {
    /// Puts an order behind the others of its price.
    pub(super) fn add(&mut self, side: Side, price: Decimal, id: u64, quantity: Decimal) {
        let level = self.side_mut(side).entry(price).or_default();
        level.total += quantity;
        level.queue.push_back((id, quantity));
        self.touch(side, price);
    }

    /// Takes a quantity off an order; the order leaves when nothing is left.
    ///
    /// # Panics
    /// If the order is not there, or has less: the engine is wrong then.
    pub(super) fn reduce(&mut self, side: Side, price: Decimal, id: u64, quantity: Decimal) {
        let levels = self.side_mut(side);
        let Some(level) = levels.get_mut(&price) else { panic!("no level at {price} for order {id}") };
        let Some(place) = level.queue.iter().position(|(other, _)| *other == id) else {
            panic!("order {id} is not at {price}")
        };
        let left = level.queue.get_mut(place).map_or(Decimal::ZERO, |(_, left)| {
            *left -= quantity;
            *left
        });
        assert!(left >= Decimal::ZERO, "order {id} has less than {quantity} at {price}");
        level.total -= quantity;
        if left.is_zero() {
            level.queue.remove(place);
        }
        if level.queue.is_empty() {
            levels.remove(&price);
        }
        self.touch(side, price);
    }

    /// The order that is matched next on a side: its price and its number.
    #[must_use]
    pub fn best(&self, side: Side) -> Option<(Decimal, u64)> {
        let (price, level) = self.first(side)?;
        level.queue.front().map(|(id, _)| (*price, *id))
    }

    /// The best of both sides.
    #[must_use]
    pub fn top(&self) -> Top {
        let best = |side| self.first(side).map(|(price, level)| (*price, level.total));
        Top { update: self.update, bid: best(Side::Buy), ask: best(Side::Sell) }
    }

    /// The best, if it differs from what was last told.
    pub(super) fn news(&mut self) -> Option<Top> {
        let top = self.top();
        let changed = top.bid != self.told.bid || top.ask != self.told.ask;
        self.told = top;
        changed.then_some(top)
    }

    /// The best `limit` levels of each side.
    #[must_use]
    pub fn snapshot(&self, limit: usize) -> Snapshot {
        let level = |(price, level): (&Decimal, &Level)| (*price, level.total);
        Snapshot {
            update: self.update,
            bids: self.bids.iter().rev().take(limit).map(level).collect(),
            asks: self.asks.iter().take(limit).map(level).collect(),
        }
    }

    /// What changed since the last call at this pace, unless nothing did.
    pub fn diff(&mut self, pace: Pace) -> Option<Diff> {
        let update = self.update;
        let touched = match pace {
            Pace::Fast => &mut self.fast,
            Pace::Slow => &mut self.slow,
        };
        if touched.told == update {
            return None;
        }
        let first = std::mem::replace(&mut touched.told, update) + 1;
        let levels = std::mem::take(&mut touched.levels);
        let mut diff = Diff { first, last: update, bids: Vec::new(), asks: Vec::new() };
        for (side, price) in levels {
            let total = self.side(side).get(&price).map_or(Decimal::ZERO, |level| level.total);
            match side {
                Side::Buy => diff.bids.push((price, total)),
                Side::Sell => diff.asks.push((price, total)),
            }
        }
        diff.bids.reverse();
        Some(diff)
    }

    /// What there is to take up to a limit: base quantity and its price in quote, until `quantity` is reached.
    #[must_use]
    pub fn reach(&self, taker: Side, limit: Option<Decimal>, quantity: Decimal) -> (Decimal, Decimal) {
        let (mut base, mut quote) = (Decimal::ZERO, Decimal::ZERO);
        for (price, total) in self.levels(taker.opposite()) {
            if limit.is_some_and(|limit| !crosses(taker, limit, price)) || base >= quantity {
                break;
            }
            let take = total.min(quantity - base);
            base += take;
            quote += take * price;
        }
        (base, quote)
    }

    /// What is matched before a resting order: better levels, and earlier orders of its own.
    #[must_use]
    pub fn ahead(&self, side: Side, price: Decimal, id: u64) -> Decimal {
        let better: Decimal = self.levels(side).take_while(|(other, _)| *other != price).map(|(_, total)| total).sum();
        let queue = self.side(side).get(&price).into_iter().flat_map(|level| &level.queue);
        better + queue.take_while(|(other, _)| *other != id).map(|(_, left)| *left).sum::<Decimal>()
    }

    /// All levels of a side, best first.
    pub fn levels(&self, side: Side) -> Box<dyn Iterator<Item = (Decimal, Decimal)> + '_> {
        let level = |(price, level): (&Decimal, &Level)| (*price, level.total);
        match side {
            Side::Buy => Box::new(self.bids.iter().rev().map(level)),
            Side::Sell => Box::new(self.asks.iter().map(level)),
        }
    }

    fn first(&self, side: Side) -> Option<(&Decimal, &Level)> {
        match side {
            Side::Buy => self.bids.last_key_value(),
            Side::Sell => self.asks.first_key_value(),
        }
    }

    fn side(&self, side: Side) -> &BTreeMap<Decimal, Level> {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    fn side_mut(&mut self, side: Side) -> &mut BTreeMap<Decimal, Level> {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }

    fn touch(&mut self, side: Side, price: Decimal) {
        self.update += 1;
        self.fast.levels.insert((side, price));
        self.slow.levels.insert((side, price));
    }
}

/// Whether an order with this limit trades at this price.
#[must_use]
pub(super) fn crosses(taker: Side, limit: Decimal, price: Decimal) -> bool {
    match taker {
        Side::Buy => price <= limit,
        Side::Sell => price >= limit,
    }
}

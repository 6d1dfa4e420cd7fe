//! The market: prices that go up and down often enough for entries, exits and stops, and the candles made of them.
//!
//! A price is a step function of time, four steps a bar. Behind its last step it stands still, so that a desk that is
//! given time comes to rest.

use crate::chance::Chance;
use desk::id::{Asset, Symbol};
use desk::instrument::Instrument;
use desk::market::Candle;
use desk::money::{Notional, Price, Quantity};
use desk::time::{Interval, Timestamp};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// When every run begins: 2026-01-01T00:00Z.
pub const START: i64 = 1_767_225_600_000;
/// The length of a bar.
pub const BAR: Interval = Interval::MINUTE;
/// How many steps a bar has.
const STEPS: i64 = 4;
/// The length of a step, in milliseconds.
pub const STEP_MS: i64 = 60_000 / STEPS;
/// How many bars there are before a run begins: the strategy's averages need some.
const BEFORE: i64 = 6;

/// All markets of a run.
#[derive(Debug)]
pub struct Markets {
    /// Prices in hundredths, a step each, beginning [`BEFORE`] bars before [`START`].
    cents: BTreeMap<Symbol, Vec<i64>>,
}

/// The instrument of the number-th market.
///
/// # Errors
/// Never: the names and numbers are well-formed. The signature is the checked constructors'.
pub fn instrument(number: usize) -> Result<Instrument, Box<dyn std::error::Error>> {
    let base = ["BTC", "ETH", "SOL", "ADA"].get(number).copied().unwrap_or("XRP");
    Ok(Instrument {
        symbol: Symbol::new(format!("{base}USDT"))?,
        base: Asset::new(base)?,
        quote: Asset::new("USDT")?,
        tick: "0.01".parse()?,
        lot: "0.001".parse()?,
        min_quantity: "0.001".parse()?,
        max_quantity: "100000".parse()?,
        min_notional: Notional::ZERO,
    })
}

impl Markets {
    /// Prices for `bars` bars, around 100.
    #[must_use]
    pub fn new(symbols: impl IntoIterator<Item = Symbol>, bars: i64, chance: &mut Chance) -> Self {
        let cents = symbols.into_iter().map(|symbol| (symbol, path((BEFORE + bars) * STEPS, chance)));
        Self { cents: cents.collect() }
    }

    fn cents_at(&self, symbol: &Symbol, step: i64) -> i64 {
        let path = self.cents.get(symbol).map_or(&[][..], Vec::as_slice);
        let step = usize::try_from(step.max(0)).unwrap_or(0);
        path.get(step).or(path.last()).copied().unwrap_or(1)
    }

    /// The price at an instant.
    #[must_use]
    pub fn price(&self, symbol: &Symbol, at: Timestamp) -> Option<Price> {
        price(self.cents_at(symbol, step_of(at.ms())))
    }

    /// The candles that open after `after` and have closed at `now`, oldest first.
    #[must_use]
    pub fn candles(&self, symbol: &Symbol, after: Option<Timestamp>, now: Timestamp) -> Vec<Candle> {
        let first = START - BEFORE * BAR.ms();
        let from = after.map_or(first, |after| after.plus_ms(BAR.ms()).ms());
        let bars = (0..).map(|n| from + n * BAR.ms()).take_while(|open| open + BAR.ms() <= now.ms());
        bars.filter_map(|open| self.candle(symbol, open)).collect()
    }

    fn candle(&self, symbol: &Symbol, open_ms: i64) -> Option<Candle> {
        let steps = (0..STEPS).map(|n| self.cents_at(symbol, step_of(open_ms) + n));
        let prices: Vec<Price> = steps.filter_map(price).collect();
        Some(Candle {
            open_time: Timestamp::from_ms(open_ms),
            open: *prices.first()?,
            high: *prices.iter().max()?,
            low: *prices.iter().min()?,
            close: *prices.last()?,
            volume: Quantity::new(Decimal::ONE_HUNDRED).ok()?,
        })
    }
}

fn step_of(ms: i64) -> i64 {
    (ms - START) / STEP_MS + BEFORE * STEPS
}

fn price(cents: i64) -> Option<Price> {
    Price::new(Decimal::new(cents, 2)).ok()
}

/// A path that turns every few bars, by up to 0.6 % a step.
fn path(steps: i64, chance: &mut Chance) -> Vec<i64> {
    let (mut cents, mut up, mut left) = (10_000, true, 0);
    let step = |_| {
        if left == 0 {
            (up, left) = (!up, chance.between(4, 14));
        }
        left -= 1;
        let moved = chance.between(5, 60);
        cents += if up { moved } else { -moved };
        if chance.one_in(5) {
            cents -= 2 * if up { moved } else { -moved };
        }
        cents
    };
    (0..steps).map(step).collect()
}

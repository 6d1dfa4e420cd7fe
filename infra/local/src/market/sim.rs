//! The built-in market: as many bars as anybody wants, without a network and the same ones for the same seed.
//!
//! A bar is made in this order:
//!
//! 1. the market's regime goes on or changes (`regime`), and with it drift and volatility;
//! 2. the market as a whole moves by one fat-tailed shock with clustered volatility (`factor`);
//! 3. every symbol takes its share of that move (its beta) and adds one of its own;
//! 4. the move becomes a bar of whole ticks: open, close, and a high and low as of a walk between the two (`walk`).
//!
//! Invariants:
//!
//! - Every bar passes [`Candle::check`] and follows the one before it without a gap.
//! - A price closes at no more than 18 times its start and no less than an 18th of it.
//! - A symbol's bars depend on the seed and on the symbol, and not on which others are simulated beside it.
//! - The bars are the same on every machine: only operations that IEEE 754 rounds exactly are used, and no `exp`,
//!   `ln` or `sin` of a system library.
//!
//! The module doesn't simulate an order book, the desk's own effect on prices, or missing bars. It's there to
//! exercise a desk, and nobody should choose a strategy by it.

mod factor;
mod random;
mod regime;
mod symbols;
#[cfg(test)]
mod tests;
mod walk;

pub use symbols::{SimSymbol, default_symbols};

use desk::id::{BadId, Symbol};
use desk::instrument::Instrument;
use desk::market::Candle;
use desk::money::{MoneyError, Price};
use desk::time::{Interval, Timestamp};
use factor::Factor;
use random::Random;
use regime::Regime;
use rust_decimal::prelude::ToPrimitive;
use thiserror::Error;
use walk::{Tide, Walk};

/// The market's volatility in one calm minute, as a fraction of the price.
const SIGMA_MINUTE: f64 = 0.0011;
/// How strongly a level is drawn home in a minute: half the way in about 17,000 minutes.
const PULL_MINUTE: f64 = 4e-5;

/// Why a market can't be simulated.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum SimError {
    /// There is nothing to simulate.
    #[error("a simulated market needs at least one symbol")]
    NoSymbol,
    /// The same symbol twice.
    #[error("{symbol} is simulated twice; name it once")]
    Twice {
        /// The symbol.
        symbol: Symbol,
    },
    /// The tick doesn't suit the price.
    #[error(
        "{symbol}: a start price of {start} is not between 100 and 1000000000 ticks of {tick}; choose another tick"
    )]
    Tick {
        /// The symbol.
        symbol: Symbol,
        /// Its first price.
        start: Price,
        /// Its tick.
        tick: Price,
    },
    /// A parameter is out of its range.
    #[error("{symbol}: {what} {value} is not in the range {range}")]
    Parameter {
        /// The symbol.
        symbol: Symbol,
        /// The parameter.
        what: &'static str,
        /// Its value.
        value: f64,
        /// What it may be.
        range: &'static str,
    },
    /// A built-in name is no symbol.
    #[error(transparent)]
    Name(#[from] BadId),
    /// A built-in symbol is no market.
    #[error(transparent)]
    Market(#[from] super::MarketError),
    /// A number can't be held.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// A market that never closes: an endless iterator over the bars of all its symbols.
#[derive(Debug, Clone)]
pub struct SimMarket {
    instruments: Vec<Instrument>,
    walks: Vec<Walk>,
    market: Factor,
    regime: Regime,
    random: Random,
    next_open: Timestamp,
    interval: Interval,
    pace: Pace,
}

/// What one bar's length makes of the figures per minute.
#[derive(Debug, Clone, Copy)]
struct Pace {
    minutes: f64,
    sigma: f64,
    pull: f64,
}

impl SimMarket {
    /// The market that `seed` stands for, its first bar opening at `start`.
    ///
    /// # Errors
    /// [`SimError`] if there is no symbol, one is there twice, or its numbers can't be simulated.
    pub fn new(seed: u64, start: Timestamp, interval: Interval, symbols: &[SimSymbol]) -> Result<Self, SimError> {
        if symbols.is_empty() {
            return Err(SimError::NoSymbol);
        }
        let instruments: Vec<Instrument> = symbols.iter().map(|symbol| symbol.instrument.clone()).collect();
        for (place, instrument) in instruments.iter().enumerate() {
            if instruments.iter().take(place).any(|other| other.symbol == instrument.symbol) {
                return Err(SimError::Twice { symbol: instrument.symbol.clone() });
            }
        }
        Ok(Self {
            instruments,
            walks: symbols.iter().map(|symbol| Walk::new(seed, symbol)).collect::<Result<_, _>>()?,
            market: Factor::default(),
            regime: Regime::Calm,
            random: Random::stream(seed, ""),
            next_open: start,
            interval,
            pace: Pace::of(interval),
        })
    }

    /// The symbols, in the order of every bar's candles.
    #[must_use]
    pub fn instruments(&self) -> &[Instrument] {
        &self.instruments
    }

    /// The length of every bar.
    #[must_use]
    pub const fn interval(&self) -> Interval {
        self.interval
    }
}

impl Iterator for SimMarket {
    type Item = Vec<Candle>;

    /// One candle for each symbol, all of the same instant. It would end only at a price that is no number.
    fn next(&mut self) -> Option<Vec<Candle>> {
        let pace = self.pace;
        self.regime = self.regime.next(self.random.uniform(), self.random.uniform());
        let sigma = pace.sigma * self.regime.volatility();
        let drift = pace.sigma * self.regime.drift();
        let moved = self.market.step(&mut self.random, drift, sigma, pace.pull);
        let tide = Tide { level: self.market.level(), sigma: moved, own_sigma: sigma, pace };
        let at = self.next_open;
        let candles = self.walks.iter_mut().map(|walk| walk.bar(at, tide)).collect::<Option<Vec<_>>>()?;
        self.next_open = at.plus_ms(self.interval.ms());
        Some(candles)
    }
}

impl Pace {
    fn of(interval: Interval) -> Self {
        // At most 604,800,000, which a float holds exactly.
        let minutes = interval.ms().to_f64().map_or(1.0, |ms| ms / 60_000.0);
        Self { minutes, sigma: SIGMA_MINUTE * minutes.sqrt(), pull: PULL_MINUTE * minutes }
    }
}

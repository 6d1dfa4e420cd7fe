//! What is simulated: a market, its first price, and how it moves with the others.

use super::super::instrument;
use super::SimError;
use super::walk::units;
use desk::id::Symbol;
use desk::instrument::Instrument;
use desk::money::{Price, Rounding, exact};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// A range of start prices, in ticks, within which ticks are neither too coarse to move nor too fine to count.
const START_TICKS: std::ops::RangeInclusive<i128> = 100..=1_000_000_000;

/// One simulated symbol.
#[derive(Debug, Clone, PartialEq)]
pub struct SimSymbol {
    /// The market.
    pub instrument: Instrument,
    /// The price at which it begins and to which it's drawn in the long run.
    pub start: Price,
    /// How many per cent it moves when the market as a whole moves by one; 0 to 5.
    pub beta: f64,
    /// Its own volatility, as a multiple of the market's; 0 to 5.
    pub noise: f64,
    /// What is traded in a calm minute, in quote units; more than 0, and less than a billion lots.
    pub turnover_minute: f64,
}

/// Symbol, start price, tick, lot, beta, noise, turnover in a minute.
type Row = (&'static str, &'static str, &'static str, &'static str, f64, f64, f64);

const DEFAULT: [Row; 5] = [
    ("BTCUSDT", "42000", "0.01", "0.00001", 1.0, 0.35, 1_500_000.0),
    ("ETHUSDT", "2300", "0.01", "0.0001", 1.15, 0.6, 800_000.0),
    ("SOLUSDT", "100", "0.01", "0.01", 1.4, 0.9, 300_000.0),
    ("XRPUSDT", "0.6", "0.0001", "1", 1.05, 0.85, 200_000.0),
    ("LINKUSDT", "15", "0.001", "0.1", 1.25, 0.9, 60_000.0),
];

/// The five symbols that are simulated unless others are asked for: BTC, ETH, SOL, XRP and LINK against USDT.
///
/// # Errors
/// [`SimError`] only if the table in this file is wrong, which a test would tell.
pub fn default_symbols() -> Result<Vec<SimSymbol>, SimError> {
    let symbol = |(name, start, tick, lot, beta, noise, turnover_minute): Row| {
        let symbol = Symbol::new(name)?;
        let instrument = instrument(&symbol, tick.parse()?, lot.parse()?)?;
        Ok(SimSymbol { instrument, start: start.parse()?, beta, noise, turnover_minute })
    };
    DEFAULT.into_iter().map(symbol).collect()
}

impl SimSymbol {
    /// The start price in ticks and the turnover in lots, all parameters being in range.
    pub(super) fn scaled(&self) -> Result<(i128, f64), SimError> {
        let Instrument { symbol, tick, lot, .. } = &self.instrument;
        let parameter = |what, value, range| SimError::Parameter { symbol: symbol.clone(), what, value, range };
        for (what, value) in [("beta", self.beta), ("noise", self.noise)] {
            if !(0.0..=5.0).contains(&value) {
                return Err(parameter(what, value, "0 to 5"));
            }
        }
        let off = || SimError::Tick { symbol: symbol.clone(), start: self.start, tick: *tick };
        let ticks = exact::steps(self.start.value(), tick.value(), Rounding::HalfEven)?;
        if !START_TICKS.contains(&ticks) || units(ticks, tick.value()).is_none() {
            return Err(off());
        }
        let quote = |value: Decimal| value.to_f64().unwrap_or(f64::NAN);
        let lots = self.turnover_minute / quote(self.start.value()) / quote(lot.value());
        if self.turnover_minute > 0.0 && (0.0..1e9).contains(&lots) {
            Ok((ticks, lots))
        } else {
            Err(parameter("turnover in a minute", self.turnover_minute, "above 0 and below a billion lots"))
        }
    }
}

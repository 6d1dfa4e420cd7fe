//! One symbol's bars: from a move of the price to whole ticks and lots.

use super::factor::Factor;
use super::random::{Random, exp};
use super::{Pace, SimError, SimSymbol};
use desk::market::Candle;
use desk::money::{Price, Quantity};
use desk::time::Timestamp;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// How far a close strays from the start at most, as a logarithm: 17.99 times, or one part of so many.
const STRAY_LN_MAX: f64 = 2.89;

/// What the market as a whole does in a bar.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tide {
    /// How far the market is from home, as a logarithm.
    pub(super) level: f64,
    /// The volatility of the market's move.
    pub(super) sigma: f64,
    /// The volatility that a symbol's own move has before the symbol's factor.
    pub(super) own_sigma: f64,
    /// What the length of a bar makes of it all.
    pub(super) pace: Pace,
}

/// One symbol's way through the market.
#[derive(Debug, Clone)]
pub(super) struct Walk {
    own: Factor,
    random: Random,
    beta: f64,
    noise: f64,
    /// The price to which the walk is drawn home, in ticks.
    home: f64,
    /// The last close, in ticks.
    last: i128,
    tick: Decimal,
    lot: Decimal,
    /// What is traded in a calm minute at the home price, in lots.
    lots_minute: f64,
}

/// A bar in whole ticks and lots.
struct Shape {
    open: i128,
    high: i128,
    low: i128,
    close: i128,
    lots: i128,
}

impl Walk {
    pub(super) fn new(seed: u64, symbol: &SimSymbol) -> Result<Self, SimError> {
        let (ticks, lots_minute) = symbol.scaled()?;
        Ok(Self {
            own: Factor::default(),
            random: Random::stream(seed, symbol.instrument.symbol.as_str()),
            beta: symbol.beta,
            noise: symbol.noise,
            home: ticks.to_f64().unwrap_or(f64::NAN),
            last: ticks,
            tick: symbol.instrument.tick.value().normalize(),
            lot: symbol.instrument.lot.value().normalize(),
            lots_minute,
        })
    }

    pub(super) fn bar(&mut self, at: Timestamp, tide: Tide) -> Option<Candle> {
        let shape = self.shape(tide)?;
        self.last = shape.close;
        let price = |ticks| Price::new(units(ticks, self.tick)?).ok();
        Some(Candle {
            open_time: at,
            open: price(shape.open)?,
            high: price(shape.high)?,
            low: price(shape.low)?,
            close: price(shape.close)?,
            volume: Quantity::new(units(shape.lots, self.lot)?).ok()?,
        })
    }

    fn shape(&mut self, tide: Tide) -> Option<Shape> {
        let own = self.own.step(&mut self.random, 0.0, tide.own_sigma * self.noise, tide.pace.pull);
        let (shared, alone) = (self.beta * tide.sigma, own);
        let sigma = (shared * shared + alone * alone).sqrt();
        let stray = (self.beta * tide.level + self.own.level()).clamp(-STRAY_LN_MAX, STRAY_LN_MAX);
        let target = self.home * exp(stray);
        let last = self.last.to_f64()?;
        // The bar's typical move, in ticks.
        let span = target * sigma;

        let open = whole(last + span * self.gap())?.max(1);
        let close = whole(target)?.max(1);
        let (top, bottom) = (open.max(close), open.min(close));
        let (reach_up, reach_down) = (self.reach(open, close, span)?, self.reach(open, close, span)?);
        let high = top.checked_add(whole(reach_up)?)?;
        let low = bottom.checked_sub(whole(reach_down)?)?.max(1);

        let moved = ((target - last).abs() / (self.home * tide.pace.sigma)).min(50.0);
        let busy = (0.4 + 0.6 * moved) * (0.5 + self.random.uniform());
        let lots = whole(self.lots_minute * tide.pace.minutes * busy)?.max(1);
        Some(Shape { open, high, low, close, lots })
    }

    /// How far the open is from the last close, in typical moves: mostly not at all, seldom by much.
    fn gap(&mut self) -> f64 {
        let size = match self.random.uniform() {
            u if u < 0.003 => 3.0,
            u if u < 0.25 => 0.08,
            _ => 0.0,
        };
        size * self.random.shock()
    }

    /// How far the price went beyond open and close, in ticks: a draw of a Brownian bridge's extreme, with fat tails.
    fn reach(&mut self, open: i128, close: i128, span: f64) -> Option<f64> {
        let body = open.abs_diff(close).to_f64()?;
        let (a, b) = (self.random.shock(), self.random.shock());
        Some(((body * body + span * span * (a * a + b * b)).sqrt() - body) / 2.0)
    }
}

/// The nearest whole number; nothing for what is no number or too large to be one.
pub(super) fn whole(value: f64) -> Option<i128> {
    // Half away from zero is rounded exactly on every machine. Far below where a float skips whole numbers.
    if value.is_finite() && value.abs() < 1e15 { value.round().to_i128() } else { None }
}

/// So many steps, exactly.
pub(super) fn units(count: i128, step: Decimal) -> Option<Decimal> {
    Decimal::try_from_i128_with_scale(count.checked_mul(step.mantissa())?, step.scale()).ok()
}

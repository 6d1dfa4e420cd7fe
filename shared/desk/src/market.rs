//! Candles and what makes one believable.

use crate::money::{Price, Quantity};
use crate::time::{Interval, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// One bar. `open_time` is its first instant; it closes `interval` later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Candle {
    /// The bar's first instant.
    pub open_time: Timestamp,
    /// The first price.
    pub open: Price,
    /// The highest price.
    pub high: Price,
    /// The lowest price.
    pub low: Price,
    /// The last price.
    pub close: Price,
    /// What was traded, in base units; zero in a bar without a trade.
    pub volume: Quantity,
}

/// Why a candle is not believed. A faulty candle is refused whole; nothing is repaired.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CandleFault {
    /// The high is not the highest price, or the low not the lowest.
    #[error("high {high} and low {low} do not enclose open {open} and close {close}")]
    Inconsistent {
        /// The first price.
        open: Price,
        /// The claimed highest.
        high: Price,
        /// The claimed lowest.
        low: Price,
        /// The last price.
        close: Price,
    },
    /// The same instant twice.
    #[error("its time {at} was already given by the bar before it")]
    Duplicate {
        /// The instant.
        at: Timestamp,
    },
    /// The bar lies before its predecessor.
    #[error("its time {at} lies before {previous}, the bar before it: the rows are not in order of time")]
    Backwards {
        /// The instant.
        at: Timestamp,
        /// Its predecessor's.
        previous: Timestamp,
    },
    /// The bar begins before its predecessor has closed.
    #[error("its time {at} lies inside the {interval} bar that opened at {previous}")]
    Overlap {
        /// The instant.
        at: Timestamp,
        /// Its predecessor's.
        previous: Timestamp,
        /// The bar length.
        interval: Interval,
    },
    /// A price is not a whole number of ticks.
    #[error("price {price} is off the tick {tick}")]
    OffTick {
        /// The price.
        price: Price,
        /// The tick.
        tick: Price,
    },
}

impl Candle {
    /// The instant at which the bar closes, and the next one opens.
    #[must_use]
    pub const fn close_time(&self, interval: Interval) -> Timestamp {
        self.open_time.plus_ms(interval.ms())
    }

    /// Checks the bar by itself: that high and low enclose it and that its prices are on the tick.
    ///
    /// # Errors
    /// [`CandleFault`], the first found.
    pub fn check(&self, tick: Price) -> Result<(), CandleFault> {
        let Self { open, high, low, close, .. } = *self;
        if high < open.max(close) || low > open.min(close) {
            return Err(CandleFault::Inconsistent { open, high, low, close });
        }
        match [open, high, low, close].into_iter().find(|p| !p.is_on(tick)) {
            Some(price) => Err(CandleFault::OffTick { price, tick }),
            None => Ok(()),
        }
    }

    /// Checks that the bar follows `previous`, and counts the bars missing between the two.
    ///
    /// # Errors
    /// [`CandleFault`] unless the bar opens at or after its predecessor's close.
    pub fn follows(&self, previous: &Self, interval: Interval) -> Result<u64, CandleFault> {
        let (at, before) = (self.open_time, previous.open_time);
        let step = at.ms_since(before);
        if step == 0 {
            return Err(CandleFault::Duplicate { at });
        }
        if step < 0 {
            return Err(CandleFault::Backwards { at, previous: before });
        }
        if step < interval.ms() {
            return Err(CandleFault::Overlap { at, previous: before, interval });
        }
        Ok((step / interval.ms() - 1).unsigned_abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(at: i64, prices: [&str; 4]) -> Candle {
        let [open, high, low, close] = prices.map(|p| p.parse().unwrap());
        Candle { open_time: Timestamp::from_ms(at), open, high, low, close, volume: Quantity::ZERO }
    }

    #[test]
    fn a_bar_whose_high_is_not_the_highest_is_refused() {
        let tick = "0.01".parse().unwrap();
        assert!(bar(0, ["10", "11", "9", "10.5"]).check(tick).is_ok());
        assert!(matches!(bar(0, ["10", "10.4", "9", "10.5"]).check(tick), Err(CandleFault::Inconsistent { .. })));
        assert!(matches!(bar(0, ["10", "11", "10.1", "10.5"]).check(tick), Err(CandleFault::Inconsistent { .. })));
        assert!(matches!(bar(0, ["10", "11", "9", "10.505"]).check(tick), Err(CandleFault::OffTick { .. })));
    }

    #[test]
    fn bars_come_in_order_and_gaps_are_counted() {
        let minute = Interval::MINUTE;
        let at = |t| bar(t, ["1", "1", "1", "1"]);
        assert_eq!(at(60_000).follows(&at(0), minute), Ok(0));
        assert_eq!(at(240_000).follows(&at(0), minute), Ok(3));
        assert!(matches!(at(0).follows(&at(0), minute), Err(CandleFault::Duplicate { .. })));
        assert!(matches!(at(0).follows(&at(60_000), minute), Err(CandleFault::Backwards { .. })));
        assert!(matches!(at(30_000).follows(&at(0), minute), Err(CandleFault::Overlap { .. })));
    }
}

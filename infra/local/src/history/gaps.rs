//! Bars that are not there: counted and named, never filled in.

use desk::market::Candle;
use desk::time::{Interval, Timestamp};
use serde::{Deserialize, Serialize};

/// A stretch without bars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// Where the first missing bar would open.
    pub from: Timestamp,
    /// Where the last missing bar would close.
    pub to: Timestamp,
    /// How many bars are missing.
    pub missing: u64,
}

/// Looks for gaps, bar by bar.
#[derive(Debug, Clone)]
pub struct Gaps {
    interval: Interval,
    next: Timestamp,
    found: Vec<Gap>,
}

impl Gaps {
    /// Bars are expected from here on.
    #[must_use]
    pub const fn new(interval: Interval, from: Timestamp) -> Self {
        Self { interval, next: from, found: Vec::new() }
    }

    /// The next bar.
    pub fn take(&mut self, bar: &Candle) {
        self.until(bar.open_time);
        self.next = bar.close_time(self.interval);
    }

    /// All gaps, if bars are expected until `to`.
    #[must_use]
    pub fn end(mut self, to: Timestamp) -> Vec<Gap> {
        self.until(to);
        self.found
    }

    fn until(&mut self, to: Timestamp) {
        let missing = to.ms_since(self.next) / self.interval.ms();
        if missing > 0 {
            self.found.push(Gap { from: self.next, to, missing: missing.unsigned_abs() });
        }
    }
}

//! The three clocks of a desk on one machine.
//!
//! The *market's* stands where the last bar has put it, and stamps decisions and fills: results depend on no other. The
//! *desk's* begins there and runs on with the wall, and jumps when there is nothing to do but wait for a deadline: it
//! judges deadlines and retries. The *wall's* is for people.
//!
//! Where the market is a venue's, all three are the wall's.

use boot::WallClock;
use desk::port::Clock;
use desk::time::Timestamp;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// The market's time.
#[derive(Debug, Clone)]
pub enum MarketClock {
    /// It stands where the last bar has put it.
    Stands(Arc<AtomicI64>),
    /// It is the wall's: the market is a venue's.
    Runs,
}

impl Clock for MarketClock {
    fn now(&self) -> Timestamp {
        match self {
            Self::Stands(at) => Timestamp::from_ms(at.load(Ordering::Relaxed)),
            Self::Runs => WallClock.now(),
        }
    }
}

/// The desk's time.
#[derive(Debug, Clone)]
pub struct DeskClock {
    market: MarketClock,
    since: Arc<Mutex<(Instant, i64)>>,
}

impl DeskClock {
    /// A desk's clock and the market's clock below it, at `start`.
    #[must_use]
    pub fn starting_at(start: Timestamp) -> (Self, MarketClock) {
        let market = MarketClock::Stands(Arc::new(AtomicI64::new(start.ms())));
        (Self { market: market.clone(), since: Arc::new(Mutex::new((Instant::now(), 0))) }, market)
    }

    /// A desk's clock and the market's clock below it, both the wall's.
    #[must_use]
    pub fn running() -> (Self, MarketClock) {
        (Self { market: MarketClock::Runs, since: Arc::new(Mutex::new((Instant::now(), 0))) }, MarketClock::Runs)
    }

    /// Moves the market to `to`, never back, and the desk with it.
    pub fn market_moves(&self, to: Timestamp) {
        let MarketClock::Stands(at) = &self.market else { return };
        at.fetch_max(to.ms(), Ordering::Relaxed);
        *self.since.lock().unwrap_or_else(PoisonError::into_inner) = (Instant::now(), 0);
    }

    /// Lets the desk's time pass until `to`, if it can; the market's stands. `false` where both are the wall's, which
    /// nobody moves.
    #[must_use]
    pub fn jump(&self, to: Timestamp) -> bool {
        if matches!(self.market, MarketClock::Runs) {
            return false;
        }
        let ahead = to.ms_since(self.now());
        self.since.lock().unwrap_or_else(PoisonError::into_inner).1 += ahead.max(0);
        true
    }
}

impl Clock for DeskClock {
    fn now(&self) -> Timestamp {
        if matches!(self.market, MarketClock::Runs) {
            return WallClock.now();
        }
        let (since, jumped) = *self.since.lock().unwrap_or_else(PoisonError::into_inner);
        let ran = i64::try_from(since.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.market.now().plus_ms(ran).plus_ms(jumped)
    }
}

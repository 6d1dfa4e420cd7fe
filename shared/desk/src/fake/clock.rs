//! A clock that stands until it is moved.

use crate::port::Clock;
use crate::time::Timestamp;
use std::sync::atomic::{AtomicI64, Ordering};

/// A clock that stands until it is moved.
#[derive(Debug)]
pub struct FakeClock(AtomicI64);

impl FakeClock {
    /// A clock that shows `ms`.
    #[must_use]
    pub const fn at(ms: i64) -> Self {
        Self(AtomicI64::new(ms))
    }

    /// Moves it forward.
    pub fn advance(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::Relaxed);
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_ms(self.0.load(Ordering::Relaxed))
    }
}

impl Clock for std::sync::Arc<FakeClock> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }
}

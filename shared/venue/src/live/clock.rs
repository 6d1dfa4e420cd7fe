//! The venue's clock, as far as it can be known: how far it is ahead of ours.

use desk::time::Timestamp;

/// How far the clocks may differ before nothing is traded, in milliseconds.
pub const DRIFT_MAX_MS: i64 = 500;
/// For how long a measurement counts, in milliseconds.
const FRESH_MS: i64 = 600_000;
/// An answer that took longer says too little about the time, in milliseconds.
const TRIP_MAX_MS: i64 = 2_000;

/// How far a venue's clock is ahead of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offset {
    /// In milliseconds; negative if it is behind.
    pub ms: i64,
    /// How long the question and its answer were on their way, in milliseconds.
    pub trip_ms: i64,
    /// When it was measured, by our clock.
    pub measured_at: Timestamp,
}

impl Offset {
    /// From what the venue said between two of our own instants. `None` if the answer took too long to tell.
    #[must_use]
    pub fn measured(asked_at: Timestamp, theirs: Timestamp, answered_at: Timestamp) -> Option<Self> {
        let trip_ms = answered_at.ms_since(asked_at);
        if !(0..=TRIP_MAX_MS).contains(&trip_ms) {
            return None;
        }
        let middle = asked_at.plus_ms(trip_ms / 2);
        Some(Self { ms: theirs.ms_since(middle), trip_ms, measured_at: answered_at })
    }

    /// Whether it is recent enough to trade by.
    #[must_use]
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        (0..=FRESH_MS).contains(&now.ms_since(self.measured_at))
    }

    /// Whether the clocks differ too much to trade. What the trip leaves uncertain does not count against the venue.
    #[must_use]
    pub const fn is_too_far(&self) -> bool {
        self.ms.abs() > DRIFT_MAX_MS + self.trip_ms / 2
    }

    /// Our instant, by the venue's clock.
    #[must_use]
    pub const fn theirs(&self, ours: Timestamp) -> Timestamp {
        ours.plus_ms(self.ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_second_is_too_far_and_a_slow_answer_tells_nothing() {
        let at = Timestamp::from_ms;
        let offset = |theirs| Offset::measured(at(1000), at(theirs), at(1100)).unwrap();
        assert_eq!(offset(1050).ms, 0);
        assert!(!offset(1550).is_too_far());
        assert!(offset(1601).is_too_far());
        assert!(offset(449).is_too_far());
        assert_eq!(offset(1250).theirs(at(5000)), at(5200));
        assert_eq!(Offset::measured(at(0), at(0), at(2001)), None);
        assert_eq!(Offset::measured(at(5), at(0), at(4)), None, "our clock was set back between");
        assert!(!offset(1050).is_fresh(at(1_000_000)));
    }
}

//! The circuit breaker: after failures in a row nothing is sent for a while, then one request tries. Pure.
//!
//! What counts as a failure is that the venue does not answer as a venue: no connection, a 5xx, a page of HTML. A refusal
//! is an answer. There is a breaker for each class of endpoints, so that broken market data never holds up a cancel.

use crate::protocol::{CallFault, EndpointClass, Meaning, ReadFault};
use desk::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Failures in a row that open it.
const FAILURES_MAX: u32 = 5;
/// How long it stays open the first time, in milliseconds; each time longer by this factor.
const OPEN_MS: i64 = 5_000;
const FACTOR: i64 = 2;
/// How long it stays open at most. For cancels and exits less: they are what ends a risk.
const OPEN_MAX_MS: i64 = 300_000;
const OPEN_MAX_ENDING_MS: i64 = 10_000;
/// How long a trial may take before another may try.
const TRIAL_MS: i64 = 15_000;

/// Where a breaker stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case", deny_unknown_fields)]
pub enum Breaker {
    /// Everything is sent.
    #[default]
    Closed,
    /// Everything is sent; there were failures.
    Failing {
        /// How many in a row.
        failures: u32,
    },
    /// Nothing is sent.
    Open {
        /// Until then.
        until: Timestamp,
        /// How many failures in a row.
        failures: u32,
    },
    /// One request tries.
    HalfOpen {
        /// If it has not answered by then, another tries.
        until: Timestamp,
        /// How many failures in a row.
        failures: u32,
    },
}

/// Nothing may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped {
    /// For how long, in milliseconds.
    pub wait_ms: i64,
    /// How many failures in a row.
    pub failures: u32,
}

impl Breaker {
    /// Whether a request may be sent; if it is the trial, the breaker is half open from now on.
    ///
    /// # Errors
    /// [`Stopped`], if it may not.
    pub fn admit(&mut self, now: Timestamp) -> Result<(), Stopped> {
        match *self {
            Self::Closed | Self::Failing { .. } => Ok(()),
            Self::Open { until, failures } | Self::HalfOpen { until, failures } => {
                let wait_ms = until.ms_since(now);
                if wait_ms > 0 {
                    return Err(Stopped { wait_ms, failures });
                }
                *self = Self::HalfOpen { until: now.plus_ms(TRIAL_MS), failures };
                Ok(())
            }
        }
    }

    /// A request was answered. `true` if that closed it.
    pub fn succeeded(&mut self) -> bool {
        let was_open = self.is_open();
        *self = Self::Closed;
        was_open
    }

    /// A request failed. `true` if that opened it.
    pub fn failed(&mut self, class: EndpointClass, now: Timestamp) -> bool {
        let (failures, was_open) = match *self {
            Self::Closed => (1, false),
            Self::Failing { failures } => (failures + 1, false),
            Self::Open { failures, .. } => (failures, true),
            Self::HalfOpen { failures, .. } => (failures + 1, false),
        };
        if was_open {
            // Somebody who was admitted before it opened; it is open already.
            return false;
        }
        if failures < FAILURES_MAX {
            *self = Self::Failing { failures };
            return false;
        }
        let longest = match class {
            EndpointClass::Exit | EndpointClass::Cancel => OPEN_MAX_ENDING_MS,
            EndpointClass::Public | EndpointClass::Account | EndpointClass::Order => OPEN_MAX_MS,
        };
        let factor = FACTOR.checked_pow(failures - FAILURES_MAX).unwrap_or(i64::MAX);
        let until = now.plus_ms(OPEN_MS.saturating_mul(factor).min(longest));
        *self = Self::Open { until, failures };
        true
    }

    /// Whether it holds requests back.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Open { .. } | Self::HalfOpen { .. })
    }
}

/// Whether a fault says that the venue does not answer as a venue.
#[must_use]
pub fn is_failure(fault: &CallFault) -> bool {
    match fault {
        CallFault::Connectivity { .. } => true,
        CallFault::Read(ReadFault::Parse { .. }) => true,
        CallFault::Read(ReadFault::Api(error)) => error.status >= 500 && error.meaning == Meaning::Unclear,
        CallFault::Call(_) | CallFault::Budget { .. } | CallFault::BreakerOpen { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_ms(ms)
    }

    fn opened() -> Breaker {
        let mut breaker = Breaker::default();
        let opened: Vec<bool> = (0..5).map(|_| breaker.failed(EndpointClass::Order, at(0))).collect();
        assert_eq!(opened, [false, false, false, false, true]);
        breaker
    }

    #[test]
    fn five_failures_in_a_row_open_it_and_one_answer_between_does_not() {
        let mut breaker = Breaker::default();
        for _ in 0..20 {
            for _ in 0..4 {
                assert!(!breaker.failed(EndpointClass::Order, at(0)));
            }
            breaker.succeeded();
        }
        assert_eq!(breaker.admit(at(0)), Ok(()));
        assert_eq!(opened().admit(at(1000)), Err(Stopped { wait_ms: 4000, failures: 5 }));
    }

    #[test]
    fn after_a_while_one_request_tries_and_the_others_wait_for_it() {
        let mut breaker = opened();
        assert_eq!(breaker.admit(at(5000)), Ok(()));
        assert!(breaker.admit(at(5001)).is_err(), "the trial is under way");
        assert!(breaker.succeeded());
        assert_eq!(breaker.admit(at(5002)), Ok(()));
    }

    #[test]
    fn a_failed_trial_opens_it_for_longer_but_for_cancels_never_long() {
        let mut breaker = opened();
        breaker.admit(at(5000)).unwrap();
        assert!(breaker.failed(EndpointClass::Order, at(5000)));
        assert_eq!(breaker.admit(at(5000)), Err(Stopped { wait_ms: 10_000, failures: 6 }));
        let (mut breaker, mut now) = (Breaker::default(), 0);
        for _ in 0..50 {
            if breaker.admit(at(now)).is_ok() {
                breaker.failed(EndpointClass::Cancel, at(now));
            }
            if let Err(stopped) = breaker.admit(at(now)) {
                assert!(stopped.wait_ms <= 15_000);
                now += stopped.wait_ms;
            }
        }
    }
}

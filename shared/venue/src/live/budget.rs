//! The request budget: how much may be sent until when. Pure; [`super::guard`] keeps it where every process sees it.
//!
//! Limits are counted in sliding windows: what was used in the window before counts in proportion to how much of it the
//! last `per_ms` still cover. So neither a venue with fixed windows nor one with rolling windows is overrun. A tenth of
//! every limit is kept for cancelling: a kill must never wait behind market data. Half of that tenth may be used for
//! placing, too, so that reading too much keeps no stop and no exit from being sent; and a limit of orders is used up only by
//! what closes or protects a position. A budget is one server's; limits that hold for others are passed over.

use crate::protocol::EndpointClass;
use crate::protocol::capability::RateLimit;
use desk::time::Timestamp;
use serde::{Deserialize, Serialize};

/// What was used of one limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Used {
    /// The number of the window, counted from 1970.
    window: i64,
    /// Used in it.
    now: u64,
    /// Used in the one before.
    before: u64,
}

/// A venue's budget under one set of limits.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    used: Vec<Used>,
    /// The venue asked for silence until then.
    silent_until: Option<Timestamp>,
}

/// What a request costs, and whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost<'a> {
    /// Which of the venue's servers.
    pub origin: &'a str,
    /// What it is for.
    pub class: EndpointClass,
    /// In the venue's units.
    pub weight: u32,
}

/// Not now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// For how long, in milliseconds: then there is room for this request, if nothing else takes it.
    pub ms: i64,
    /// Whether the venue asked for silence.
    pub silence: bool,
}

impl Used {
    fn at(self, window: i64) -> Self {
        match window - self.window {
            0 => self,
            1 => Self { window, now: 0, before: self.now },
            _ => Self { window, now: 0, before: 0 },
        }
    }

    /// What counts at `into` ms of a window of `per` ms.
    fn counted(self, into: u64, per: u64) -> u64 {
        // Rounded up: a request that might be one too many is one too many.
        self.now + (self.before * (per - into)).div_ceil(per)
    }

    /// How long, at `into` ms of a window of `per` ms, until no more than `left` counts: later in this window, or in the next,
    /// where what is used now slides out. Never more than what two windows take.
    fn until(self, left: u64, into: u64, per: u64) -> u64 {
        // The first instant at which of `used` no more than `room` counts: `used * (per - at) <= room * per`.
        let slid = |used: u64, room: u64| per - (room * per).checked_div(used).unwrap_or(per).min(per);
        match left.checked_sub(self.now) {
            Some(room) => slid(self.before, room).saturating_sub(into),
            None => per - into + slid(self.now, left),
        }
    }
}

impl Budget {
    /// Takes what a request costs, or says how long to wait. Nothing is taken from any limit unless all have room.
    ///
    /// # Errors
    /// [`Wait`], if the venue asked for silence or a limit is spent.
    pub fn take(&mut self, limits: &[RateLimit], cost: Cost, now: Timestamp) -> Result<(), Wait> {
        let Cost { origin, class, weight } = cost;
        if let Some(until) = self.silent_until {
            let ms = until.ms_since(now);
            if ms > 0 {
                return Err(Wait { ms, silence: true });
            }
            self.silent_until = None;
        }
        self.used.resize(limits.len(), Used::default());
        let mut taken = self.used.clone();
        for (used, limit) in taken.iter_mut().zip(limits).filter(|(_, limit)| applies(limit, origin, class)) {
            let per = i64::from(limit.per_ms.max(1));
            let (window, into) = (now.ms().div_euclid(per), now.ms().rem_euclid(per));
            *used = used.at(window);
            let cost = if limit.of == "weight" { u64::from(weight) } else { 1 };
            let room = room(limit, class);
            let (into, per) = (into.unsigned_abs(), per.unsigned_abs());
            if used.counted(into, per) + cost > room {
                // What costs more than a window has room for is never sent; asking once a window is enough.
                let ms = if cost > room { per } else { used.until(room - cost, into, per) };
                return Err(Wait { ms: i64::try_from(ms).unwrap_or(i64::MAX).max(1), silence: false });
            }
            used.now += cost;
        }
        self.used = taken;
        Ok(())
    }

    /// The venue asks for silence.
    pub fn silence(&mut self, until: Timestamp) {
        self.silent_until = self.silent_until.max(Some(until));
    }

    /// Until when the venue asked for silence.
    #[must_use]
    pub const fn silent_until(&self) -> Option<Timestamp> {
        self.silent_until
    }
}

/// How much of a limit requests of a class may use.
fn room(limit: &RateLimit, class: EndpointClass) -> u64 {
    let units = u64::from(limit.units);
    let share = match class {
        EndpointClass::Cancel => units,
        // A limit of orders is used by nothing else, and what ends a risk may use it up.
        EndpointClass::Exit if limit.of == "orders" => units,
        EndpointClass::Order | EndpointClass::Exit if limit.of != "orders" => (units * 19).div_euclid(20),
        EndpointClass::Exit | EndpointClass::Public | EndpointClass::Account | EndpointClass::Order => {
            (units * 9).div_euclid(10)
        }
    };
    share.max(1)
}

fn applies(limit: &RateLimit, origin: &str, class: EndpointClass) -> bool {
    if !limit.origins.is_empty() && !limit.origins.contains(&origin) {
        return false;
    }
    let class = if class == EndpointClass::Exit { EndpointClass::Order } else { class };
    match limit.of {
        "orders" => class == EndpointClass::Order,
        _ => limit.class.is_empty() || limit.class.contains(&class),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: [RateLimit; 2] =
        [RateLimit::new("weight", &[], 100, 60_000), RateLimit::new("orders", &[], 10, 10_000)];

    const fn cost(class: EndpointClass, weight: u32) -> Cost<'static> {
        Cost { origin: "spot", class, weight }
    }

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_ms(ms)
    }

    #[test]
    fn what_ends_a_risk_may_use_the_orders_that_entries_must_leave() {
        let mut budget = Budget::default();
        for _ in 0..9 {
            assert_eq!(budget.take(&LIMITS, cost(EndpointClass::Order, 1), at(0)), Ok(()));
        }
        assert!(budget.take(&LIMITS, cost(EndpointClass::Order, 1), at(0)).is_err());
        assert_eq!(budget.take(&LIMITS, cost(EndpointClass::Exit, 1), at(0)), Ok(()));
        assert!(budget.take(&LIMITS, cost(EndpointClass::Exit, 1), at(0)).is_err(), "it counts as an order");
    }

    #[test]
    fn a_tenth_is_kept_for_cancelling() {
        let mut budget = Budget::default();
        assert_eq!(budget.take(&LIMITS, cost(EndpointClass::Public, 90), at(0)), Ok(()));
        let wait = Wait { ms: 45_667, silence: false };
        assert_eq!(budget.take(&LIMITS, cost(EndpointClass::Public, 1), at(15_000)), Err(wait));
        assert_eq!(budget.take(&LIMITS, cost(EndpointClass::Cancel, 10), at(15_000)), Ok(()));
        assert!(budget.take(&LIMITS, cost(EndpointClass::Cancel, 1), at(15_000)).is_err());
    }

    #[test]
    fn reading_too_much_keeps_no_order_from_being_sent() {
        let mut budget = Budget::default();
        budget.take(&LIMITS, cost(EndpointClass::Account, 90), at(0)).unwrap();
        assert!(budget.take(&LIMITS, cost(EndpointClass::Account, 1), at(1)).is_err());
        for _ in 0..5 {
            assert_eq!(budget.take(&LIMITS, cost(EndpointClass::Order, 1), at(1)), Ok(()));
        }
        assert!(budget.take(&LIMITS, cost(EndpointClass::Order, 1), at(1)).is_err(), "the rest is for cancelling");
        assert_eq!(budget.take(&LIMITS, cost(EndpointClass::Cancel, 5), at(1)), Ok(()));
    }

    #[test]
    fn whoever_waits_as_long_as_he_is_told_is_let_through_and_not_a_moment_earlier() {
        for (first, second) in [(0, 15_000), (59_999, 60_001), (30_000, 119_000), (10, 59_990)] {
            for weight in [1, 7, 50, 90] {
                let mut budget = Budget::default();
                budget.take(&LIMITS, cost(EndpointClass::Public, 60), at(first)).unwrap();
                let _ = budget.take(&LIMITS, cost(EndpointClass::Public, 25), at(second));
                let asked = cost(EndpointClass::Public, weight);
                let Err(Wait { ms, silence: false }) = budget.clone().take(&LIMITS, asked, at(second)) else {
                    continue;
                };
                let then = second + ms;
                assert_eq!(budget.clone().take(&LIMITS, asked, at(then)), Ok(()), "{first} {second} {weight} {ms}");
                assert!(budget.take(&LIMITS, asked, at(then - 1)).is_err(), "{first} {second} {weight} {ms}");
            }
        }
    }

    #[test]
    fn what_was_used_at_the_end_of_a_window_counts_in_the_next() {
        let mut budget = Budget::default();
        budget.take(&LIMITS, cost(EndpointClass::Public, 90), at(59_999)).unwrap();
        assert!(budget.take(&LIMITS, cost(EndpointClass::Public, 10), at(60_001)).is_err());
        assert_eq!(
            budget.take(&LIMITS, cost(EndpointClass::Public, 40), at(90_000)),
            Ok(()),
            "half of it has slid out"
        );
    }

    #[test]
    fn orders_are_counted_apart_and_a_refused_request_takes_nothing() {
        let mut budget = Budget::default();
        for _ in 0..9 {
            budget.take(&LIMITS, cost(EndpointClass::Order, 1), at(0)).unwrap();
        }
        let before = budget.clone();
        assert!(budget.take(&LIMITS, cost(EndpointClass::Order, 1), at(1)).is_err());
        assert_eq!(budget, before);
        assert_eq!(budget.take(&LIMITS, cost(EndpointClass::Public, 1), at(1)), Ok(()));
    }

    #[test]
    fn nobody_speaks_while_the_venue_wants_silence() {
        let mut budget = Budget::default();
        budget.silence(at(5000));
        budget.silence(at(3000));
        assert_eq!(
            budget.take(&LIMITS, cost(EndpointClass::Cancel, 1), at(1000)),
            Err(Wait { ms: 4000, silence: true })
        );
        assert_eq!(budget.take(&LIMITS, cost(EndpointClass::Public, 1), at(5000)), Ok(()));
    }

    #[test]
    fn a_limit_of_another_server_is_not_counted_here() {
        let limits = [
            RateLimit::new("weight", &[], 1000, 60_000).at(&["spot"]),
            RateLimit::new("weight", &[], 10, 60_000).at(&["usdm"]),
        ];
        let mut budget = Budget::default();
        let read = |origin, weight| Cost { origin, class: EndpointClass::Public, weight };
        assert_eq!(budget.take(&limits, read("spot", 500), at(0)), Ok(()));
        assert_eq!(
            budget.take(&limits, read("usdm", 10), at(0)),
            Err(Wait { ms: 60_000, silence: false }),
            "nine are what it has"
        );
        assert_eq!(budget.take(&limits, read("usdm", 9), at(0)), Ok(()));
        assert_eq!(budget.take(&limits, read("options", 5000), at(0)), Ok(()), "nobody has named a limit");
    }
}

//! How long the steps of placing an order may take at a venue, from what it promises.
//!
//! A look proves an order absent only behind the last instant at which the venue may take it in, and behind the lag of its
//! answers. Where an order can't name its deadline, that instant is when the venue stops believing the request's own time;
//! and since clocks that differ by less than what stops trading are not corrected in the stored claim, so much is waited
//! longer.

use super::clock::DRIFT_MAX_MS;
use crate::protocol::capability::Capabilities;
use desk::order::{Claim, Timing};
use desk::time::Timestamp;

/// The times to be kept at a venue.
#[must_use]
pub fn timing(capabilities: &Capabilities) -> Timing {
    let Timing { gap_ms, window_ms, grace_ms } = Timing::REFERENCE;
    Timing {
        gap_ms,
        window_ms: window_ms.max(i64::from(capabilities.deadline.unnamed_ms)).max(least_ms(capabilities)),
        grace_ms: grace_ms.max(i64::from(capabilities.query_lag_ms)) + DRIFT_MAX_MS,
    }
}

/// How long a request may be on its way, in milliseconds.
const ON_THE_WAY_MS: i64 = 1_000;

/// How far ahead a deadline is put at least, so that the venue does not find it too near, however long the way and whatever
/// the clocks: in milliseconds.
pub(super) fn least_ms(capabilities: &Capabilities) -> i64 {
    match i64::from(capabilities.deadline.least_ms) {
        0 => 0,
        least => least + 2 * DRIFT_MAX_MS + ON_THE_WAY_MS,
    }
}

/// Until when a venue is asked to take an order in, by our clock: an order that can name its deadline need not live as long
/// as one that can't. It is put at least `least_ms` ahead.
#[must_use]
pub fn asked_for(claim: &Claim, least_ms: i64) -> Timestamp {
    claim.posted_by.plus_ms(Timing::REFERENCE.window_ms.max(least_ms)).min(claim.deadline)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::ADAPTERS;

    #[test]
    fn no_venue_can_take_an_order_in_or_hide_it_behind_the_end_of_its_grace() {
        for adapter in ADAPTERS {
            let capabilities = adapter.protocol.capabilities();
            let timing = timing(capabilities);
            assert!(timing.window_ms >= i64::from(capabilities.deadline.unnamed_ms), "{}", capabilities.venue);
            assert!(timing.grace_ms >= i64::from(capabilities.query_lag_ms) + DRIFT_MAX_MS, "{}", capabilities.venue);
            assert!(timing.window_ms >= Timing::REFERENCE.window_ms, "{}", capabilities.venue);
        }
    }
}

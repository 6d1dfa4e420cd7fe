//! The bar behind the signal is fresh (I12), and has closed: a signal from the future was decided on no data at all.

use super::{Check, Layer, Outcome, Subject};

/// How far ahead of the desk's time a signal may be, in milliseconds: as far as clocks may differ.
const AHEAD_MAX_MS: i64 = 5_000;

pub(super) fn check(s: &Subject<'_>) -> Outcome {
    let bar = s.proposal.signal.interval.ms();
    let limit = bar.saturating_mul(i64::from(s.profile.max_signal_age_bars));
    let age = s.now.ms_since(s.proposal.signal.decided_at);
    Ok(Some(Check {
        layer: Layer::StaleData,
        passed: (-AHEAD_MAX_MS..=limit).contains(&age),
        limit: format!("at most {} s old", limit / 1000),
        value: format!("{} s old", age / 1000),
    }))
}

//! The bar behind the signal is fresh (I12).

use super::{Check, Layer, Outcome, Subject};

pub(super) fn check(s: &Subject<'_>) -> Outcome {
    let bar = s.proposal.signal.interval.ms();
    let limit = bar.saturating_mul(i64::from(s.profile.max_signal_age_bars));
    let age = s.now.ms_since(s.proposal.signal.decided_at);
    Ok(Some(Check {
        layer: Layer::StaleData,
        passed: age <= limit,
        limit: format!("at most {} s old", limit / 1000),
        value: format!("{} s old", age / 1000),
    }))
}

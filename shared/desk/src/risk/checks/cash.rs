//! The cash is there: what is neither spent nor reserved covers the order at its worst expected price, with its fee.

use super::{Check, Layer, Outcome, Subject};

pub(super) fn check(s: &Subject<'_>) -> Outcome {
    if !s.adds_risk() {
        return Ok(None);
    }
    let (free, needed) = (s.books.headroom.cash, s.reservation.cash);
    let limit = format!("at most {} that is free", s.quoted(free));
    Ok(Some(Check { layer: Layer::Cash, passed: needed <= free, limit, value: s.quoted(needed) }))
}

//! All positions together are not worth too many times the portfolio (RSK-04).

use super::{Layer, Outcome, Subject};
use crate::money::Rounding;

pub(super) fn check(s: &Subject<'_>) -> Outcome {
    if !s.adds_risk() {
        return Ok(None);
    }
    let limit = s.books.equity.times(s.profile.max_leverage.fraction()?, Rounding::Floor)?;
    let after = s.books.exposure.plus(s.reservation.exposure)?;
    Ok(Some(s.at_most(Layer::Leverage, limit, after)))
}

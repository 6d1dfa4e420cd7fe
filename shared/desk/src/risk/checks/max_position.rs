//! The position would not be worth too much, by itself and as a part of the portfolio (RSK-03).

use super::{Layer, Outcome, Subject};
use crate::money::{Amount, MoneyError, Rounding};

/// What is held, what is reserved for working orders, and this order.
fn after(s: &Subject<'_>) -> Result<Amount, MoneyError> {
    s.profile.max_position.minus(s.books.headroom.exposure)?.plus(s.reservation.exposure)
}

pub(super) fn check(s: &Subject<'_>) -> Outcome {
    if !s.adds_risk() {
        return Ok(None);
    }
    Ok(Some(s.at_most(Layer::MaxPosition, s.profile.max_position, after(s)?)))
}

pub(super) fn check_size(s: &Subject<'_>) -> Outcome {
    if !s.adds_risk() {
        return Ok(None);
    }
    let fraction = s.profile.max_position_size.fraction()?;
    let limit = s.books.equity.times(fraction, Rounding::Floor)?;
    Ok(Some(s.at_most(Layer::MaxPositionSize, limit, after(s)?)))
}

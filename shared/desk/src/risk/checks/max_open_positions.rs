//! Not too many positions are open at once.

use super::{Check, Layer, Outcome, Subject};
use crate::money::Amount;

pub(super) fn check(s: &Subject<'_>) -> Outcome {
    if !s.adds_risk() {
        return Ok(None);
    }
    let limit = s.profile.max_open_positions;
    let taken = Amount::whole(limit).minus(s.books.headroom.slots)?;
    let after = if s.reservation.slot { taken.plus(Amount::ONE)? } else { taken };
    Ok(Some(Check {
        layer: Layer::MaxOpenPositions,
        passed: after <= Amount::whole(limit),
        limit: format!("at most {limit} open or being opened"),
        value: format!("{after} with this one"),
    }))
}

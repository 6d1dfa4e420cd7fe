//! The order lies within the instrument's sizes (RSK-06; base units, X-22) and above its smallest notional.

use super::{Check, Layer, Outcome, Subject};

pub(super) fn check(s: &Subject<'_>) -> Outcome {
    if !s.adds_risk() {
        return Ok(None);
    }
    let instrument = s.proposal.instrument;
    let quantity = s.proposal.quantity;
    let worth = s.worth()?;
    let passed = !quantity.is_zero()
        && quantity >= instrument.min_quantity
        && quantity <= instrument.max_quantity
        && quantity.is_on(instrument.lot)
        && worth >= instrument.min_notional.amount();
    let (min, max, base) = (instrument.min_quantity, instrument.max_quantity, &instrument.base);
    let limit = format!("{min} to {max} {base}, worth at least {}", s.quoted(instrument.min_notional.amount()));
    Ok(Some(Check {
        layer: Layer::OrderSize,
        passed,
        limit,
        value: format!("{quantity} {base}, worth {}", s.quoted(worth)),
    }))
}

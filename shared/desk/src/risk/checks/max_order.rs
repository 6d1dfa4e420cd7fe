//! The order is not worth too much (RSK-02).

use super::{Layer, Outcome, Subject};

pub(super) fn check(s: &Subject<'_>) -> Outcome {
    if !s.adds_risk() {
        return Ok(None);
    }
    Ok(Some(s.at_most(Layer::MaxOrder, s.profile.max_order, s.worth()?)))
}

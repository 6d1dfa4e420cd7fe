//! An exit has something to close, and nothing is closing it already.

use super::{Check, Layer, Outcome, Subject};

pub(super) fn check(s: &Subject<'_>) -> Outcome {
    if s.adds_risk() {
        return Ok(None);
    }
    let (open, closing) = (s.books.position.is_open(), s.books.closing);
    let value = match (open, closing) {
        (false, _) => "flat".to_owned(),
        (true, true) => "an order to close it is working".to_owned(),
        (true, false) => format!("{} {} held", s.books.position.quantity, s.proposal.instrument.base),
    };
    let limit = "a position that nothing closes yet".to_owned();
    Ok(Some(Check { layer: Layer::Position, passed: open && !closing, limit, value }))
}

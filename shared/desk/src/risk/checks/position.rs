//! An entry is the only one that enters; an exit has something to close, and nothing is closing it already.

use super::{Check, Layer, Outcome, Subject};

pub(super) fn check(s: &Subject<'_>) -> Outcome {
    let check = |passed, limit: &str, value| Check { layer: Layer::Position, passed, limit: limit.to_owned(), value };
    let books = s.books;
    if s.adds_risk() {
        // What the first has bought may not be known yet: the strategy that asks for a second believes that it holds nothing.
        let value = if books.opening { "one is working" } else { "none is working" };
        return Ok(Some(check(!books.opening, "one order that opens at a time", value.to_owned())));
    }
    let (open, closing) = (books.position.is_open(), books.closing);
    let value = match (open, closing) {
        (false, _) => "flat".to_owned(),
        (true, true) => "an order to close it is working".to_owned(),
        (true, false) => format!("{} {} held", books.position.quantity, s.proposal.instrument.base),
    };
    Ok(Some(check(open && !closing, "a position that nothing closes yet", value)))
}

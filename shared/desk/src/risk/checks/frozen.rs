//! Books and venue agree; until they do, no new risk.

use super::{Check, Layer, Outcome, Subject};

pub(super) fn check(s: &Subject<'_>) -> Outcome {
    if !s.adds_risk() {
        return Ok(None);
    }
    let value = s.books.frozen.clone().unwrap_or_else(|| "books and venue agree".to_owned());
    let passed = s.books.frozen.is_none();
    Ok(Some(Check { layer: Layer::Frozen, passed, limit: "books and venue agree".to_owned(), value }))
}

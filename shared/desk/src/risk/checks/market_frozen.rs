//! Nobody else trades in this market; until books and venue agree about it again, no new risk in it.

use super::{Check, Layer, Outcome, Subject};

pub(super) fn check(s: &Subject<'_>) -> Outcome {
    if !s.adds_risk() {
        return Ok(None);
    }
    let limit = format!("nobody else trades {}", s.proposal.instrument.symbol);
    let value = s.books.market_frozen.clone().unwrap_or_else(|| limit.clone());
    Ok(Some(Check { layer: Layer::MarketFrozen, passed: s.books.market_frozen.is_none(), limit, value }))
}

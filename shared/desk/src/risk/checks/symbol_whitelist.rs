//! The market may be traded (RSK-01).

use super::{Check, Layer, Outcome, Subject};

pub(super) fn check(s: &Subject<'_>) -> Outcome {
    if !s.adds_risk() {
        return Ok(None);
    }
    let symbol = &s.proposal.instrument.symbol;
    let (passed, limit) = match &s.profile.symbol_whitelist {
        None => (true, "every configured market".to_owned()),
        Some(list) => {
            let names: Vec<&str> = list.iter().map(crate::id::Symbol::as_str).collect();
            (list.contains(symbol), format!("one of {}", names.join(", ")))
        }
    };
    Ok(Some(Check { layer: Layer::SymbolWhitelist, passed, limit, value: symbol.to_string() }))
}

//! What everything is worth.

use crate::id::{Asset, Symbol};
use crate::money::{Amount, MoneyError, Price, Rounding};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use thiserror::Error;

/// The worth of an account at one set of prices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Valuation {
    /// The quote asset held.
    pub cash: Amount,
    /// Cash and everything else at its last price, in quote units.
    pub equity: Amount,
    /// Each asset other than cash: how much, its price, its worth.
    pub lines: Vec<Line>,
}

/// One asset's part of a valuation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// What is held.
    pub asset: Asset,
    /// How much.
    pub quantity: Amount,
    /// The market it is priced in.
    pub symbol: Symbol,
    /// Its last price.
    pub price: Price,
    /// Quantity times price, in quote units.
    pub worth: Amount,
}

/// A holding that can't be valued.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ValuationError {
    /// No market with a price trades it.
    #[error("{quantity} {asset} is held, but no market with a known price trades it")]
    Unpriced {
        /// What.
        asset: Asset,
        /// How much.
        quantity: Amount,
    },
    /// The worth can't be held exactly.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// Values `holdings` in `quote` at the last prices of the markets that trade each asset.
///
/// # Errors
/// [`ValuationError::Unpriced`] names an asset held without a price.
pub fn value(
    quote: &Asset,
    holdings: &BTreeMap<Asset, Amount>,
    marks: &BTreeMap<Asset, (Symbol, Price)>,
) -> Result<Valuation, ValuationError> {
    let cash = holdings.get(quote).copied().unwrap_or_default();
    let mut equity = cash;
    let mut lines = Vec::new();
    for (asset, quantity) in holdings.iter().filter(|(asset, q)| *asset != quote && !q.is_zero()) {
        let Some((symbol, price)) = marks.get(asset) else {
            return Err(ValuationError::Unpriced { asset: asset.clone(), quantity: *quantity });
        };
        let worth = quantity.times(price.value(), Rounding::HalfEven)?;
        equity = equity.plus(worth)?;
        lines.push(Line { asset: asset.clone(), quantity: *quantity, symbol: symbol.clone(), price: *price, worth });
    }
    Ok(Valuation { cash, equity, lines })
}

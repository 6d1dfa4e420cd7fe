//! What everything is worth.

use crate::id::{Asset, Symbol};
use crate::money::{Amount, MoneyError, Price, Rounding};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
    /// What is held and no market with a known price trades. It counts nothing: a limit that is a part of the equity is
    /// the stricter for it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unpriced: BTreeMap<Asset, Amount>,
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

/// Values `holdings` in `quote` at the last prices of the markets that trade each asset.
///
/// # Errors
/// [`MoneyError`] if a worth can't be held exactly.
pub fn value(
    quote: &Asset,
    holdings: &BTreeMap<Asset, Amount>,
    marks: &BTreeMap<Asset, (Symbol, Price)>,
) -> Result<Valuation, MoneyError> {
    let cash = holdings.get(quote).copied().unwrap_or_default();
    let mut valuation = Valuation { cash, equity: cash, lines: Vec::new(), unpriced: BTreeMap::new() };
    for (asset, quantity) in holdings.iter().filter(|(asset, q)| *asset != quote && !q.is_zero()) {
        let Some((symbol, price)) = marks.get(asset) else {
            valuation.unpriced.insert(asset.clone(), *quantity);
            continue;
        };
        let worth = quantity.times(price.value(), Rounding::HalfEven)?;
        valuation.equity = valuation.equity.plus(worth)?;
        let (asset, symbol) = (asset.clone(), symbol.clone());
        valuation.lines.push(Line { asset, quantity: *quantity, symbol, price: *price, worth });
    }
    Ok(valuation)
}

/// What trading has brought: what is held, less what was put in, at the same prices. What moved in or out without a trade is
/// on both sides, and so is neither profit nor loss, nor is what its price does.
///
/// # Errors
/// [`MoneyError`] if a worth can't be held exactly.
pub fn profit(
    quote: &Asset,
    holdings: &BTreeMap<Asset, Amount>,
    put_in: &BTreeMap<Asset, Amount>,
    marks: &BTreeMap<Asset, (Symbol, Price)>,
) -> Result<Amount, MoneyError> {
    value(quote, holdings, marks)?.equity.minus(value(quote, put_in, marks)?.equity)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::sample;

    #[test]
    fn what_was_brought_in_is_no_profit_whatever_its_price_does_and_what_has_no_price_counts_nothing() {
        let (btc, usdt, odd) = (sample::instrument().base, sample::instrument().quote, Asset::new("ODD").unwrap());
        let amount = |text: &str| text.parse::<Amount>().unwrap();
        let put_in =
            BTreeMap::from([(usdt.clone(), amount("1000")), (btc.clone(), amount("2")), (odd.clone(), amount("7"))]);
        // 0.5 bought at 100.
        let mut holdings = put_in.clone();
        holdings.extend([(usdt.clone(), amount("950")), (btc.clone(), amount("2.5"))]);
        let marks = BTreeMap::from([(btc, (sample::instrument().symbol, "120".parse().unwrap()))]);
        let worth = value(&usdt, &holdings, &marks).unwrap();
        assert_eq!((worth.equity, worth.unpriced.get(&odd)), (amount("1250"), Some(&amount("7"))));
        assert_eq!(profit(&usdt, &holdings, &put_in, &marks).unwrap(), amount("10"));
    }
}

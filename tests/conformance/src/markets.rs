//! The cases' markets, as instruments.

use crate::input::number;
use desk::time::Timestamp;
use rust_decimal::Decimal;
use serde_json::Value;
use std::collections::BTreeMap;
use venue::protocol::{Instrument, Markets, Product};

/// The instruments of a case file.
///
/// # Errors
/// Words, if a market lacks what every market has.
pub fn instruments(markets: &BTreeMap<String, Value>) -> Result<Markets, String> {
    let all: Result<Vec<_>, String> = markets.iter().map(|(name, market)| instrument(name, market)).collect();
    all.map(Markets::new)
}

fn instrument(name: &str, market: &Value) -> Result<Instrument, String> {
    let text = |key: &str| market.get(key).and_then(Value::as_str).map(str::to_owned);
    let need = |key: &str| text(key).ok_or_else(|| format!("market {name} has no {key}"));
    let flag = |key: &str| market.get(key).and_then(Value::as_bool).unwrap_or_default();
    let at = |path: &[&str]| -> Option<Decimal> {
        let value = path.iter().try_fold(market, |value, key| value.get(*key))?;
        number(value).ok().flatten()
    };
    let product = match (flag("option"), flag("inverse"), flag("contract")) {
        (true, _, _) => Product::Option,
        (false, true, _) => Product::Inverse,
        (false, false, true) => Product::Linear,
        (false, false, false) => Product::Spot,
    };
    let mut instrument =
        Instrument::named(product, &need("id")?, &need("base")?, &need("quote")?, text("settle").as_deref());
    instrument.name = name.to_owned();
    instrument.aliases = ["altname", "wsname"]
        .iter()
        .filter_map(|key| market.get("info")?.get(*key)?.as_str().map(str::to_owned))
        .filter(|alias| *alias != instrument.symbol)
        .collect();
    instrument.expiry = market.get("expiry").and_then(Value::as_i64).map(Timestamp::from_ms);
    instrument.tick = at(&["precision", "price"]);
    instrument.lot = at(&["precision", "amount"]);
    instrument.min_quantity = at(&["limits", "amount", "min"]);
    instrument.max_quantity = at(&["limits", "amount", "max"]);
    instrument.min_price = at(&["limits", "price", "min"]);
    instrument.max_price = at(&["limits", "price", "max"]);
    instrument.min_notional = at(&["limits", "cost", "min"]);
    instrument.max_notional = at(&["limits", "cost", "max"]);
    instrument.contract_size = at(&["contractSize"]);
    instrument.max_leverage = at(&["limits", "leverage", "max"]);
    instrument.cost_step = at(&["info", "quoteIncrement"]);
    let minutes = at(&["info", "fundingInterval"]).and_then(|minutes| u32::try_from(minutes.trunc().mantissa()).ok());
    instrument.funding_interval_min = minutes;
    Ok(instrument)
}

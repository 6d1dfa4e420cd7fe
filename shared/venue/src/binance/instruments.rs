//! What is traded, with every filter an order must pass.
//!
//! A market without its price or lot filter is not traded here: it is listed as inactive.

use super::ask::ask;
use super::system::public;
use crate::protocol::wire::{MaybeNum, Text, millis};
use crate::protocol::{Built, Instrument, Params, Product, Unsigned};
use rust_decimal::Decimal;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawExchange {
    #[serde(default)]
    symbols: Vec<RawMarket>,
    #[serde(default)]
    option_symbols: Vec<RawMarket>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RawMarket {
    symbol: Text,
    status: Text,
    contract_status: Text,
    contract_type: Text,
    contract_size: MaybeNum,
    base_asset: Text,
    quote_asset: Text,
    margin_asset: Text,
    delivery_date: MaybeNum,
    expiry_date: MaybeNum,
    /// Of options: how much of the underlying one contract is.
    unit: MaybeNum,
    min_qty: MaybeNum,
    max_qty: MaybeNum,
    filters: Vec<RawFilter>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RawFilter {
    filter_type: Text,
    min_price: MaybeNum,
    max_price: MaybeNum,
    tick_size: MaybeNum,
    min_qty: MaybeNum,
    max_qty: MaybeNum,
    step_size: MaybeNum,
    min_notional: MaybeNum,
    max_notional: MaybeNum,
    notional: MaybeNum,
}

/// What a row of the venue's list of markets means; `None` for one without names.
fn instrument(raw: &RawMarket, product: Product) -> Result<Option<Instrument>, String> {
    let Some(symbol) = raw.symbol.some() else { return Ok(None) };
    let quote = raw.quote_asset.some();
    // An option is named BASE-YYMMDD-STRIKE-SIDE.
    let base = raw.base_asset.some().or_else(|| symbol.split('-').next());
    let (Some(base), Some(quote)) = (base, quote) else { return Ok(None) };
    let settle = match product {
        Product::Spot => None,
        Product::Linear | Product::Inverse => Some(raw.margin_asset.some().unwrap_or(quote)),
        Product::Option => Some(quote),
    };
    let mut market = Instrument::named(product, symbol, base, quote, settle);
    let expiry = match product {
        Product::Spot => None,
        Product::Linear | Product::Inverse => {
            raw.delivery_date.nonzero().filter(|_| !raw.contract_type.0.contains("PERPETUAL") && symbol.contains('_'))
        }
        Product::Option => raw.expiry_date.nonzero(),
    };
    if let Some(expiry) = expiry {
        market = market.expiring(millis(expiry).map_err(|e| format!("{symbol}: {e}"))?);
    }
    if product == Product::Option {
        let parts: Vec<&str> = symbol.split('-').skip(2).collect();
        market.name = format!("{}-{}", market.name, parts.join("-"));
        (market.min_quantity, market.max_quantity) = (raw.min_qty.nonzero(), raw.max_qty.nonzero());
    }
    market.contract_size = match product {
        Product::Spot => None,
        Product::Linear => Some(Decimal::ONE),
        Product::Inverse => raw.contract_size.nonzero(),
        Product::Option => raw.unit.nonzero().or(Some(Decimal::ONE)),
    };
    filters(&mut market, &raw.filters);
    let status = raw.status.some().or(raw.contract_status.some());
    let trading = status == Some("TRADING") || (product == Product::Option && status.is_none());
    market.active = trading && market.tick.is_some() && market.lot.is_some();
    Ok(Some(market))
}

fn filters(market: &mut Instrument, filters: &[RawFilter]) {
    for filter in filters {
        match filter.filter_type.0.as_str() {
            "PRICE_FILTER" => {
                market.tick = filter.tick_size.nonzero();
                (market.min_price, market.max_price) = (filter.min_price.nonzero(), filter.max_price.nonzero());
            }
            "LOT_SIZE" => {
                market.lot = filter.step_size.nonzero();
                market.min_quantity = filter.min_qty.nonzero();
                market.max_quantity = filter.max_qty.nonzero();
            }
            "MARKET_LOT_SIZE" => market.market_lot = filter.step_size.nonzero(),
            "NOTIONAL" | "MIN_NOTIONAL" => {
                market.min_notional = filter.min_notional.nonzero().or(filter.notional.nonzero());
                market.max_notional = filter.max_notional.nonzero();
            }
            _ => {}
        }
    }
}

pub(super) fn instruments(product: Product) -> Built<Vec<Instrument>> {
    let system = public(product);
    // Which groups of traders a market is open to is most of what spot would tell, and nothing to us.
    let params = Params::new().maybe("showPermissionSets", (product == Product::Spot).then_some(false));
    let request = Unsigned::public(system.origin(), system.path("/exchangeInfo"), params);
    let request = request.weighing(system.weight(20, 1, 1));
    Ok(ask(request, system.family(), move |raw: RawExchange, _| {
        let all = raw.symbols.iter().chain(&raw.option_symbols).map(|raw| instrument(raw, product));
        all.filter_map(Result::transpose).collect()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Markets, Reply};

    fn read(product: Product, rows: &str) -> Vec<Instrument> {
        let body = format!(r#"{{"symbols":[{rows}],"optionSymbols":[]}}"#);
        instruments(product).unwrap().read(&Reply::new(200, body), &Markets::default()).unwrap()
    }

    const FILTERS: &str = r#"[{"filterType":"PRICE_FILTER","tickSize":"0.10","minPrice":"1","maxPrice":"100"},
        {"filterType":"LOT_SIZE","stepSize":"0.001","minQty":"0.001","maxQty":"5"},
        {"filterType":"MIN_NOTIONAL","notional":"50"}]"#;

    #[test]
    fn the_unified_name_tells_settlement_and_expiry() {
        let perpetual = format!(
            r#"{{"symbol":"BTCUSDT","contractType":"PERPETUAL","deliveryDate":4133404800000,"status":"TRADING",
            "baseAsset":"BTC","quoteAsset":"USDT","marginAsset":"USDT","filters":{FILTERS}}}"#
        );
        let dated = format!(
            r#"{{"symbol":"BTCUSD_240628","contractType":"CURRENT_QUARTER","deliveryDate":1719561600000,
            "contractStatus":"TRADING","contractSize":100,"baseAsset":"BTC","quoteAsset":"USD","marginAsset":"BTC",
            "filters":{FILTERS}}}"#
        );
        let linear = read(Product::Linear, &perpetual).remove(0);
        let inverse = read(Product::Inverse, &dated).remove(0);
        assert_eq!((linear.name.as_str(), linear.expiry), ("BTC/USDT:USDT", None));
        assert_eq!((inverse.name.as_str(), inverse.contract_size), ("BTC/USD:BTC-240628", Some(Decimal::ONE_HUNDRED)));
        assert!(linear.active && inverse.active);
        assert_eq!((linear.tick, linear.min_notional), ("0.1".parse().ok(), "50".parse().ok()));
    }

    #[test]
    fn a_market_without_filters_is_not_traded() {
        let row = r#"{"symbol":"ETHBTC","status":"TRADING","baseAsset":"ETH","quoteAsset":"BTC","filters":[]}"#;
        let market = read(Product::Spot, row).remove(0);
        assert_eq!((market.name.as_str(), market.active), ("ETH/BTC", false));
    }
}

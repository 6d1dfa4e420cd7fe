//! What is traded, with all filters, and the currencies.

use super::ask::{FUTURES, SPOT, lacks};
use super::raw::{self, currency};
use crate::protocol::model::Currency;
use crate::protocol::wire::{Flag, MaybeMs, MaybeNum, Text};
use crate::protocol::{Ask, Built, Instrument, Params, Product, ReadFault, Unsigned};
use rust_decimal::Decimal;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SpotMarket {
    #[serde(default)]
    symbol: Text,
    #[serde(default)]
    base_currency: Text,
    #[serde(default)]
    quote_currency: Text,
    #[serde(default)]
    base_min_size: MaybeNum,
    #[serde(default)]
    base_max_size: MaybeNum,
    #[serde(default)]
    quote_min_size: MaybeNum,
    #[serde(default)]
    quote_max_size: MaybeNum,
    #[serde(default)]
    min_funds: MaybeNum,
    #[serde(default)]
    base_increment: MaybeNum,
    #[serde(default)]
    quote_increment: MaybeNum,
    #[serde(default)]
    price_increment: MaybeNum,
    #[serde(default)]
    enable_trading: Flag,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Contract {
    #[serde(default)]
    symbol: Text,
    #[serde(default)]
    base_currency: Text,
    #[serde(default)]
    quote_currency: Text,
    #[serde(default)]
    settle_currency: Text,
    #[serde(default)]
    expire_date: MaybeMs,
    #[serde(default)]
    max_order_qty: MaybeNum,
    #[serde(default)]
    max_price: MaybeNum,
    #[serde(default)]
    lot_size: MaybeNum,
    #[serde(default)]
    tick_size: MaybeNum,
    #[serde(default)]
    multiplier: MaybeNum,
    #[serde(default)]
    is_inverse: Flag,
    #[serde(default)]
    status: Text,
    #[serde(default)]
    max_leverage: MaybeNum,
}

impl SpotMarket {
    fn instrument(&self) -> Instrument {
        let (base, quote) = (currency(&self.base_currency.0), currency(&self.quote_currency.0));
        let mut market = Instrument::named(Product::Spot, &self.symbol.0, base, quote, None);
        market.tick = self.price_increment.nonzero();
        market.lot = self.base_increment.nonzero();
        market.cost_step = self.quote_increment.nonzero();
        market.min_quantity = self.base_min_size.nonzero();
        market.max_quantity = self.base_max_size.nonzero();
        // Both hold: the smallest quote amount, and what an order must cost at least.
        market.min_notional = self.quote_min_size.nonzero().max(self.min_funds.nonzero());
        market.max_notional = self.quote_max_size.nonzero();
        // Without its steps no order can be made to fit.
        market.active = self.enable_trading.0 == Some(true) && market.tick.is_some() && market.lot.is_some();
        market
    }
}

impl Contract {
    fn instrument(&self) -> Instrument {
        let product = if self.is_inverse.0 == Some(true) { Product::Inverse } else { Product::Linear };
        let (base, quote) = (currency(&self.base_currency.0), currency(&self.quote_currency.0));
        let settle = currency(&self.settle_currency.0);
        let mut market = Instrument::named(product, &self.symbol.0, base, quote, Some(settle));
        if let Some(at) = self.expire_date.0 {
            market = market.expiring(at);
        }
        market.tick = self.tick_size.nonzero();
        market.lot = self.lot_size.nonzero();
        market.min_quantity = self.lot_size.nonzero();
        market.max_quantity = self.max_order_qty.nonzero();
        market.min_price = self.tick_size.nonzero();
        market.max_price = self.max_price.nonzero();
        // Inverse contracts have a negative multiplier: so many quote units.
        market.contract_size = self.multiplier.nonzero().map(|size| size.abs());
        market.max_leverage = self.max_leverage.nonzero();
        let complete = market.tick.is_some() && market.lot.is_some() && market.contract_size.is_some();
        market.active = self.status.0 == "Open" && complete;
        market
    }
}

/// A row without its names can't be traded; one without a step is listed, but not active.
fn named(market: &Instrument) -> bool {
    !market.symbol.is_empty() && !market.base.is_empty() && !market.quote.is_empty()
}

/// Everything of a product that is traded.
pub(super) fn instruments(product: Product) -> Built<Vec<Instrument>> {
    match product {
        Product::Spot => {
            let request = Unsigned::public(SPOT, "/api/v2/symbols", Params::new()).weighing(4);
            Ok(Ask::new(request, |reply, _| {
                let all: Vec<SpotMarket> = raw::data(reply)?;
                Ok(all.iter().map(SpotMarket::instrument).filter(named).collect())
            }))
        }
        Product::Linear | Product::Inverse => {
            let request = Unsigned::public(FUTURES, "/api/v1/contracts/active", Params::new()).weighing(3);
            Ok(Ask::new(request, move |reply, _| {
                let all: Vec<Contract> = raw::data(reply)?;
                let all = all.iter().map(Contract::instrument);
                Ok(all.filter(|market| market.product == product && named(market)).collect())
            }))
        }
        Product::Option => Err(lacks("options")),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawCurrency {
    currency: Text,
    #[serde(default)]
    full_name: Text,
    #[serde(default)]
    precision: MaybeNum,
    #[serde(default, alias = "list")]
    chains: Option<Vec<Chain>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Chain {
    #[serde(default)]
    is_deposit_enabled: Flag,
    #[serde(default)]
    is_withdraw_enabled: Flag,
}

/// All currencies.
pub(super) fn currencies() -> Built<Vec<Currency>> {
    let request = Unsigned::public(SPOT, "/api/ua/v1/asset/currencies", Params::new()).weighing(3);
    Ok(Ask::new(request, |reply, _| {
        let rows = raw::rows::<RawCurrency>(reply)?.0;
        let one = |row: &RawCurrency| -> Result<Currency, ReadFault> {
            let places = row.precision.0.and_then(|places| u32::try_from(places).ok());
            let precision = places.map(|places| Decimal::try_from_i128_with_scale(1, places)).transpose();
            let works = |c: &Chain| c.is_deposit_enabled.0 == Some(true) || c.is_withdraw_enabled.0 == Some(true);
            Ok(Currency {
                id: row.currency.0.clone(),
                code: currency(&row.currency.0).to_owned(),
                name: row.full_name.owned(),
                precision: precision.map_err(|e| ReadFault::parse(reply, e))?,
                active: row.chains.as_ref().map(|chains| chains.iter().any(works)),
            })
        };
        rows.iter().map(one).collect()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Markets, Reply};

    #[test]
    fn an_inverse_contract_counts_quote_units_and_bitcoin_has_its_common_name() {
        let row = r#"{"symbol":"XBTUSDM","baseCurrency":"XBT","quoteCurrency":"USD","settleCurrency":"XBT","multiplier":-1.0,
            "lotSize":1,"tickSize":0.1,"isInverse":true,"status":"Open","expireDate":null,"maxLeverage":75}"#;
        let lacking = row.replace(r#""lotSize":1,"#, "").replace("XBTUSDM", "ETHUSDM");
        let reply = Reply::new(200, format!(r#"{{"code":"200000","data":[{row},{lacking},{{}}]}}"#));
        let all = instruments(Product::Inverse).unwrap().read(&reply, &Markets::default()).unwrap();
        let [whole, lacking] = all.as_slice() else { panic!("{all:?}") };
        assert_eq!((whole.name.as_str(), whole.contract_size), ("BTC/USD:BTC", Some(Decimal::ONE)));
        assert!(whole.active && !lacking.active, "without a lot nothing can be ordered");
        let dated = row.replace("null", "1735286400000").replace("true", "false");
        let reply = Reply::new(200, format!(r#"{{"code":"200000","data":[{dated}]}}"#));
        let all = instruments(Product::Linear).unwrap().read(&reply, &Markets::default()).unwrap();
        assert_eq!(all.first().unwrap().name, "BTC/USD:BTC-241227");
    }
}

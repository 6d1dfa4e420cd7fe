//! What is traded, with its filters.

use super::super::errors::answer;
use super::super::raw::ProductRow;
use super::super::request::{invalid, product_type, public};
use crate::protocol::call::Extra;
use crate::protocol::http::Params;
use crate::protocol::model::Currency;
use crate::protocol::wire::{Text, rfc3339};
use crate::protocol::{Ask, Built, Instrument, Product, ReadFault, Unsigned};
use rust_decimal::Decimal;
use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct Products {
    pub(super) products: Vec<ProductRow>,
}

fn instrument(row: &ProductRow) -> Result<Instrument, String> {
    let symbol = row.product_id.some().ok_or("a product without an id")?;
    let future = row.future_product_details.as_ref().filter(|_| row.product_type.0 == "FUTURE");
    let base = row.base_currency_id.some().or_else(|| future.and_then(|f| f.contract_root_unit.some()));
    let (Some(base), Some(quote)) = (base, row.quote_currency_id.some()) else {
        return Err(format!("product {symbol} lacks a currency"));
    };
    let product = if future.is_some() { Product::Linear } else { Product::Spot };
    let mut instrument = Instrument::named(product, symbol, base, quote, future.map(|_| quote));
    if let Some(future) = future {
        let expires = future.contract_expiry_type.0 != "PERPETUAL";
        if let (true, Some(at)) = (expires, future.contract_expiry.some()) {
            instrument = instrument.expiring(rfc3339(at)?);
        }
        instrument.contract_size = future.contract_size.nonzero().or(Some(Decimal::ONE));
        instrument.max_leverage = future.perpetual_details.as_ref().and_then(|p| p.max_leverage.nonzero());
        instrument.funding_interval_min = interval_s(&future.funding_interval).map(|s| s / 60);
    }
    let off = [row.is_disabled, row.trading_disabled, row.view_only, row.cancel_only];
    instrument.active = !off.iter().any(|flag| flag.0 == Some(true));
    instrument.tick = row.price_increment.nonzero().or(row.quote_increment.nonzero());
    instrument.lot = row.base_increment.nonzero();
    instrument.min_quantity = row.base_min_size.nonzero();
    instrument.max_quantity = row.base_max_size.nonzero();
    instrument.min_notional = row.quote_min_size.nonzero();
    instrument.max_notional = row.quote_max_size.nonzero();
    Ok(instrument)
}

/// `3600s`.
pub(super) fn interval_s(text: &Text) -> Option<u32> {
    text.0.strip_suffix('s')?.parse().ok().filter(|s| *s > 0)
}

/// Everything of a product. The venue has no inverse contracts and no options.
pub(in super::super) fn instruments(product: Product) -> Built<Vec<Instrument>> {
    match product {
        Product::Spot | Product::Linear => {}
        Product::Inverse | Product::Option => return invalid("the venue has spot and linear contracts only"),
    }
    let params = Params::new().with("product_type", product_type(product));
    Ok(Ask::new(public("/products", params, &Extra::default()), |reply, _| {
        let rows = answer::<Products>(reply)?.products;
        let all = rows.iter().map(instrument);
        all.collect::<Result<_, _>>().map_err(|e| ReadFault::parse(reply, e))
    }))
}

/// All crypto currencies.
pub(in super::super) fn currencies() -> Built<Vec<Currency>> {
    #[derive(Deserialize)]
    struct Row {
        code: String,
        #[serde(default)]
        name: Text,
        #[serde(default)]
        exponent: Text,
    }
    #[derive(Deserialize)]
    struct Rows {
        data: Vec<Row>,
    }
    let request = Unsigned::public(super::super::request::ORIGIN, "/v2/currencies/crypto", Params::new());
    Ok(Ask::new(request, |reply, _| {
        let rows = answer::<Rows>(reply)?.data;
        let currency = |row: Row| {
            let digits = row.exponent.0.parse::<u32>().ok().filter(|digits| *digits <= 28);
            let precision = digits.map(|digits| Decimal::new(1, digits));
            Currency { id: row.code.clone(), code: row.code, name: row.name.owned(), precision, active: None }
        };
        Ok(rows.into_iter().map(currency).collect())
    }))
}

//! What is traded, with all filters; the venue's currencies, clock and health.

use super::errors::{Answer, answer};
use super::raw::Page;
use super::raw_market::{CurrencyRow, InstrumentRow};
use super::request::{Fields, category};
use crate::protocol::model::{Currency, VenueHealth};
use crate::protocol::wire::{MaybeMs, Text, nanos};
use crate::protocol::{Ask, Built, Instrument, Product, ReadFault};
use desk::time::Timestamp;
use rust_decimal::Decimal;
use serde::Deserialize;

/// The most rows of a page. No product but options has more.
const PAGE_MAX: u32 = 1000;

fn instrument(row: &InstrumentRow, product: Product) -> Result<Instrument, String> {
    if row.symbol.is_empty() || row.base_coin.is_empty() || row.quote_coin.is_empty() {
        return Err(format!("instrument {:?} lacks a name", row.symbol));
    }
    let settle = match product {
        Product::Spot => None,
        Product::Linear | Product::Inverse | Product::Option => {
            Some(row.settle_coin.some().ok_or_else(|| format!("{} is settled in nothing", row.symbol))?)
        }
    };
    let mut instrument = Instrument::named(product, &row.symbol, &row.base_coin, &row.quote_coin, settle);
    let dated = product == Product::Option || row.contract_type.0.ends_with("Futures");
    if let Some(at) = row.delivery_time.0.filter(|_| dated) {
        instrument = instrument.expiring(at);
    }
    if product == Product::Option {
        // `ETH-26JUN26-16000-P`: strike and kind are behind the day.
        let rest: Vec<&str> = row.symbol.split('-').skip(2).take(2).collect();
        instrument.name = format!("{}-{}", instrument.name, rest.join("-"));
    }
    let (lot, price) = (&row.lot_size_filter, &row.price_filter);
    instrument.active = row.status == "Trading";
    instrument.tick = price.tick_size.nonzero();
    instrument.lot = lot.qty_step.nonzero().or(lot.base_precision.nonzero());
    instrument.min_quantity = lot.min_order_qty.nonzero();
    instrument.max_quantity = lot.max_limit_order_qty.nonzero().or(lot.max_order_qty.nonzero());
    instrument.min_price = price.min_price.nonzero();
    instrument.max_price = price.max_price.nonzero();
    instrument.min_notional = lot.min_order_amt.nonzero().or(lot.min_notional_value.nonzero());
    instrument.max_notional = lot.max_order_amt.nonzero();
    instrument.contract_size = product.is_contract().then_some(Decimal::ONE);
    instrument.max_leverage = row.leverage_filter.max_leverage.nonzero();
    let minutes = row.funding_interval.nonzero().map(|minutes| minutes.trunc().mantissa());
    instrument.funding_interval_min = minutes.and_then(|minutes| u32::try_from(minutes).ok());
    Ok(instrument)
}

/// Everything of a product.
pub(super) fn instruments(product: Product) -> Built<Vec<Instrument>> {
    let mut fields = Fields::default().with("category", category(product));
    if product != Product::Spot {
        fields = fields.with("limit", PAGE_MAX);
    }
    Ok(Ask::new(fields.public("/v5/market/instruments-info"), move |reply, _| {
        let rows = answer::<Page<InstrumentRow>>(reply)?.result.list;
        let all = rows.iter().map(|row| instrument(row, product));
        all.collect::<Result<_, _>>().map_err(|e| ReadFault::parse(reply, e))
    }))
}

/// All currencies. The venue tells them only to those who have an account.
pub(super) fn currencies() -> Built<Vec<Currency>> {
    #[derive(Deserialize)]
    struct Rows {
        rows: Vec<CurrencyRow>,
    }
    Ok(Ask::new(Fields::default().account("/v5/asset/coin/query-info"), |reply, _| {
        let rows = answer::<Rows>(reply)?.result.rows;
        Ok(rows
            .into_iter()
            .map(|row| {
                let digits = row.chains.iter().filter_map(|chain| chain.min_accuracy.0.parse::<u32>().ok()).max();
                Currency {
                    id: row.coin.clone(),
                    code: row.coin,
                    name: row.name.owned(),
                    precision: digits.filter(|digits| *digits <= 28).map(|digits| Decimal::new(1, digits)),
                    active: None,
                }
            })
            .collect())
    }))
}

/// The server's time.
pub(super) fn server_time() -> Built<Timestamp> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Time {
        time_nano: crate::protocol::wire::Num,
    }
    Ok(Ask::new(Fields::default().public("/v5/market/time"), |reply, _| {
        let Answer { result, time, .. } = answer::<Time>(reply)?;
        match time {
            Some(time) => Ok(time),
            None => nanos(result.time_nano.0).map_err(|e| ReadFault::parse(reply, e)),
        }
    }))
}

/// Whether the venue works: it lists maintenance that is planned, under way or over.
pub(super) fn health() -> Built<VenueHealth> {
    #[derive(Deserialize)]
    struct Maintenance {
        #[serde(default)]
        title: Text,
        #[serde(default)]
        state: Text,
        #[serde(default)]
        begin: MaybeMs,
        #[serde(default)]
        end: MaybeMs,
    }
    Ok(Ask::new(Fields::default().public("/v5/system/status"), |reply, _| {
        let rows = answer::<Page<Maintenance>>(reply)?.result.list;
        let of = |state: &str| rows.iter().find(|row| row.state.0 == state);
        Ok(match (of("ongoing"), of("scheduled")) {
            (Some(now), _) => VenueHealth { trading: false, until: now.end.0, message: now.title.owned() },
            (None, Some(later)) => VenueHealth { trading: true, until: later.begin.0, message: later.title.owned() },
            (None, None) => VenueHealth { trading: true, ..VenueHealth::default() },
        })
    }))
}

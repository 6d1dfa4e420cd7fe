//! What is traded, with every filter; currencies; the server's time and whether it trades.

use super::super::protocol::fault::{CallError, ReadFault};
use super::super::protocol::http::Reply;
use super::super::protocol::market::{Instrument, Product};
use super::super::protocol::model::{Currency, VenueHealth};
use super::super::protocol::wire::{MaybeMs, MaybeNum, Num, Text, millis};
use super::super::protocol::{Ask, Built};
use super::line::category_of;
use super::raw::{Fields, data, each, public, rows};
use desk::time::Timestamp;
use rust_decimal::Decimal;
use serde::Deserialize;

/// A row of the classic lists of spot pairs and contracts.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawMarket {
    symbol: Text,
    base_coin: Text,
    quote_coin: Text,
    #[serde(default)]
    status: Text,
    #[serde(default)]
    symbol_status: Text,
    #[serde(default)]
    min_trade_amount: MaybeNum,
    #[serde(default)]
    max_trade_amount: MaybeNum,
    #[serde(default)]
    price_precision: MaybeNum,
    #[serde(default)]
    quantity_precision: MaybeNum,
    #[serde(default, rename = "minTradeUSDT")]
    min_trade_usdt: MaybeNum,
    #[serde(default)]
    support_margin_coins: Vec<Text>,
    #[serde(default)]
    min_trade_num: MaybeNum,
    #[serde(default)]
    price_place: MaybeNum,
    #[serde(default)]
    price_end_step: MaybeNum,
    #[serde(default)]
    size_multiplier: MaybeNum,
    #[serde(default)]
    volume_place: MaybeNum,
    #[serde(default)]
    max_order_qty: MaybeNum,
    #[serde(default)]
    max_lever: MaybeNum,
    #[serde(default)]
    delivery_time: MaybeMs,
}

/// Ten to the power of minus `places`.
fn step(places: MaybeNum) -> Result<Option<Decimal>, String> {
    let one = |places: Decimal| {
        let scale = u32::try_from(places.trunc().mantissa()).ok().filter(|scale| *scale <= 28 && places.scale() == 0);
        scale.map(|scale| Decimal::new(1, scale)).ok_or_else(|| format!("{places} is no number of decimals"))
    };
    places.0.map(one).transpose()
}

fn spot(raw: &RawMarket) -> Result<Instrument, String> {
    let mut i = Instrument::named(Product::Spot, &raw.symbol.0, &raw.base_coin.0, &raw.quote_coin.0, None);
    i.active = raw.status.0 == "online";
    i.tick = step(raw.price_precision)?;
    i.lot = step(raw.quantity_precision)?;
    i.min_quantity = raw.min_trade_amount.nonzero();
    i.max_quantity = raw.max_trade_amount.nonzero();
    // The least is told in USDT, whatever the pair is priced in.
    i.min_notional = raw.min_trade_usdt.nonzero().filter(|_| raw.quote_coin.0 == "USDT");
    Ok(i)
}

fn contract(raw: &RawMarket, product: Product) -> Result<Instrument, String> {
    let coins: Vec<&str> = raw.support_margin_coins.iter().map(|coin| coin.0.as_str()).collect();
    let (base, quote) = (raw.base_coin.0.as_str(), raw.quote_coin.0.as_str());
    let own = if product == Product::Linear { quote } else { base };
    let settle = if coins.contains(&own) || coins.is_empty() { own } else { coins.first().copied().unwrap_or(own) };
    let mut i = Instrument::named(product, &raw.symbol.0, base, quote, Some(settle));
    if let Some(at) = raw.delivery_time.0 {
        i = i.expiring(at);
    }
    i.active = raw.symbol_status.0 == "normal";
    i.tick = match (step(raw.price_place)?, raw.price_end_step.nonzero()) {
        (Some(place), Some(end)) => place.checked_mul(end).map(|tick| tick.normalize()),
        (place, None) => place,
        (None, Some(_)) => None,
    };
    i.lot = match raw.size_multiplier.nonzero() {
        Some(lot) => Some(lot),
        None => step(raw.volume_place)?,
    };
    i.min_quantity = raw.min_trade_num.nonzero();
    i.max_quantity = raw.max_order_qty.nonzero();
    i.min_notional = raw.min_trade_usdt.nonzero().filter(|_| product == Product::Linear);
    // Quantities are in the base coin, for coin-margined contracts too; there they have no fixed worth in the quote.
    i.contract_size = Some(Decimal::ONE).filter(|_| product == Product::Linear);
    i.max_leverage = raw.max_lever.nonzero();
    Ok(i)
}

/// Everything of a product; contracts settled in a stable coin are USDT's.
pub(super) fn instruments(product: Product) -> Built<Vec<Instrument>> {
    settled_in(product, None)
}

/// Everything of a product that is settled in one coin.
pub(super) fn settled_in(product: Product, coin: Option<&str>) -> Built<Vec<Instrument>> {
    let category = category_of(product, coin, false)?;
    let request = if product == Product::Spot {
        public("/api/v2/spot/public/symbols", Fields::new())
    } else {
        public("/api/v2/mix/market/contracts", Fields::new().with("productType", category))
    };
    Ok(Ask::new(request, move |reply, _| {
        let raw: Vec<RawMarket> = rows(reply, &[])?;
        each(reply, &raw, |raw| if product == Product::Spot { spot(raw) } else { contract(raw, product) })
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawChain {
    #[serde(default)]
    withdrawable: Text,
    #[serde(default)]
    rechargeable: Text,
    #[serde(default)]
    withdraw_min_scale: MaybeNum,
}

#[derive(Deserialize)]
struct RawCoin {
    coin: Text,
    #[serde(default)]
    chains: Vec<RawChain>,
}

fn currency(raw: &RawCoin) -> Result<Currency, String> {
    let scales = raw.chains.iter().filter_map(|chain| chain.withdraw_min_scale.0).min();
    let open = |chain: &RawChain| chain.withdrawable.0 == "true" && chain.rechargeable.0 == "true";
    Ok(Currency {
        id: raw.coin.0.clone(),
        code: raw.coin.0.clone(),
        name: None,
        precision: step(MaybeNum(scales))?,
        active: Some(raw.chains.iter().any(open)).filter(|_| !raw.chains.is_empty()),
    })
}

/// All currencies.
pub(super) fn currencies() -> Built<Vec<Currency>> {
    Ok(Ask::new(public("/api/v2/spot/public/coins", Fields::new()), |reply, _| {
        let raw: Vec<RawCoin> = rows(reply, &[])?;
        each(reply, &raw, currency)
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawTime {
    server_time: Num,
}

/// The server's time.
pub(super) fn server_time() -> Built<Timestamp> {
    Ok(Ask::new(public("/api/v2/public/time", Fields::new()), |reply, _| {
        let raw: RawTime = data(reply)?;
        millis(raw.server_time.0).map_err(|e| ReadFault::parse(reply, e))
    }))
}

/// The venue has no endpoint for its own state; the state of its first market is the next best thing.
pub(super) fn health() -> Result<Ask<VenueHealth>, CallError> {
    let request = public("/api/v2/spot/public/symbols", Fields::new().with("symbol", "BTCUSDT"));
    let read = |reply: &Reply| -> Result<VenueHealth, ReadFault> {
        let raw: Vec<RawMarket> = rows(reply, &[])?;
        let market = raw.first().ok_or_else(|| ReadFault::parse(reply, "BTCUSDT is not listed"))?;
        let trading = market.status.0 == "online";
        let message = (!trading).then(|| format!("BTCUSDT is {}", market.status.0));
        Ok(VenueHealth { trading, until: None, message })
    };
    Ok(Ask::new(request, move |reply, _| read(reply)))
}

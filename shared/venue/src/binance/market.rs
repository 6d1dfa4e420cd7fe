//! Market data.

use super::ask::{self, Rows, ask, flagged, ranged, with_extra};
use super::errors::Family;
use super::raw_market::{RawBook, RawLevel, RawStatus, RawTicker, RawTime, RawTrade};
use super::system::{SPOT, System, public};
use crate::protocol::call::Scope;
use crate::protocol::model::{Level, OrderBook, PublicTrade, Side, Ticker, VenueHealth};
use crate::protocol::wire;
use crate::protocol::{Ask, Built, CallError, Instrument, Markets, MarketsQuery, Params, Product, Range, Unsigned};
use desk::money::exact;
use desk::time::Timestamp;
use serde_json::Value;

/// Own parameters that are read by these questions.
const KNOWN: [&str; 3] = ["rolling", "rpi", "method"];
/// The longest stretch of time the venue answers about aggregated trades, in milliseconds: an hour.
const HOUR_MS: i64 = 3_600_000;

pub(super) fn server_time() -> Built<Timestamp> {
    let request = Unsigned::public(SPOT, "/api/v3/time", Params::new());
    Ok(ask(request, Family::Spot, |raw: RawTime, _| wire::millis(raw.server_time.0)))
}

pub(super) fn health() -> Built<VenueHealth> {
    let request = Unsigned::public(SPOT, "/sapi/v1/system/status", Params::new());
    Ok(ask(request, Family::Spot, |raw: RawStatus, _| {
        Ok(VenueHealth { trading: raw.status.0.is_zero(), until: None, message: raw.msg.owned() })
    }))
}

fn ticker_of(raw: &RawTicker, system: System, markets: &Markets) -> Ticker {
    let (base_volume, quote_volume) = match raw.base_volume {
        // The venue tells no volume in quote units here; the average price is what makes one of the other.
        Some(base) => (base.0, base.0.zip(raw.weighted_avg_price.0).and_then(|(a, b)| exact::mul(a, b).ok())),
        None => (raw.volume.0, raw.quote_volume.0),
    };
    Ticker {
        market: markets.name_of(&raw.symbol.0, &[system.product()]),
        at: raw.close_time.0.or(raw.time.0),
        bid: raw.bid_price.0,
        bid_quantity: raw.bid_qty.0,
        ask: raw.ask_price.0,
        ask_quantity: raw.ask_qty.0,
        last: raw.last_price.0,
        open: raw.open_price.0,
        high: raw.high_price.0,
        low: raw.low_price.0,
        previous_close: raw.prev_close_price.0,
        change: raw.price_change.0,
        percentage: raw.price_change_percent.0,
        vwap: raw.weighted_avg_price.0,
        base_volume,
        quote_volume,
        mark: raw.mark_price.0,
        index: raw.index_price.0,
    }
}

fn tickers_ask(request: Unsigned, system: System) -> Ask<Vec<Ticker>> {
    ask(request, system.family(), move |raw: Rows<RawTicker>, markets| {
        raw.0
            .iter()
            .map(|raw| {
                raw.symbol.some().ok_or("a ticker without a symbol")?;
                Ok(ticker_of(raw, system, markets))
            })
            .collect()
    })
}

/// The only one of them: the venue answers some questions about one market with a list.
fn single<T: Clone + 'static>(name: &str, asked: Ask<Vec<T>>, of: fn(&T) -> &str) -> Ask<T> {
    let (name, request) = (name.to_owned(), asked.request.clone());
    Ask::new(request, move |reply, markets| {
        let rows = asked.read(reply, markets)?;
        let row = if rows.len() == 1 { rows.first() } else { rows.iter().find(|row| of(row) == name) };
        row.cloned().ok_or_else(|| crate::protocol::ReadFault::parse(reply, format!("nothing about {name}")))
    })
}

fn day_path(system: System, extra: &crate::protocol::call::Extra) -> &'static str {
    match system {
        System::Options => "/ticker",
        System::Spot if flagged(extra, "rolling") => "/ticker",
        System::Spot
        | System::Margin
        | System::Usdm
        | System::Coinm
        | System::UnifiedMargin
        | System::UnifiedUsdm
        | System::UnifiedCoinm => "/ticker/24hr",
    }
}

pub(super) fn ticker(market: &Instrument, scope: &Scope) -> Built<Ticker> {
    let system = public(market.product);
    let params = with_extra(Params::new().with("symbol", &market.symbol), &scope.extra, &KNOWN);
    let request = Unsigned::public(system.origin(), system.path(day_path(system, &scope.extra)), params);
    let asked = tickers_ask(request.weighing(system.weight(2, 1, 1)), system);
    Ok(single(&market.name, asked, |ticker| &ticker.market))
}

fn system_of(query: &MarketsQuery, usual: Product) -> System {
    let first = query.instruments.first().map(|market| market.product);
    public(first.or(query.scope.product).unwrap_or(usual))
}

/// `["BTCUSDT","ETHUSDT"]`: spot can be asked about some markets, all others only about one or all.
fn symbols(query: &MarketsQuery, system: System) -> Params {
    if system != System::Spot || query.instruments.is_empty() {
        return Params::new();
    }
    let names = query.instruments.iter().map(|market| Value::String(market.symbol.clone())).collect();
    Params::new().with("symbols", Value::Array(names))
}

/// Only the markets asked for.
fn chosen(asked: Ask<Vec<Ticker>>, query: &MarketsQuery) -> Ask<Vec<Ticker>> {
    let names: Vec<String> = query.instruments.iter().map(|market| market.name.clone()).collect();
    asked.map(move |mut rows| {
        rows.retain(|row| names.is_empty() || names.contains(&row.market));
        rows
    })
}

pub(super) fn tickers(query: &MarketsQuery) -> Built<Vec<Ticker>> {
    let system = system_of(query, Product::Spot);
    let params = with_extra(symbols(query, system), &query.scope.extra, &KNOWN);
    let request = Unsigned::public(system.origin(), system.path(day_path(system, &query.scope.extra)), params);
    let some = if query.instruments.len() > 20 || query.instruments.is_empty() { 80 } else { 2 };
    Ok(chosen(tickers_ask(request.weighing(system.weight(some, 40, 40)), system), query))
}

pub(super) fn best_quotes(query: &MarketsQuery) -> Built<Vec<Ticker>> {
    let system = system_of(query, Product::Spot);
    if system == System::Options {
        return Err(CallError::Unsupported { venue: "binance", what: "best quotes of options".into() });
    }
    let params = match query.instruments.as_slice() {
        [market] if system != System::Spot => Params::new().with("symbol", &market.symbol),
        _ => symbols(query, system),
    };
    let params = with_extra(params, &query.scope.extra, &KNOWN);
    let request = Unsigned::public(system.origin(), system.path("/ticker/bookTicker"), params);
    Ok(chosen(tickers_ask(request.weighing(system.weight(4, 5, 5)), system), query))
}

pub(super) fn mark_price(market: &Instrument, scope: &Scope) -> Built<Ticker> {
    let system = public(market.product);
    let path = match system {
        System::Options => "/mark",
        System::Spot => return Err(CallError::Unsupported { venue: "binance", what: "mark price on spot".into() }),
        System::Margin
        | System::Usdm
        | System::Coinm
        | System::UnifiedMargin
        | System::UnifiedUsdm
        | System::UnifiedCoinm => "/premiumIndex",
    };
    let params = with_extra(Params::new().with("symbol", &market.symbol), &scope.extra, &KNOWN);
    let request = Unsigned::public(system.origin(), system.path(path), params).weighing(system.weight(1, 1, 10));
    Ok(single(&market.name, tickers_ask(request, system), |ticker| &ticker.market))
}

fn level(raw: &RawLevel) -> Result<Level, String> {
    Ok(Level { price: wire::price(raw.0.0)?, quantity: wire::quantity(raw.1.0)? })
}

pub(super) fn order_book(market: &Instrument, depth: Option<u32>, scope: &Scope) -> Built<OrderBook> {
    let system = public(market.product);
    // Books with retail orders in them come in one depth only.
    let retail = system == System::Usdm && flagged(&scope.extra, "rpi");
    let (path, depth) = if retail { ("/rpiDepth", Some(1000)) } else { ("/depth", depth) };
    let params = Params::new().with("symbol", &market.symbol).maybe("limit", depth);
    let params = with_extra(params, &scope.extra, &KNOWN);
    let weight = match depth.unwrap_or(100) {
        0..=50 => system.weight(5, 2, 2),
        51..=100 => system.weight(5, 5, 5),
        101..=500 => system.weight(25, 10, 10),
        501..=1000 => system.weight(50, 20, 20),
        _ => 250,
    };
    let name = market.name.clone();
    let request = Unsigned::public(system.origin(), system.path(path), params).weighing(weight);
    Ok(ask(request, system.family(), move |raw: RawBook, _| {
        let sequence =
            raw.last_update_id.0.and_then(|id| u64::try_from(id.mantissa()).ok().filter(|_| id.scale() == 0));
        Ok(OrderBook {
            market: name.clone(),
            at: raw.at.0,
            sequence,
            bids: raw.bids.iter().map(level).collect::<Result<_, _>>()?,
            asks: raw.asks.iter().map(level).collect::<Result<_, _>>()?,
        })
    }))
}

fn trade(raw: &RawTrade, market: &str) -> Result<PublicTrade, String> {
    let side = match (raw.buyer_is_maker.0, raw.side.0) {
        (Some(true), _) => Some(Side::Sell),
        (Some(false), _) => Some(Side::Buy),
        (None, Some(side)) => Some(if side.is_sign_negative() { Side::Sell } else { Side::Buy }),
        (None, None) => None,
    };
    Ok(PublicTrade {
        market: market.to_owned(),
        id: raw.id.owned(),
        at: wire::millis(raw.time.0)?,
        side,
        price: wire::price(raw.price.0)?,
        quantity: wire::quantity(raw.qty.0.abs())?,
    })
}

pub(super) fn trades(market: &Instrument, range: &Range, scope: &Scope) -> Built<Vec<PublicTrade>> {
    let system = public(market.product);
    let options = system == System::Options;
    let mut range = *range;
    if options {
        (range.since, range.until) = (None, None);
    } else if let (Some(since), None) = (range.since, range.until) {
        range.until = Some(since.plus_ms(HOUR_MS));
    }
    range.limit = range.limit.map(|limit| limit.min(1000));
    let params = with_extra(ranged(Params::new().with("symbol", &market.symbol), &range), &scope.extra, &KNOWN);
    let path = system.path(if options { "/trades" } else { "/aggTrades" });
    let request = Unsigned::public(system.origin(), path, params).weighing(system.weight(4, 20, 20));
    let name = market.name.clone();
    Ok(ask(request, system.family(), move |raw: Vec<RawTrade>, _| {
        let mut rows = raw.iter().map(|raw| trade(raw, &name)).collect::<Result<Vec<_>, _>>()?;
        rows.sort_by_key(|trade| trade.at);
        Ok(rows)
    }))
}

/// The text of a parameter of the venue's own, or what usually stands there.
pub(super) fn own(scope: &Scope, name: &str, usual: &str) -> String {
    scope.extra.get(name).and_then(ask::text).unwrap_or_else(|| usual.to_owned())
}

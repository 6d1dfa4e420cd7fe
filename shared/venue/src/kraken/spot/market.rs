//! Market data of the spot exchange.

use super::errors::result;
use super::raw;
use crate::kraken::assets::common;
use crate::kraken::shared::{self, json, merged};
use crate::protocol::call::{BarPrice, Extra};
use crate::protocol::model::{Bar, Currency, Level, OrderBook, PublicTrade, Ticker, VenueHealth};
use crate::protocol::wire::{self, MaybeNum, Num, Text};
use crate::protocol::{
    Ask, BarQuery, Built, CallError, Instrument, Markets, MarketsQuery, Params, Product, Range, ReadFault, Reply,
    Scope, Unsigned,
};
use desk::time::Timestamp;
use rust_decimal::Decimal;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

const SPOT: &[Product] = &[Product::Spot];
/// The lengths of bars, in minutes.
const BAR_MINUTES: [i64; 9] = [1, 5, 15, 30, 60, 240, 1440, 10_080, 21_600];

pub(super) fn get<T>(
    path: &'static str,
    query: Params,
    extra: &Extra,
    read: impl Fn(&Reply, &Markets) -> Result<T, ReadFault> + Send + Sync + 'static,
) -> Built<T> {
    Ok(Ask::new(Unsigned::public("spot", path, merged(query, extra, &[])), read))
}

pub(super) fn server_time() -> Built<Timestamp> {
    get("/0/public/Time", Params::new(), &Extra::default(), |reply, _| {
        let time: raw::ServerTime = json(reply, result(reply)?)?;
        wire::seconds(time.unixtime.0).map_err(|e| ReadFault::parse(reply, e))
    })
}

pub(super) fn health() -> Built<VenueHealth> {
    get("/0/public/SystemStatus", Params::new(), &Extra::default(), |reply, _| {
        let told: raw::SystemStatus = json(reply, result(reply)?)?;
        match told.status.0.as_str() {
            "online" => Ok(VenueHealth { trading: true, ..VenueHealth::default() }),
            "maintenance" | "cancel_only" | "post_only" | "limit_only" => {
                Ok(VenueHealth { trading: false, message: told.status.owned(), ..VenueHealth::default() })
            }
            other => Err(ReadFault::parse(reply, format!("{other:?} is no status of the system"))),
        }
    })
}

pub(super) fn currencies() -> Built<Vec<Currency>> {
    get("/0/public/Assets", Params::new(), &Extra::default(), |reply, _| {
        let assets: BTreeMap<String, raw::Asset> = json(reply, result(reply)?)?;
        let one = |(id, asset): (String, raw::Asset)| Currency {
            code: common(&id),
            name: asset.altname.owned(),
            precision: asset.decimals.and_then(step),
            active: asset.status.some().map(|status| status == "enabled"),
            id,
        };
        Ok(assets.into_iter().map(one).collect())
    })
}

/// The step of a number of decimals.
fn step(decimals: u32) -> Option<Decimal> {
    Decimal::try_from_i128_with_scale(1, decimals).ok()
}

pub(super) fn instruments(product: Product) -> Built<Vec<Instrument>> {
    if product != Product::Spot {
        return Err(CallError::Unsupported { venue: "kraken", what: format!("{product:?} contracts") });
    }
    get("/0/public/AssetPairs", Params::new(), &Extra::default(), |reply, _| {
        let pairs: BTreeMap<String, raw::Pair> = json(reply, result(reply)?)?;
        // Pairs of the dark pool end with `.d`; their base and quote are those of the lit ones.
        let lit = pairs.into_iter().filter(|(id, _)| !id.ends_with(".d"));
        lit.map(|(id, pair)| instrument(&id, &pair).map_err(|e| ReadFault::parse(reply, e))).collect()
    })
}

fn instrument(id: &str, pair: &raw::Pair) -> Result<Instrument, String> {
    let (base, quote) = (common(&pair.base.0), common(&pair.quote.0));
    if base.is_empty() || quote.is_empty() {
        return Err(format!("pair {id} has no base or no quote"));
    }
    let decimals = |n: MaybeNum| n.0.and_then(|n| u32::try_from(n).ok());
    let pair_decimals = decimals(pair.pair_decimals);
    let mut tick = pair.tick_size.nonzero().or_else(|| pair_decimals.and_then(step));
    if let (Some(tick), Some(scale)) = (tick.as_mut(), pair_decimals)
        && tick.normalize().scale() <= scale
    {
        // The step keeps the pair's number of decimals: checksums are over prices written with that many.
        tick.rescale(scale);
    }
    let leverages = pair.leverage_buy.iter().chain(&pair.leverage_sell).filter_map(|l| l.0);
    let mut instrument = Instrument::named(Product::Spot, id, &base, &quote, None);
    let names = [&pair.altname, &pair.wsname];
    instrument.aliases = names.iter().filter_map(|name| name.owned()).filter(|name| name != id).collect::<Vec<_>>();
    instrument.aliases.dedup();
    instrument.active = pair.status.some().is_none_or(|status| status == "online");
    instrument.tick = tick;
    instrument.lot = decimals(pair.lot_decimals).and_then(step);
    instrument.min_quantity = pair.ordermin.nonzero();
    instrument.min_notional = pair.costmin.nonzero();
    instrument.max_leverage = leverages.max();
    Ok(instrument)
}

/// The pairs of several markets, separated by commas; nothing for all.
fn pairs_of(instruments: &[Instrument]) -> Option<String> {
    let names: Vec<&str> = instruments.iter().map(|i| i.symbol.as_str()).collect();
    if names.is_empty() { None } else { Some(names.join(",")) }
}

pub(super) fn ticker(market: &Instrument, scope: &Scope) -> Built<Ticker> {
    let name = market.name.clone();
    let query = Params::new().with("pair", &market.symbol);
    get("/0/public/Ticker", query, &scope.extra, move |reply, _| {
        let rows: BTreeMap<String, raw::Ticker> = json(reply, result(reply)?)?;
        let row = rows.values().next().ok_or_else(|| ReadFault::parse(reply, "no market in the answer"))?;
        Ok(ticker_of(name.clone(), row))
    })
}

pub(super) fn tickers(query: &MarketsQuery) -> Built<Vec<Ticker>> {
    let params = Params::new().maybe("pair", pairs_of(&query.instruments));
    get("/0/public/Ticker", params, &query.scope.extra, |reply, markets| {
        let rows: BTreeMap<String, raw::Ticker> = json(reply, result(reply)?)?;
        Ok(rows.iter().map(|(pair, row)| ticker_of(markets.name_of(pair, SPOT), row)).collect())
    })
}

fn ticker_of(market: String, row: &raw::Ticker) -> Ticker {
    let at = |list: &[MaybeNum], index: usize| list.get(index).and_then(|n| n.0);
    let price = |list: &[MaybeNum], index: usize| list.get(index).and_then(|n| n.nonzero());
    let (volume, vwap) = (at(&row.v, 1), at(&row.p, 1));
    Ticker {
        market,
        bid: price(&row.b, 0),
        bid_quantity: at(&row.b, 2),
        ask: price(&row.a, 0),
        ask_quantity: at(&row.a, 2),
        last: price(&row.c, 0),
        open: row.o.nonzero(),
        high: price(&row.h, 1),
        low: price(&row.l, 1),
        vwap: vwap.filter(|vwap| !vwap.is_zero()),
        base_volume: volume,
        // By the meaning of an average weighted by volume.
        quote_volume: volume.zip(vwap).and_then(|(volume, vwap)| volume.checked_mul(vwap)),
        ..Ticker::default()
    }
}

pub(super) fn order_book(market: &Instrument, depth: Option<u32>, scope: &Scope) -> Built<OrderBook> {
    let name = market.name.clone();
    let query = Params::new().with("pair", &market.symbol).maybe("count", depth);
    get("/0/public/Depth", query, &scope.extra, move |reply, _| {
        let books: BTreeMap<String, raw::Depth> = json(reply, result(reply)?)?;
        let book = books.values().next().ok_or_else(|| ReadFault::parse(reply, "no market in the answer"))?;
        let side = |rows: &[Vec<Num>]| {
            rows.iter().map(|row| level(row)).collect::<Result<Vec<_>, _>>().map_err(|e| ReadFault::parse(reply, e))
        };
        Ok(OrderBook { market: name.clone(), bids: side(&book.bids)?, asks: side(&book.asks)?, ..OrderBook::default() })
    })
}

fn level(row: &[Num]) -> Result<Level, String> {
    let [price, quantity, ..] = row else { return Err("a level without price and quantity".to_owned()) };
    Ok(Level { price: wire::price(price.0)?, quantity: wire::quantity(quantity.0)? })
}

/// The rows of the one market an answer is about; `last` beside it is where to go on.
fn rows_of_market<'a>(reply: &'a Reply) -> Result<Vec<Vec<Text>>, ReadFault> {
    let parts: BTreeMap<String, &'a RawValue> =
        serde_json::from_str(result(reply)?).map_err(|e| ReadFault::parse(reply, e))?;
    let rows = parts.iter().find(|(name, _)| *name != "last");
    let (_, rows) = rows.ok_or_else(|| ReadFault::parse(reply, "no market in the answer"))?;
    json(reply, rows.get())
}

pub(super) fn bars(market: &Instrument, query: &BarQuery, scope: &Scope) -> Built<Vec<Bar>> {
    if query.price != BarPrice::Trade {
        let what = "bars of anything but trades".to_owned();
        return Err(CallError::Unsupported { venue: "kraken", what });
    }
    let minutes = query.interval.ms() / 60_000;
    if query.interval.ms() % 60_000 != 0 || !BAR_MINUTES.contains(&minutes) {
        return Err(CallError::Unsupported { venue: "kraken", what: format!("bars of {}", query.interval) });
    }
    // `since` is exclusive: bars that begin later than it are told.
    let since = query.range.since.map(|since| shared::seconds_down(since).saturating_sub(minutes.saturating_mul(60)));
    let params = Params::new().with("pair", &market.symbol).with("interval", minutes).maybe("since", since);
    let (until, limit, from) = (query.range.until, query.range.limit, query.range.since);
    get("/0/public/OHLC", params, &scope.extra, move |reply, _| {
        let rows = rows_of_market(reply)?;
        let bars = rows.iter().map(|row| bar(row)).collect::<Result<Vec<_>, _>>();
        let mut bars = bars.and_then(shared::in_order).map_err(|e| ReadFault::parse(reply, e))?;
        bars.retain(|bar| {
            until.is_none_or(|until| bar.open_time <= until) && from.is_none_or(|from| bar.open_time >= from)
        });
        shorten(&mut bars, limit, from.is_some());
        Ok(bars)
    })
}

/// The first rows of a stretch that has a beginning, else the last ones.
pub(super) fn shorten<T>(rows: &mut Vec<T>, limit: Option<u32>, from_start: bool) {
    let Some(limit) = limit.and_then(|limit| usize::try_from(limit).ok()) else { return };
    if from_start {
        rows.truncate(limit);
    } else if rows.len() > limit {
        rows.drain(..rows.len() - limit);
    }
}

fn number(row: &[Text], at: usize) -> Result<Decimal, String> {
    wire::decimal(row.get(at).map(|text| text.0.as_str()).ok_or("a row is too short")?)
}

fn bar(row: &[Text]) -> Result<Bar, String> {
    let price = |at| number(row, at).and_then(wire::price);
    let bar = Bar {
        open_time: wire::seconds(number(row, 0)?)?,
        open: price(1)?,
        high: price(2)?,
        low: price(3)?,
        close: price(4)?,
        volume: wire::quantity(number(row, 6)?)?,
    };
    bar.believed()
}

pub(super) fn trades(market: &Instrument, range: &Range, scope: &Scope) -> Built<Vec<PublicTrade>> {
    let (name, until) = (market.name.clone(), range.until);
    let since = range.since.map(shared::seconds_down);
    let query = Params::new().with("pair", &market.symbol).maybe("since", since).maybe("count", range.limit);
    get("/0/public/Trades", query, &scope.extra, move |reply, _| {
        let rows = rows_of_market(reply)?;
        let trades = rows.iter().map(|row| trade(&name, row)).collect::<Result<Vec<_>, _>>();
        let mut trades = trades.map_err(|e| ReadFault::parse(reply, e))?;
        trades.retain(|trade| until.is_none_or(|until| trade.at <= until));
        Ok(trades)
    })
}

fn trade(market: &str, row: &[Text]) -> Result<PublicTrade, String> {
    let side = shared::side_of(row.get(3).map_or("", |text| text.0.as_str()))?;
    Ok(PublicTrade {
        market: market.to_owned(),
        id: row.get(6).and_then(Text::owned),
        at: wire::seconds(number(row, 2)?)?,
        side: Some(side),
        price: wire::price(number(row, 0)?)?,
        quantity: wire::quantity(number(row, 1)?)?,
    })
}

//! Events of the market other than trades. Deltas come by the thousand: they are read in one pass, with borrowed text.
//!
//! Source: the exchange's documentation of WebSocket market streams, spot, USD-M and COIN-M.

use super::stream_read::{Frame, Words, parse};
use crate::protocol::Product;
use crate::protocol::book::{BookUpdate, WireLevel};
use crate::protocol::model::{Bar, Funding, Ticker};
use crate::protocol::stream::Event;
use crate::protocol::wire::{self, MaybeMs, MaybeNum, Num, instant};
use desk::time::Interval;
use rust_decimal::Decimal;
use serde::Deserialize;
use std::borrow::Cow;

/// A delta, or the top of the book. Spot's top has names of its own for its fields, and none for its market.
#[derive(Deserialize)]
struct Depth<'a> {
    #[serde(borrow)]
    s: Option<Cow<'a, str>>,
    #[serde(rename = "E")]
    told_at: Option<i64>,
    #[serde(rename = "T")]
    at: Option<i64>,
    #[serde(rename = "U")]
    first: Option<u64>,
    #[serde(rename = "u", alias = "lastUpdateId")]
    last: u64,
    #[serde(rename = "pu")]
    previous: Option<u64>,
    #[serde(rename = "b", alias = "bids")]
    bids: Vec<(Num, Num)>,
    #[serde(rename = "a", alias = "asks")]
    asks: Vec<(Num, Num)>,
}

/// Whether a stream's name is that of a partial book: `<symbol>@depth<levels>`, perhaps with `@<speed>`.
fn is_partial(stream: &str) -> bool {
    let behind = stream.split_once("@depth").map_or("", |(_, rest)| rest);
    let levels = behind.split('@').next().unwrap_or_default();
    !levels.is_empty() && levels.bytes().all(|b| b.is_ascii_digit())
}

/// A delta of a book or, on the streams of partial books, a snapshot.
pub(super) fn depth(at: &Frame<'_>, text: &str) -> Words<Event> {
    let Depth { s, told_at, at: time, first, last, previous, bids, asks } = parse(text)?;
    let stream = at.stream.unwrap_or_default();
    let snapshot = is_partial(stream);
    let market = match s {
        Some(symbol) => at.market(&symbol)?,
        None => {
            let (symbol, _) = stream.split_once('@').ok_or("a book that names no market")?;
            at.market(&symbol.to_uppercase())?
        }
    };
    if !snapshot {
        let first = first.ok_or("a delta without its first number")?;
        if first > last {
            return Err(format!("a delta from {first} to {last}"));
        }
        if at.product.is_contract() && previous.is_none() {
            return Err("a delta that does not name the one before it".to_owned());
        }
    }
    Ok(Event::Book(BookUpdate {
        market,
        at: time.or(told_at).map(instant).transpose()?,
        snapshot,
        first,
        last: Some(last),
        previous,
        checksum: None,
        bids: levels(bids)?,
        asks: levels(asks)?,
    }))
}

fn levels(levels: Vec<(Num, Num)>) -> Words<Vec<WireLevel>> {
    levels
        .into_iter()
        .map(|(Num(price), Num(quantity))| {
            if price <= Decimal::ZERO || quantity < Decimal::ZERO {
                return Err(format!("level {price} x {quantity} can't be"));
            }
            Ok((price, quantity))
        })
        .collect()
}

#[derive(Deserialize)]
struct BestQuote<'a> {
    #[serde(borrow)]
    s: Cow<'a, str>,
    #[serde(rename = "E", default)]
    at: MaybeMs,
    b: Num,
    #[serde(rename = "B")]
    bid_quantity: Num,
    a: Num,
    #[serde(rename = "A")]
    ask_quantity: Num,
}

/// The best bid and ask; a side on which nothing stands is zero on the wire, and none here.
pub(super) fn best_quote(at: &Frame<'_>, text: &str) -> Words<Event> {
    let BestQuote { s, at: MaybeMs(time), b, bid_quantity, a, ask_quantity } = parse(text)?;
    let side = |Num(price): Num, Num(quantity): Num| -> Words<(Option<Decimal>, Option<Decimal>)> {
        let quantity = wire::quantity(quantity)?.value();
        Ok(match MaybeNum(Some(price)).price()? {
            Some(price) => (Some(price.value()), Some(quantity)),
            None => (None, None),
        })
    };
    let ((bid, bid_quantity), (ask, ask_quantity)) = (side(b, bid_quantity)?, side(a, ask_quantity)?);
    let market = at.market(&s)?;
    Ok(Event::Ticker(Box::new(Ticker { market, at: time, bid, bid_quantity, ask, ask_quantity, ..Ticker::default() })))
}

/// `24hrTicker`, and `24hrMiniTicker`, which has fewer of the fields.
#[derive(Deserialize)]
struct Day<'a> {
    #[serde(borrow)]
    s: Cow<'a, str>,
    #[serde(rename = "E")]
    at: i64,
    #[serde(rename = "p", default)]
    change: MaybeNum,
    #[serde(rename = "P", default)]
    percentage: MaybeNum,
    #[serde(rename = "w", default)]
    vwap: MaybeNum,
    #[serde(rename = "x", default)]
    previous_close: MaybeNum,
    c: Num,
    #[serde(default)]
    b: MaybeNum,
    #[serde(rename = "B", default)]
    bid_quantity: MaybeNum,
    #[serde(default)]
    a: MaybeNum,
    #[serde(rename = "A", default)]
    ask_quantity: MaybeNum,
    o: Num,
    h: Num,
    l: Num,
    v: Num,
    q: Num,
}

/// The day at a glance.
pub(super) fn day(at: &Frame<'_>, text: &str) -> Words<Event> {
    let day: Day<'_> = parse(text)?;
    let price = |price: MaybeNum| price.price().map(|price| price.map(|price| price.value()));
    let needed = |Num(value): Num| price(MaybeNum(Some(value)));
    let held = |quantity: MaybeNum| quantity.quantity().map(|quantity| quantity.map(|quantity| quantity.value()));
    let traded = |Num(value): Num| wire::quantity(value).map(|quantity| Some(quantity.value()));
    let (bid, ask) = (price(day.b)?, price(day.a)?);
    Ok(Event::Ticker(Box::new(Ticker {
        market: at.market(&day.s)?,
        at: Some(instant(day.at)?),
        bid,
        bid_quantity: held(day.bid_quantity)?.filter(|_| bid.is_some()),
        ask,
        ask_quantity: held(day.ask_quantity)?.filter(|_| ask.is_some()),
        last: needed(day.c)?,
        open: needed(day.o)?,
        high: needed(day.h)?,
        low: needed(day.l)?,
        previous_close: price(day.previous_close)?,
        change: day.change.0,
        percentage: day.percentage.0,
        vwap: price(day.vwap)?,
        base_volume: traded(day.v)?,
        // What COIN-M calls `q` is in base units.
        quote_volume: traded(day.q)?.filter(|_| at.product != Product::Inverse),
        mark: None,
        index: None,
    })))
}

#[derive(Deserialize)]
struct KlineEvent<'a> {
    #[serde(borrow)]
    s: Cow<'a, str>,
    #[serde(borrow)]
    k: Kline<'a>,
}

#[derive(Deserialize)]
struct Kline<'a> {
    t: i64,
    i: &'a str,
    o: Num,
    h: Num,
    l: Num,
    c: Num,
    v: Num,
    x: bool,
}

/// A bar.
pub(super) fn bar(at: &Frame<'_>, text: &str) -> Words<Event> {
    let KlineEvent { s, k } = parse(text)?;
    if k.i == "1M" {
        return Ok(Event::Ignored("a bar of a month, which has no fixed length"));
    }
    let interval: Interval = k.i.parse().map_err(|e: desk::time::BadInterval| e.to_string())?;
    let bar = Bar {
        open_time: instant(k.t)?,
        open: wire::price(k.o.0)?,
        high: wire::price(k.h.0)?,
        low: wire::price(k.l.0)?,
        close: wire::price(k.c.0)?,
        volume: wire::quantity(k.v.0)?,
    };
    Bar::check(&[bar])?;
    Ok(Event::Bar { market: at.market(&s)?, interval, bar, closed: k.x })
}

#[derive(Deserialize)]
struct Mark<'a> {
    #[serde(borrow)]
    s: Cow<'a, str>,
    #[serde(rename = "E")]
    at: i64,
    p: Num,
    #[serde(default)]
    i: MaybeNum,
    /// Empty for contracts that end.
    #[serde(default)]
    r: MaybeNum,
    #[serde(rename = "T", default)]
    next_at: MaybeMs,
}

/// Mark price, index price and funding.
pub(super) fn mark(at: &Frame<'_>, text: &str) -> Words<Event> {
    let Mark { s, at: time, p, i, r, next_at } = parse(text)?;
    Ok(Event::Funding(Funding {
        market: at.market(&s)?,
        at: Some(instant(time)?),
        rate: r.0,
        next_at: next_at.0,
        mark: Some(wire::price(p.0)?.value()),
        index: i.price()?.map(|price| price.value()),
        ..Funding::default()
    }))
}

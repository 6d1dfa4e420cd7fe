//! Market data as the streams write it.

use crate::api::market::{levels, rows};
use crate::api::show::text8;
use crate::api::statistics::Day;
use crate::engine::Market;
use crate::engine::book::{Diff, Top};
use crate::engine::tape::{Aggregate, Candle, Length, Trade};
use crate::engine::types::Ms;
use serde_json::{Value, json};

/// `<symbol>@trade`
#[must_use]
pub fn trade(symbol: &str, trade: &Trade, now: Ms) -> Value {
    json!({
        "e": "trade", "E": now, "s": symbol, "t": trade.id, "p": text8(trade.price), "q": text8(trade.quantity),
        "T": trade.at, "m": trade.buyer_maker, "M": true,
    })
}

/// `<symbol>@aggTrade`
#[must_use]
pub fn aggregate(symbol: &str, row: &Aggregate, now: Ms) -> Value {
    json!({
        "e": "aggTrade", "E": now, "s": symbol, "a": row.id, "p": text8(row.price), "q": text8(row.quantity),
        "f": row.first, "l": row.last, "T": row.at, "m": row.buyer_maker, "M": true,
    })
}

/// `<symbol>@bookTicker`
#[must_use]
pub fn best(symbol: &str, top: &Top) -> Value {
    let (bid, ask) = (top.bid.unwrap_or_default(), top.ask.unwrap_or_default());
    json!({ "u": top.update, "s": symbol, "b": text8(bid.0), "B": text8(bid.1), "a": text8(ask.0), "A": text8(ask.1) })
}

/// `<symbol>@depth`
#[must_use]
pub fn depth(symbol: &str, diff: &Diff, now: Ms) -> Value {
    json!({ "e": "depthUpdate", "E": now, "s": symbol, "U": diff.first, "u": diff.last, "b": rows(&diff.bids), "a": rows(&diff.asks) })
}

/// `<symbol>@depth<levels>`
#[must_use]
pub fn top_levels(market: &Market, count: usize) -> Value {
    levels(&market.book.snapshot(count))
}

/// `<symbol>@kline_<length>`
#[must_use]
pub fn bar(symbol: &str, bar: &Candle, length: Length, interval: &str, closed: bool, now: Ms) -> Value {
    let (first, last) = bar.ids.map_or((json!(-1), json!(-1)), |(first, last)| (json!(first), json!(last)));
    json!({
        "e": "kline", "E": now, "s": symbol,
        "k": {
            "t": bar.open_at, "T": length.next(bar.open_at) - 1, "s": symbol, "i": interval, "f": first, "L": last,
            "o": text8(bar.open), "c": text8(bar.close), "h": text8(bar.high), "l": text8(bar.low), "v": text8(bar.volume),
            "n": bar.trades, "x": closed, "q": text8(bar.quote), "V": text8(bar.taker_base), "Q": text8(bar.taker_quote), "B": "0",
        },
    })
}

/// `<symbol>@ticker`
#[must_use]
pub fn day(market: &Market, now: Ms) -> Value {
    let day = Day::of(market, now);
    let top = market.book.top();
    let (bid, ask) = (top.bid.unwrap_or_default(), top.ask.unwrap_or_default());
    json!({
        "e": "24hrTicker", "E": now, "s": market.rules.symbol, "p": text8(day.change), "P": day.percent, "w": text8(day.average),
        "x": text8(day.previous), "c": text8(day.last.0), "Q": text8(day.last.1), "b": text8(bid.0), "B": text8(bid.1),
        "a": text8(ask.0), "A": text8(ask.1), "o": text8(day.open), "h": text8(day.high), "l": text8(day.low),
        "v": text8(day.volume), "q": text8(day.quote), "O": now - 86_400_000, "C": now, "F": day.ids.0, "L": day.ids.1, "n": day.count,
    })
}

/// `<symbol>@miniTicker`
#[must_use]
pub fn mini(market: &Market, now: Ms) -> Value {
    let day = Day::of(market, now);
    json!({
        "e": "24hrMiniTicker", "E": now, "s": market.rules.symbol, "c": text8(day.last.0), "o": text8(day.open),
        "h": text8(day.high), "l": text8(day.low), "v": text8(day.volume), "q": text8(day.quote),
    })
}

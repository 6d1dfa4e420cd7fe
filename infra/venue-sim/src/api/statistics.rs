//! The day at a glance, last prices, best prices.

use super::market::wanted;
use super::show::{text, text8};
use super::{Context, Refused};
use crate::engine::Market;
use crate::engine::refusal::Refusal;
use crate::engine::types::Ms;
use rust_decimal::Decimal;
use serde_json::{Value, json};

const DAY: Ms = 86_400_000;

/// GET ticker/24hr.
pub(super) fn day(context: Context<'_>) -> Result<Value, Refused> {
    let mini = match context.params.optional("type")? {
        None | Some("FULL") => false,
        Some("MINI") => true,
        Some(_) => return Err(Refusal::new(-1139, "Invalid ticker type.").into()),
    };
    let now = context.now;
    each(&context, |market| if mini { small(market, now) } else { full(market, now) })
}

/// GET ticker/price.
pub(super) fn price(context: Context<'_>) -> Result<Value, Refused> {
    each(
        &context,
        |market| json!({ "symbol": market.rules.symbol, "price": text8(market.tape.last().unwrap_or_default()) }),
    )
}

/// GET ticker/bookTicker.
pub(super) fn best(context: Context<'_>) -> Result<Value, Refused> {
    each(&context, |market| {
        let top = market.book.top();
        let (bid, ask) = (top.bid.unwrap_or_default(), top.ask.unwrap_or_default());
        json!({
            "symbol": market.rules.symbol, "bidPrice": text8(bid.0), "bidQty": text8(bid.1),
            "askPrice": text8(ask.0), "askQty": text8(ask.1),
        })
    })
}

/// One market's row, or a list of rows.
fn each(context: &Context<'_>, row: impl Fn(&Market) -> Value) -> Result<Value, Refused> {
    let engine = &context.exchange.engine;
    if context.params.optional("symbol")?.is_some() {
        wanted(context.params)?;
        return Ok(row(engine.market(context.params.symbol()?)?));
    }
    match wanted(context.params)? {
        Some(symbols) => Ok(symbols.iter().map(|symbol| engine.market(symbol).map(&row)).collect::<Result<_, _>>()?),
        None => Ok(engine.markets().map(row).collect()),
    }
}

/// The figures of a day, for REST and for the stream.
pub(crate) struct Day {
    pub(crate) change: Decimal,
    pub(crate) percent: String,
    pub(crate) average: Decimal,
    pub(crate) previous: Decimal,
    pub(crate) last: (Decimal, Decimal),
    pub(crate) open: Decimal,
    pub(crate) high: Decimal,
    pub(crate) low: Decimal,
    pub(crate) volume: Decimal,
    pub(crate) quote: Decimal,
    pub(crate) ids: (i64, i64),
    pub(crate) count: u64,
}

impl Day {
    pub(crate) fn of(market: &Market, now: Ms) -> Self {
        let bar = market.tape.day(now);
        let last = market.tape.last().unwrap_or_default();
        let open = bar.map_or(last, |bar| bar.open);
        let change = last - open;
        let percent = if open.is_zero() { Decimal::ZERO } else { change / open * Decimal::ONE_HUNDRED };
        let (volume, quote) = bar.map_or((Decimal::ZERO, Decimal::ZERO), |bar| (bar.volume, bar.quote));
        let id = |id: Option<u64>| id.and_then(|id| i64::try_from(id).ok()).unwrap_or(-1);
        let ids = bar.and_then(|bar| bar.ids);
        Self {
            change,
            percent: text(percent, 3),
            average: if volume.is_zero() { last } else { quote / volume },
            previous: open,
            last: (last, market.tape.trades().back().map_or(Decimal::ZERO, |trade| trade.quantity)),
            open,
            high: bar.map_or(last, |bar| bar.high),
            low: bar.map_or(last, |bar| bar.low),
            volume,
            quote,
            ids: (id(ids.map(|ids| ids.0)), id(ids.map(|ids| ids.1))),
            count: bar.map_or(0, |bar| bar.trades),
        }
    }
}

fn full(market: &Market, now: Ms) -> Value {
    let day = Day::of(market, now);
    let top = market.book.top();
    let (bid, ask) = (top.bid.unwrap_or_default(), top.ask.unwrap_or_default());
    json!({
        "symbol": market.rules.symbol, "priceChange": text8(day.change), "priceChangePercent": day.percent,
        "weightedAvgPrice": text8(day.average), "prevClosePrice": text8(day.previous), "lastPrice": text8(day.last.0),
        "lastQty": text8(day.last.1), "bidPrice": text8(bid.0), "bidQty": text8(bid.1), "askPrice": text8(ask.0),
        "askQty": text8(ask.1), "openPrice": text8(day.open), "highPrice": text8(day.high), "lowPrice": text8(day.low),
        "volume": text8(day.volume), "quoteVolume": text8(day.quote), "openTime": now - DAY, "closeTime": now,
        "firstId": day.ids.0, "lastId": day.ids.1, "count": day.count,
    })
}

fn small(market: &Market, now: Ms) -> Value {
    let day = Day::of(market, now);
    json!({
        "symbol": market.rules.symbol, "openPrice": text8(day.open), "highPrice": text8(day.high), "lowPrice": text8(day.low),
        "lastPrice": text8(day.last.0), "volume": text8(day.volume), "quoteVolume": text8(day.quote), "openTime": now - DAY,
        "closeTime": now, "firstId": day.ids.0, "lastId": day.ids.1, "count": day.count,
    })
}

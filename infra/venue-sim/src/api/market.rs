//! Public data: rules, book, trades, bars.

use super::call::Params;
use super::orders::market;
use super::show::text8;
use super::{Context, Refused};
use crate::engine::book::Snapshot;
use crate::engine::refusal::Refusal;
use crate::engine::rules::{Filter, Rules};
use crate::engine::tape::{Aggregate, Candle, Length, Trade};
use crate::engine::types::{Kind, Ms, Stp};
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// GET ping.
pub(super) fn ping(_: Context<'_>) -> Result<Value, Refused> {
    Ok(json!({}))
}

/// GET time.
pub(super) fn time(context: Context<'_>) -> Result<Value, Refused> {
    Ok(json!({ "serverTime": context.now }))
}

/// GET exchangeInfo.
pub(super) fn info(context: Context<'_>) -> Result<Value, Refused> {
    let engine = &context.exchange.engine;
    let wanted = wanted(context.params)?;
    for symbol in wanted.iter().flatten() {
        engine.market(symbol)?;
    }
    let status = context.params.optional("symbolStatus")?;
    let rules = engine.markets().map(|market| &market.rules);
    let rules = rules.filter(|rules| wanted.as_ref().is_none_or(|wanted| wanted.contains(&rules.symbol)));
    let rules = rules.filter(|rules| status.is_none_or(|status| status == rules.trading.text()));
    let limits = &context.exchange.limits;
    Ok(json!({
        "timezone": "UTC", "serverTime": context.now,
        "rateLimits": [
            { "rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": limits.weight_max },
            { "rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": limits.orders_10s_max },
            { "rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": limits.orders_1d_max },
        ],
        "exchangeFilters": [], "symbols": rules.map(symbol).collect::<Vec<_>>(),
    }))
}

fn symbol(rules: &Rules) -> Value {
    let texts = |texts: Vec<&'static str>| texts;
    json!({
        "symbol": rules.symbol, "status": rules.trading.text(), "baseAsset": rules.base, "baseAssetPrecision": 8,
        "quoteAsset": rules.quote, "quotePrecision": 8, "quoteAssetPrecision": 8, "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8, "orderTypes": texts(Kind::ALL.iter().map(|kind| kind.text()).collect()),
        "icebergAllowed": false, "ocoAllowed": true, "otoAllowed": false, "opoAllowed": false,
        "quoteOrderQtyMarketAllowed": true, "allowTrailingStop": false, "cancelReplaceAllowed": true,
        "amendAllowed": true, "pegInstructionsAllowed": false, "isSpotTradingAllowed": true,
        "isMarginTradingAllowed": false, "filters": rules.filters.iter().map(filter).collect::<Vec<_>>(),
        "permissions": [], "permissionSets": [["SPOT"]], "defaultSelfTradePreventionMode": Stp::ExpireMaker.text(),
        "allowedSelfTradePreventionModes": texts(Stp::ALL.iter().map(|mode| mode.text()).collect()),
    })
}

fn filter(filter: &Filter) -> Value {
    let kind = filter.name();
    match filter {
        Filter::Price { min, max, tick } => {
            json!({ "filterType": kind, "minPrice": text8(*min), "maxPrice": text8(*max), "tickSize": text8(*tick) })
        }
        Filter::Lot { min, max, step } | Filter::MarketLot { min, max, step } => {
            json!({ "filterType": kind, "minQty": text8(*min), "maxQty": text8(*max), "stepSize": text8(*step) })
        }
        Filter::MinNotional { min, market } => {
            json!({ "filterType": kind, "minNotional": text8(*min), "applyToMarket": market, "avgPriceMins": 0 })
        }
        Filter::Notional { min, min_market, max, max_market } => json!({
            "filterType": kind, "minNotional": text8(*min), "applyMinToMarket": min_market, "maxNotional": text8(*max),
            "applyMaxToMarket": max_market, "avgPriceMins": 0,
        }),
        Filter::PercentPriceBySide { bid_up, bid_down, ask_up, ask_down } => json!({
            "filterType": kind, "bidMultiplierUp": bid_up.to_string(), "bidMultiplierDown": bid_down.to_string(),
            "askMultiplierUp": ask_up.to_string(), "askMultiplierDown": ask_down.to_string(), "avgPriceMins": 0,
        }),
        Filter::MaxNumOrders(most) => json!({ "filterType": kind, "maxNumOrders": most }),
        Filter::MaxNumAlgoOrders(most) => json!({ "filterType": kind, "maxNumAlgoOrders": most }),
        Filter::MaxPosition(most) => json!({ "filterType": kind, "maxPosition": text8(*most) }),
    }
}

/// `symbol` or `symbols`, whichever was sent.
pub(super) fn wanted(params: &Params) -> Result<Option<Vec<String>>, Refusal> {
    match (params.optional("symbol")?, params.list("symbols")?) {
        (Some(_), Some(_)) => Err(Refusal::new(-1128, "Combination of optional parameters invalid.")),
        (Some(_), None) => Ok(Some(vec![params.symbol()?.to_owned()])),
        (None, list) => Ok(list),
    }
}

/// GET depth.
pub(super) fn depth(context: Context<'_>) -> Result<Value, Refused> {
    let symbol = market(&context)?;
    let limit = context.params.limit(100, 5_000)?;
    let book = context.exchange.snapshot(symbol, limit, context.now)?;
    Ok(levels(&book))
}

/// A book's levels with its update id.
#[must_use]
pub(crate) fn levels(book: &Snapshot) -> Value {
    json!({ "lastUpdateId": book.update, "bids": rows(&book.bids), "asks": rows(&book.asks) })
}

/// Price and quantity as pairs of texts.
#[must_use]
pub(crate) fn rows(levels: &[(Decimal, Decimal)]) -> Vec<[String; 2]> {
    levels.iter().map(|(price, quantity)| [text8(*price), text8(*quantity)]).collect()
}

/// GET trades, and historicalTrades.
pub(super) fn trades(context: Context<'_>) -> Result<Value, Refused> {
    let symbol = market(&context)?;
    let limit = context.params.limit(500, 1_000)?;
    let first = context.params.integer("fromId")?.and_then(|id| u64::try_from(id).ok());
    let trades = context.exchange.engine.market(symbol)?.tape.trades();
    let skip = match first {
        Some(first) => trades.iter().position(|trade| trade.id >= first).unwrap_or(trades.len()),
        None => trades.len().saturating_sub(limit),
    };
    let row = |trade: &Trade| {
        json!({
            "id": trade.id, "price": text8(trade.price), "qty": text8(trade.quantity),
            "quoteQty": text8(trade.price * trade.quantity), "time": trade.at, "isBuyerMaker": trade.buyer_maker, "isBestMatch": true,
        })
    };
    Ok(trades.iter().skip(skip).take(limit).map(row).collect())
}

/// GET aggTrades.
pub(super) fn aggregates(context: Context<'_>) -> Result<Value, Refused> {
    let symbol = market(&context)?;
    let limit = context.params.limit(500, 1_000)?;
    let (from, until) = (context.params.integer("startTime")?, context.params.integer("endTime")?);
    let first = context.params.integer("fromId")?.and_then(|id| u64::try_from(id).ok());
    let all = context.exchange.engine.market(symbol)?.tape.aggregates();
    let fits = |row: &&Aggregate| {
        first.is_none_or(|first| row.id >= first)
            && from.is_none_or(|from| row.at >= from)
            && until.is_none_or(|until| row.at <= until)
    };
    let mut rows: Vec<&Aggregate> = all.iter().filter(fits).collect();
    if first.is_none() && from.is_none() && rows.len() > limit {
        rows.drain(..rows.len() - limit);
    }
    let row = |row: &Aggregate| {
        json!({
            "a": row.id, "p": text8(row.price), "q": text8(row.quantity), "f": row.first, "l": row.last, "T": row.at,
            "m": row.buyer_maker, "M": true,
        })
    };
    Ok(rows.into_iter().take(limit).map(row).collect())
}

/// GET klines.
pub(super) fn bars(context: Context<'_>) -> Result<Value, Refused> {
    let symbol = market(&context)?;
    let interval = context.params.required("interval")?;
    let length = Length::parse(interval).ok_or_else(|| Refusal::new(-1120, "Invalid interval."))?;
    let limit = context.params.limit(500, 1_000)?;
    let (from, until) = (context.params.integer("startTime")?, context.params.integer("endTime")?);
    let until = until.map_or(context.now, |until| until.min(context.now));
    let bars = context.exchange.engine.market(symbol)?.tape.bars(length, from, until, limit);
    Ok(bars.iter().map(|bar| row(bar, length)).collect())
}

fn row(bar: &Candle, length: Length) -> Value {
    let close_at: Ms = length.next(bar.open_at) - 1;
    json!([
        bar.open_at,
        text8(bar.open),
        text8(bar.high),
        text8(bar.low),
        text8(bar.close),
        text8(bar.volume),
        close_at,
        text8(bar.quote),
        bar.trades,
        text8(bar.taker_base),
        text8(bar.taker_quote),
        "0",
    ])
}

/// GET avgPrice: of the last five minutes.
pub(super) fn average(context: Context<'_>) -> Result<Value, Refused> {
    let symbol = market(&context)?;
    let tape = &context.exchange.engine.market(symbol)?.tape;
    let bars = tape.bars(Length::Ms(60_000), None, context.now, 5);
    let (base, quote) =
        bars.iter().fold((Decimal::ZERO, Decimal::ZERO), |sum, bar| (sum.0 + bar.volume, sum.1 + bar.quote));
    let price = if base.is_zero() { tape.last().unwrap_or_default() } else { quote / base };
    let at = tape.trades().back().map_or(context.now, |trade| trade.at);
    Ok(json!({ "mins": 5, "price": text8(price), "closeTime": at }))
}

/// GET sapi system/status.
pub(super) fn system(_: Context<'_>) -> Result<Value, Refused> {
    Ok(json!({ "status": 0, "msg": "normal" }))
}

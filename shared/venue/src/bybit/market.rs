//! Market data: tickers, books, bars, trades, funding, open interest, leverage tiers.

use super::errors::{Answer, answer};
use super::raw::Page;
use super::raw_market::{FundingRow, InterestRow, TickerRow, TierRow, TradeRow};
use super::reports::side;
use super::request::{Fields, category, invalid, product_of};
use crate::protocol::call::BarPrice;
use crate::protocol::model::{Bar, Funding, Level, LeverageTier, OpenInterest, OrderBook, PublicTrade, Ticker};
use crate::protocol::wire::{MaybeMs, Num, Text, price, quantity};
use crate::protocol::{
    Ask, BarQuery, Built, HistoryQuery, Instrument, Markets, MarketsQuery, Product, Range, ReadFault, Reply, Scope,
};
use desk::money::exact;
use desk::time::{Interval, Timestamp};
use rust_decimal::Decimal;
use serde::Deserialize;

const TICKERS: &str = "/v5/market/tickers";

/// The most levels a side that the venue gives.
const DEPTH_MAX: [(Product, u32); 4] =
    [(Product::Spot, 1000), (Product::Linear, 1000), (Product::Inverse, 1000), (Product::Option, 25)];

fn of_market(market: &Instrument, scope: &Scope) -> (Product, Fields) {
    let product = product_of(Some(market), scope);
    let fields = Fields::default().with("category", category(product));
    (product, fields.with("symbol", market.symbol.as_str()))
}

fn read_tickers(reply: &Reply, product: Product) -> Result<(Vec<TickerRow>, Option<Timestamp>), ReadFault> {
    let Answer { result, time, .. } = answer::<Page<TickerRow>>(reply)?;
    match result.category.some() {
        Some(word) if word != category(product) => Err(ReadFault::parse(reply, format!("tickers of {word}"))),
        _ => Ok((result.list, time)),
    }
}

/// The only row of an answer about one market.
fn only<T>(reply: &Reply, rows: Vec<T>) -> Result<T, ReadFault> {
    rows.into_iter().next().ok_or_else(|| ReadFault::parse(reply, "the list is empty"))
}

fn wanted(names: &[String], market: &str) -> bool {
    names.is_empty() || names.iter().any(|name| name == market)
}

fn names(query: &MarketsQuery) -> Vec<String> {
    query.instruments.iter().map(|i| i.name.clone()).collect()
}

/// A fraction in per cent.
fn per_cent(fraction: Option<Decimal>) -> Option<Decimal> {
    exact::mul(fraction?, Decimal::ONE_HUNDRED).ok()
}

pub(super) fn ticker_of(row: &TickerRow, name: String, at: Option<Timestamp>) -> Ticker {
    Ticker {
        market: name,
        at,
        bid: row.bid1_price.nonzero().or(row.bid_price.nonzero()),
        bid_quantity: row.bid1_size.0.or(row.bid_size.0),
        ask: row.ask1_price.nonzero().or(row.ask_price.nonzero()),
        ask_quantity: row.ask1_size.0.or(row.ask_size.0),
        last: row.last_price.nonzero(),
        open: row.prev_price24h.nonzero(),
        high: row.high_price24h.nonzero(),
        low: row.low_price24h.nonzero(),
        previous_close: None,
        change: None,
        percentage: per_cent(row.price24h_pcnt.0.or(row.change24h.0)),
        vwap: None,
        base_volume: row.volume24h.0,
        quote_volume: row.turnover24h.0,
        mark: row.mark_price.nonzero(),
        index: row.index_price.nonzero().or(row.usd_index_price.nonzero()),
    }
}

/// A market's day.
pub(super) fn ticker(market: &Instrument, scope: &Scope) -> Built<Ticker> {
    let (product, fields) = of_market(market, scope);
    let name = market.name.clone();
    let symbol = market.symbol.clone();
    Ok(Ask::new(fields.extra(&scope.extra, &[]).public(TICKERS), move |reply, _| {
        let (rows, at) = read_tickers(reply, product)?;
        let row = only(reply, rows)?;
        if row.symbol != symbol {
            return Err(ReadFault::parse(reply, format!("the ticker of {}", row.symbol)));
        }
        Ok(ticker_of(&row, name.clone(), at))
    }))
}

/// The question for several tickers: a category, for options a base coin too, and one market if there is only one.
fn several(query: &MarketsQuery, name_one: bool) -> (Product, Fields) {
    let first = query.instruments.first();
    let product = product_of(first, &query.scope);
    let mut fields = Fields::default().with("category", category(product));
    if product == Product::Option {
        let code = query.scope.extra.text("code");
        let base = first.map(|i| i.base.clone()).or(code).unwrap_or_else(|| "BTC".to_owned());
        fields = fields.with("baseCoin", base);
    }
    if let (true, [one]) = (name_one, query.instruments.as_slice()) {
        fields = fields.with("symbol", one.symbol.as_str());
    }
    (product, fields.extra(&query.scope.extra, &[]))
}

/// The day of several markets.
pub(super) fn tickers(query: &MarketsQuery) -> Built<Vec<Ticker>> {
    let (product, fields) = several(query, false);
    let names = names(query);
    Ok(Ask::new(fields.public(TICKERS), move |reply, markets| {
        let (rows, at) = read_tickers(reply, product)?;
        let all = rows.iter().map(|row| ticker_of(row, markets.name_of(&row.symbol, &[product]), at));
        Ok(all.filter(|ticker| wanted(&names, &ticker.market)).collect())
    }))
}

/// The funding of a ticker. How often it is paid is the ticker's own word, or the instrument's.
pub(super) fn funding_of(row: &TickerRow, market: Option<&Instrument>, at: Option<Timestamp>) -> Funding {
    let hours = row.funding_interval_hour.0.and_then(|hours| u32::try_from(hours.trunc().mantissa()).ok());
    let of_market = market.and_then(|i| i.funding_interval_min).map(|minutes| minutes / 60);
    Funding {
        market: market.map_or_else(|| row.symbol.clone(), |i| i.name.clone()),
        at,
        rate: row.funding_rate.0,
        next_at: row.next_funding_time.0,
        interval_hours: hours.or(of_market).filter(|hours| *hours > 0),
        mark: row.mark_price.nonzero(),
        index: row.index_price.nonzero(),
        ..Funding::default()
    }
}

/// Funding rates of several contracts.
pub(super) fn fundings(query: &MarketsQuery) -> Built<Vec<Funding>> {
    let (product, fields) = several(query, true);
    let names = names(query);
    Ok(Ask::new(fields.public(TICKERS), move |reply, markets| {
        let (rows, at) = read_tickers(reply, product)?;
        // Dated contracts are in the same list and have no funding.
        let paying = rows.iter().filter(|row| row.funding_rate.0.is_some());
        let all = paying.map(|row| funding_of(row, markets.of_symbol(&row.symbol, &[product]), at));
        Ok(all.filter(|funding| wanted(&names, &funding.market)).collect())
    }))
}

/// The funding rate of one contract.
pub(super) fn funding(market: &Instrument, scope: &Scope) -> Built<Funding> {
    let (product, fields) = of_market(market, scope);
    let market = market.clone();
    Ok(Ask::new(fields.extra(&scope.extra, &[]).public(TICKERS), move |reply, _| {
        let (rows, at) = read_tickers(reply, product)?;
        let row = only(reply, rows)?;
        if row.symbol != market.symbol || row.funding_rate.0.is_none() {
            return Err(ReadFault::parse(reply, format!("no funding rate of {}", market.symbol)));
        }
        Ok(funding_of(&row, Some(&market), at))
    }))
}

/// Funding rates that were.
///
/// The venue takes a start only together with an end, and gives the newest rows between them. So the end is put as many
/// payments behind the start as rows are wanted.
pub(super) fn funding_history(query: &HistoryQuery) -> Built<Vec<Funding>> {
    let Some(market) = &query.instrument else { return invalid("funding rates are told of one market at a time") };
    let (product, fields) = of_market(market, &query.scope);
    let Range { since, until, limit } = query.range;
    let rows = limit.unwrap_or(200).clamp(1, 200);
    let until = until.or_else(|| {
        let interval_min = market.funding_interval_min.unwrap_or(480);
        Some(since?.plus_ms(i64::from(interval_min) * 60_000 * i64::from(rows)))
    });
    let fields = fields.range(&Range { since, until, limit: Some(rows) }).extra(&query.scope.extra, &[]);
    Ok(Ask::new(fields.public("/v5/market/funding/history"), move |reply, markets| {
        let rows = answer::<Page<FundingRow>>(reply)?.result.list;
        Ok(rows
            .iter()
            .rev()
            .map(|row| Funding {
                market: markets.name_of(&row.symbol, &[product]),
                at: row.funding_rate_timestamp.0,
                rate: Some(row.funding_rate.0),
                ..Funding::default()
            })
            .collect())
    }))
}

/// An order book.
pub(super) fn order_book(market: &Instrument, depth: Option<u32>, scope: &Scope) -> Built<OrderBook> {
    #[derive(Deserialize)]
    struct Book {
        #[serde(rename = "s")]
        symbol: String,
        #[serde(rename = "b")]
        bids: Vec<(Num, Num)>,
        #[serde(rename = "a")]
        asks: Vec<(Num, Num)>,
        #[serde(default)]
        ts: MaybeMs,
        #[serde(default, rename = "u")]
        update: Text,
    }
    fn levels(rows: &[(Num, Num)]) -> Result<Vec<Level>, String> {
        rows.iter().map(|(p, q)| Ok(Level { price: price(p.0)?, quantity: quantity(q.0)? })).collect()
    }
    let (product, fields) = of_market(market, scope);
    let most = DEPTH_MAX.iter().find(|(known, _)| *known == product).map(|(_, depth)| *depth);
    let depth = depth.unwrap_or(if product == Product::Option { 25 } else { 50 });
    let fields = fields.with("limit", most.map_or(depth, |most| depth.min(most))).extra(&scope.extra, &[]);
    let (name, symbol) = (market.name.clone(), market.symbol.clone());
    Ok(Ask::new(fields.public("/v5/market/orderbook"), move |reply, _| {
        let book = answer::<Book>(reply)?.result;
        if book.symbol != symbol {
            return Err(ReadFault::parse(reply, format!("the book of {}", book.symbol)));
        }
        let fault = |e| ReadFault::parse(reply, e);
        Ok(OrderBook {
            market: name.clone(),
            at: book.ts.0,
            sequence: book.update.0.parse().ok(),
            bids: levels(&book.bids).map_err(fault)?,
            asks: levels(&book.asks).map_err(fault)?,
        })
    }))
}

/// Lengths of bars and the venue's words for them.
const INTERVALS: [(i64, &str); 12] = [
    (60_000, "1"),
    (180_000, "3"),
    (300_000, "5"),
    (900_000, "15"),
    (1_800_000, "30"),
    (3_600_000, "60"),
    (7_200_000, "120"),
    (14_400_000, "240"),
    (21_600_000, "360"),
    (43_200_000, "720"),
    (86_400_000, "D"),
    (604_800_000, "W"),
];

/// The venue's word for a length of bars.
pub(super) fn interval_word(interval: Interval) -> Option<&'static str> {
    INTERVALS.iter().find(|(ms, _)| *ms == interval.ms()).map(|(_, word)| *word)
}

/// The length of bars the venue's word stands for.
pub(super) fn interval_of(word: &str) -> Option<Interval> {
    INTERVALS.iter().find(|(_, known)| *known == word).and_then(|(ms, _)| Interval::from_ms(*ms).ok())
}

/// Bars of trades end with volume and turnover; those of mark and index prices have neither.
fn bar(row: &[Num], of_trades: bool) -> Result<Bar, String> {
    let [at, open, high, low, close, rest @ ..] = row else { return Err("a bar has too few values".to_owned()) };
    if rest.len() != if of_trades { 2 } else { 0 } {
        return Err(format!("a bar of {} values", row.len()));
    }
    Bar {
        open_time: crate::protocol::wire::millis(at.0)?,
        open: price(open.0)?,
        high: price(high.0)?,
        low: price(low.0)?,
        close: price(close.0)?,
        volume: quantity(rest.first().map_or(Decimal::ZERO, |volume| volume.0))?,
    }
    .believed()
}

/// Bars. Those of the premium can be zero or less, which is no price: asking for them works, reading them does not.
pub(super) fn bars(market: &Instrument, query: &BarQuery, scope: &Scope) -> Built<Vec<Bar>> {
    let path = match query.price {
        BarPrice::Trade => "/v5/market/kline",
        BarPrice::Mark => "/v5/market/mark-price-kline",
        BarPrice::Index => "/v5/market/index-price-kline",
        BarPrice::Premium => "/v5/market/premium-index-price-kline",
    };
    let Some(word) = interval_word(query.interval) else {
        return invalid(format!("the venue has no bars of {}", query.interval));
    };
    let (_, fields) = of_market(market, scope);
    let fields = fields
        .with("interval", word)
        .maybe("start", query.range.since.map(Timestamp::ms))
        .maybe("end", query.range.until.map(Timestamp::ms))
        .with("limit", query.range.limit.unwrap_or(200).min(1000))
        .extra(&scope.extra, &[]);
    let of_trades = query.price == BarPrice::Trade;
    Ok(Ask::new(fields.public(path), move |reply, _| {
        let rows = answer::<Page<Vec<Num>>>(reply)?.result.list;
        let bars: Result<Vec<_>, _> = rows.iter().rev().map(|row| bar(row, of_trades)).collect();
        let bars = bars.map_err(|e| ReadFault::parse(reply, e))?;
        if bars.windows(2).any(|pair| matches!(pair, [a, b] if a.open_time >= b.open_time)) {
            return Err(ReadFault::parse(reply, "the bars are not in order of time"));
        }
        Ok(bars)
    }))
}

/// Trades of the market. The venue tells only the newest ones.
pub(super) fn trades(market: &Instrument, range: &Range, scope: &Scope) -> Built<Vec<PublicTrade>> {
    let (product, fields) = of_market(market, scope);
    let most = if product == Product::Spot { 60 } else { 1000 };
    let fields = fields.maybe("limit", range.limit.map(|limit| limit.min(most))).extra(&scope.extra, &[]);
    Ok(Ask::new(fields.public("/v5/market/recent-trade"), move |reply, markets: &Markets| {
        let rows = answer::<Page<TradeRow>>(reply)?.result.list;
        let trade = |row: &TradeRow| -> Result<PublicTrade, String> {
            Ok(PublicTrade {
                market: markets.name_of(&row.symbol, &[product]),
                id: row.exec_id.owned(),
                at: row.time.0.ok_or("there is no time")?,
                side: Some(side(&row.side)?),
                price: price(row.price.0)?,
                quantity: quantity(row.size.0)?,
            })
        };
        rows.iter().rev().map(trade).collect::<Result<_, _>>().map_err(|e| ReadFault::parse(reply, e))
    }))
}

/// Open interest of one contract, as of the last full hour (or of another `timeframe`, an extra).
pub(super) fn open_interest(market: &Instrument, scope: &Scope) -> Built<OpenInterest> {
    let (_, fields) = of_market(market, scope);
    let interval = match scope.extra.text("timeframe") {
        // The venue writes minutes out.
        Some(frame) if frame.ends_with('m') => format!("{frame}in"),
        Some(frame) => frame,
        None => "1h".to_owned(),
    };
    let fields = fields.with("intervalTime", interval).extra(&scope.extra, &["timeframe"]);
    let name = market.name.clone();
    Ok(Ask::new(fields.public("/v5/market/open-interest"), move |reply, _| {
        let row = only(reply, answer::<Page<InterestRow>>(reply)?.result.list)?;
        Ok(OpenInterest { market: name.clone(), amount: Some(row.open_interest.0), value: None, at: row.timestamp.0 })
    }))
}

/// Open interest of all contracts of a product.
pub(super) fn open_interests(query: &MarketsQuery) -> Built<Vec<OpenInterest>> {
    let (product, fields) = several(query, false);
    let names = names(query);
    Ok(Ask::new(fields.public(TICKERS), move |reply, markets| {
        let (rows, at) = read_tickers(reply, product)?;
        let all = rows.iter().filter(|row| row.open_interest.0.is_some()).map(|row| OpenInterest {
            market: markets.name_of(&row.symbol, &[product]),
            amount: row.open_interest.0,
            value: row.open_interest_value.0,
            at,
        });
        Ok(all.filter(|row| wanted(&names, &row.market)).collect())
    }))
}

fn read_tiers(reply: &Reply, markets: &Markets, product: Product) -> Result<Vec<LeverageTier>, ReadFault> {
    let rows = answer::<Page<TierRow>>(reply)?.result.list;
    let mut before: Option<(String, Decimal)> = None;
    let mut tiers = Vec::with_capacity(rows.len());
    for row in rows {
        let from = match &before {
            Some((symbol, notional)) if *symbol == row.symbol => *notional,
            _ => Decimal::ZERO,
        };
        tiers.push(LeverageTier {
            market: markets.name_of(&row.symbol, &[product]),
            tier: row.id.0,
            min_notional: Some(from),
            max_notional: Some(row.risk_limit_value.0),
            maintenance_rate: row.maintenance_margin.0,
            max_leverage: row.max_leverage.0,
        });
        before = Some((row.symbol, row.risk_limit_value.0));
    }
    Ok(tiers)
}

/// What leverage each notional allows.
pub(super) fn leverage_tiers(query: &MarketsQuery) -> Built<Vec<LeverageTier>> {
    let (product, fields) = several(query, false);
    let names = names(query);
    Ok(Ask::new(fields.public("/v5/market/risk-limit"), move |reply, markets| {
        let mut tiers = read_tiers(reply, markets, product)?;
        tiers.retain(|tier| wanted(&names, &tier.market));
        Ok(tiers)
    }))
}

/// The same of one market.
pub(super) fn market_leverage_tiers(market: &Instrument, scope: &Scope) -> Built<Vec<LeverageTier>> {
    let (product, fields) = of_market(market, scope);
    let request = fields.extra(&scope.extra, &[]).public("/v5/market/risk-limit");
    Ok(Ask::new(request, move |reply, markets| read_tiers(reply, markets, product)))
}

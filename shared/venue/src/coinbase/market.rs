//! Market data, from the endpoints that need no key: products, books, bars, trades, funding, open interest.

mod products;

use products::{Products, interval_s};
pub(super) use products::{currencies, instruments};

use super::errors::answer;
use super::raw::{BookRow, CandleRow, LevelRow, ProductRow, TradeRow};
use super::reports::side;
use super::request::{BASE, READ, account, invalid, product_type, public, query, seconds, segment};
use crate::protocol::call::BarPrice;
use crate::protocol::http::Params;
use crate::protocol::model::{Bar, Funding, Level, OpenInterest, OrderBook, PublicTrade, Ticker};
use crate::protocol::wire::{price, quantity, rfc3339, seconds as at_seconds};
use crate::protocol::{
    Ask, BarQuery, Built, Instrument, Markets, MarketsQuery, Product, Range, ReadFault, Reply, Scope, Unsigned,
};
use desk::time::{Interval, Timestamp};
use serde::Deserialize;

/// The server's time.
pub(super) fn server_time() -> Built<Timestamp> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Time {
        epoch_millis: crate::protocol::wire::Num,
    }
    Ok(Ask::new(Unsigned::public(super::request::ORIGIN, format!("{BASE}/time"), Params::new()), |reply, _| {
        let time = answer::<Time>(reply)?.epoch_millis.0;
        crate::protocol::wire::millis(time).map_err(|e| ReadFault::parse(reply, e))
    }))
}

/// A market's last trade and best levels. The venue tells no more of the day here; [`tickers`] does.
pub(super) fn ticker(market: &Instrument, scope: &Scope) -> Built<Ticker> {
    #[derive(Deserialize)]
    struct Answer {
        trades: Vec<TradeRow>,
        #[serde(default)]
        best_bid: crate::protocol::wire::MaybeNum,
        #[serde(default)]
        best_ask: crate::protocol::wire::MaybeNum,
    }
    let params = query(&Params::new().with("limit", 1), &scope.extra, READ);
    let name = market.name.clone();
    Ok(Ask::new(
        public(&format!("/products/{}/ticker", segment(&market.symbol)), params, &scope.extra),
        move |reply, _| {
            let read: Answer = answer(reply)?;
            let last = read.trades.first();
            let at = last.map(|trade| rfc3339(&trade.time)).transpose().map_err(|e| ReadFault::parse(reply, e))?;
            Ok(Ticker {
                market: name.clone(),
                at,
                bid: read.best_bid.nonzero(),
                ask: read.best_ask.nonzero(),
                last: last.map(|trade| trade.price.0),
                ..Ticker::default()
            })
        },
    ))
}

fn wanted(names: &[String], market: &str) -> bool {
    names.is_empty() || names.iter().any(|name| name == market)
}

fn names(asked: &MarketsQuery) -> Vec<String> {
    asked.instruments.iter().map(|i| i.name.clone()).collect()
}

fn ids(asked: &MarketsQuery) -> Params {
    asked.instruments.iter().fold(Params::new(), |params, i| params.with("product_ids", &i.symbol))
}

fn products(asked: &MarketsQuery) -> Unsigned {
    // Nothing said at all means all products.
    let product = asked.scope.product.or(asked.instruments.first().map(|i| i.product));
    let params = ids(asked).maybe("product_type", product.map(product_type));
    public("/products", query(&params, &asked.scope.extra, READ), &asked.scope.extra)
}

/// The day of several markets.
pub(super) fn tickers(asked: &MarketsQuery) -> Built<Vec<Ticker>> {
    let names = names(asked);
    Ok(Ask::new(products(asked), move |reply, markets| {
        let rows = answer::<Products>(reply)?.products;
        let all = rows.iter().filter(|row| row.product_id.some().is_some()).map(|row| Ticker {
            market: markets.name_of(&row.product_id.0, &[]),
            bid: row.best_bid_price.nonzero(),
            ask: row.best_ask_price.nonzero(),
            last: row.price.nonzero(),
            percentage: row.price_percentage_change_24h.0,
            base_volume: row.volume_24h.0,
            quote_volume: row.approximate_quote_24h_volume.0,
            index: row.future_product_details.as_ref().and_then(|f| f.index_price.nonzero()),
            ..Ticker::default()
        });
        Ok(all.filter(|ticker| wanted(&names, &ticker.market)).collect())
    }))
}

/// The best bid and ask of several markets. The venue tells them only to those who have an account.
pub(super) fn best_quotes(asked: &MarketsQuery) -> Built<Vec<Ticker>> {
    #[derive(Deserialize)]
    struct Books {
        pricebooks: Vec<BookRow>,
    }
    let params = query(&ids(asked), &asked.scope.extra, READ);
    Ok(Ask::new(account("/best_bid_ask", params), |reply, markets| {
        let books = answer::<Books>(reply)?.pricebooks;
        let quote = |book: &BookRow| -> Result<Ticker, String> {
            let (bid, ask) = (book.bids.first(), book.asks.first());
            Ok(Ticker {
                market: markets.name_of(&book.product_id, &[]),
                at: super::reports::time(&book.time)?,
                bid: bid.map(|level| level.price.0),
                bid_quantity: bid.map(|level| level.size.0),
                ask: ask.map(|level| level.price.0),
                ask_quantity: ask.map(|level| level.size.0),
                ..Ticker::default()
            })
        };
        books.iter().map(quote).collect::<Result<_, _>>().map_err(|e| ReadFault::parse(reply, e))
    }))
}

/// An order book.
pub(super) fn order_book(market: &Instrument, depth: Option<u32>, scope: &Scope) -> Built<OrderBook> {
    #[derive(Deserialize)]
    struct Answer {
        pricebook: BookRow,
    }
    fn levels(rows: &[LevelRow]) -> Result<Vec<Level>, String> {
        rows.iter().map(|row| Ok(Level { price: price(row.price.0)?, quantity: quantity(row.size.0)? })).collect()
    }
    let params = Params::new().with("product_id", &market.symbol).maybe("limit", depth);
    let name = market.name.clone();
    Ok(Ask::new(public("/product_book", query(&params, &scope.extra, READ), &scope.extra), move |reply, _| {
        let book = answer::<Answer>(reply)?.pricebook;
        let fault = |e| ReadFault::parse(reply, e);
        Ok(OrderBook {
            market: name.clone(),
            at: super::reports::time(&book.time).map_err(fault)?,
            sequence: None,
            bids: levels(&book.bids).map_err(fault)?,
            asks: levels(&book.asks).map_err(fault)?,
        })
    }))
}

/// Lengths of bars in seconds and the venue's words for them.
pub(super) const GRANULARITIES: [(i64, &str); 9] = [
    (60, "ONE_MINUTE"),
    (300, "FIVE_MINUTE"),
    (900, "FIFTEEN_MINUTE"),
    (1800, "THIRTY_MINUTE"),
    (3600, "ONE_HOUR"),
    (7200, "TWO_HOUR"),
    (14_400, "FOUR_HOUR"),
    (21_600, "SIX_HOUR"),
    (86_400, "ONE_DAY"),
];

/// The most bars of one answer.
pub(super) const BARS_MAX: u32 = 300;

/// The venue's word for a length of bars.
fn granularity(interval: Interval) -> Option<&'static str> {
    GRANULARITIES.iter().find(|(seconds, _)| seconds * 1000 == interval.ms()).map(|(_, word)| *word)
}

/// A bar out of a row.
pub(super) fn bar(row: &CandleRow) -> Result<Bar, String> {
    Bar {
        open_time: at_seconds(row.start.0)?,
        open: price(row.open.0)?,
        high: price(row.high.0)?,
        low: price(row.low.0)?,
        close: price(row.close.0)?,
        volume: quantity(row.volume.0)?,
    }
    .believed()
}

/// Bars. The venue wants both ends of the stretch. What is missing of them is put in when the request is signed, where
/// the time is known: the newest bars are meant then.
pub(super) fn bars(market: &Instrument, asked: &BarQuery, scope: &Scope) -> Built<Vec<Bar>> {
    #[derive(Deserialize)]
    struct Answer {
        candles: Vec<CandleRow>,
    }
    match asked.price {
        BarPrice::Trade => {}
        BarPrice::Mark | BarPrice::Index | BarPrice::Premium => return invalid("the venue has bars of trades only"),
    }
    let Some(word) = granularity(asked.interval) else {
        return invalid(format!("the venue has no bars of {}", asked.interval));
    };
    let count = i64::from(asked.range.limit.unwrap_or(BARS_MAX).clamp(1, BARS_MAX));
    let length = asked.interval.ms() / 1000 * count;
    let (since, until) = (asked.range.since.map(seconds), asked.range.until.map(seconds));
    let (start, end) = match (since, until) {
        (Some(start), Some(end)) => (Some(start), Some(end.min(start.saturating_add(length)))),
        (Some(start), None) => (Some(start), Some(start.saturating_add(length))),
        (None, Some(end)) => (Some(end.saturating_sub(length)), Some(end)),
        (None, None) => (None, None),
    };
    let params = Params::new().with("granularity", word).maybe("start", start).maybe("end", end);
    let wanted = asked.range.limit.filter(|_| start.is_none());
    let path = format!("/products/{}/candles", segment(&market.symbol));
    Ok(Ask::new(public(&path, query(&params, &scope.extra, READ), &scope.extra), move |reply, _| {
        let rows = answer::<Answer>(reply)?.candles;
        let bars: Result<Vec<Bar>, _> = rows.iter().map(bar).collect();
        let mut bars = bars.map_err(|e| ReadFault::parse(reply, e))?;
        bars.sort_by_key(|bar| bar.open_time);
        if bars.windows(2).any(|pair| matches!(pair, [a, b] if a.open_time == b.open_time)) {
            return Err(ReadFault::parse(reply, "two bars of one time"));
        }
        if let Some(wanted) = wanted.and_then(|wanted| usize::try_from(wanted).ok()) {
            bars.drain(..bars.len().saturating_sub(wanted));
        }
        Ok(bars)
    }))
}

/// The ends that are missing of a question for bars, in seconds: the newest there are.
pub(super) fn newest(path: &str, params: &Params, now: Timestamp) -> Option<(i64, i64)> {
    if !path.ends_with("/candles") || params.get("start").is_some() || params.get("end").is_some() {
        return None;
    }
    let word = params.get("granularity")?;
    let (length, _) = GRANULARITIES.iter().find(|(_, known)| *known == word)?;
    Some((seconds(now) - length * i64::from(BARS_MAX), seconds(now)))
}

/// A trade of the market.
pub(super) fn trade(row: &TradeRow, markets: &Markets) -> Result<PublicTrade, String> {
    Ok(PublicTrade {
        market: markets.name_of(&row.product_id, &[]),
        id: row.trade_id.owned(),
        at: rfc3339(&row.time)?,
        side: row.side.some().map(side).transpose()?,
        price: price(row.price.0)?,
        quantity: quantity(row.size.0)?,
    })
}

/// Trades of the market.
pub(super) fn trades(market: &Instrument, range: &Range, scope: &Scope) -> Built<Vec<PublicTrade>> {
    #[derive(Deserialize)]
    struct Answer {
        trades: Vec<TradeRow>,
    }
    let params = Params::new()
        .maybe("start", range.since.map(seconds))
        .with("limit", range.limit.unwrap_or(100))
        .maybe("end", range.until.map(seconds));
    let path = format!("/products/{}/ticker", segment(&market.symbol));
    Ok(Ask::new(public(&path, query(&params, &scope.extra, READ), &scope.extra), |reply, markets| {
        let rows = answer::<Answer>(reply)?.trades;
        let all = rows.iter().rev().map(|row| trade(row, markets));
        all.collect::<Result<_, _>>().map_err(|e| ReadFault::parse(reply, e))
    }))
}

fn funding_of(row: &ProductRow, markets: &Markets) -> Result<Option<Funding>, String> {
    let Some(future) = &row.future_product_details else { return Ok(None) };
    let details = future.perpetual_details.as_ref();
    let rate = details.and_then(|p| p.funding_rate.0).or(future.funding_rate.0);
    let Some(rate) = rate else { return Ok(None) };
    let paid = details.map_or(&future.funding_time, |p| &p.funding_time);
    Ok(Some(Funding {
        market: markets.name_of(&row.product_id.0, &[]),
        rate: Some(rate),
        next_at: super::reports::time(paid)?,
        interval_hours: interval_s(&future.funding_interval).map(|s| s / 3600).filter(|hours| *hours > 0),
        index: future.index_price.nonzero(),
        ..Funding::default()
    }))
}

/// The funding rates of perpetual contracts.
pub(super) fn fundings(asked: &MarketsQuery) -> Built<Vec<Funding>> {
    let names = names(asked);
    let mut asked = asked.clone();
    asked.scope.product.get_or_insert(Product::Linear);
    Ok(Ask::new(products(&asked), move |reply, markets| {
        let rows = answer::<Products>(reply)?.products;
        let all: Result<Vec<_>, _> = rows.iter().map(|row| funding_of(row, markets)).collect();
        let all = all.map_err(|e| ReadFault::parse(reply, e))?.into_iter().flatten();
        Ok(all.filter(|funding| wanted(&names, &funding.market)).collect())
    }))
}

fn one_product(market: &Instrument, scope: &Scope) -> Unsigned {
    public(&format!("/products/{}", segment(&market.symbol)), query(&Params::new(), &scope.extra, READ), &scope.extra)
}

fn read_product(reply: &Reply, symbol: &str) -> Result<ProductRow, ReadFault> {
    let row: ProductRow = answer(reply)?;
    if row.product_id.0 == symbol {
        Ok(row)
    } else {
        Err(ReadFault::parse(reply, "the answer is about another product"))
    }
}

/// The funding rate of one perpetual contract.
pub(super) fn funding(market: &Instrument, scope: &Scope) -> Built<Funding> {
    let symbol = market.symbol.clone();
    Ok(Ask::new(one_product(market, scope), move |reply, markets| {
        let row = read_product(reply, &symbol)?;
        let funding = funding_of(&row, markets).map_err(|e| ReadFault::parse(reply, e))?;
        funding.ok_or_else(|| ReadFault::parse(reply, format!("no funding rate of {symbol}")))
    }))
}

/// Open interest of one contract.
pub(super) fn open_interest(market: &Instrument, scope: &Scope) -> Built<OpenInterest> {
    let (symbol, name) = (market.symbol.clone(), market.name.clone());
    Ok(Ask::new(one_product(market, scope), move |reply, _| {
        let future = read_product(reply, &symbol)?.future_product_details.unwrap_or_default();
        let amount = future.perpetual_details.and_then(|p| p.open_interest.0).or(future.open_interest.0);
        if amount.is_none() {
            return Err(ReadFault::parse(reply, format!("no open interest of {symbol}")));
        }
        Ok(OpenInterest { market: name.clone(), amount, value: None, at: None })
    }))
}

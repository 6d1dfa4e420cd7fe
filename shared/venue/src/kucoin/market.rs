//! Market data: tickers, books, bars and trades, of the spot and the futures server, and of the unified market data
//! where the caller's account is a unified one (and for index prices, which only those have).

use super::ask::{FUTURES, Route, SPOT, contract, data_type, lacks, query};
use super::raw::{self, MaybeEither, MaybeNanos, bar_time, side, window};
use crate::protocol::call::{AccountSystem, BarPrice};
use crate::protocol::model::{Bar, Level, OrderBook, PublicTrade, Ticker};
use crate::protocol::wire::{self, MaybeMs, MaybeNum, Num, Text};
use crate::protocol::{
    Ask, BarQuery, Built, CallError, Instrument, Markets, MarketsQuery, Params, Product, Range, ReadFault, Reply,
    Scope, Unsigned,
};
use desk::time::{Interval, Timestamp};
use rust_decimal::Decimal;
use serde::Deserialize;

/// The day at a glance at the spot server.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SpotTicker {
    symbol: Text,
    #[serde(default)]
    buy: MaybeNum,
    #[serde(default)]
    best_bid_size: MaybeNum,
    #[serde(default)]
    sell: MaybeNum,
    #[serde(default)]
    best_ask_size: MaybeNum,
    #[serde(default)]
    change_rate: MaybeNum,
    #[serde(default)]
    change_price: MaybeNum,
    #[serde(default)]
    high: MaybeNum,
    #[serde(default)]
    low: MaybeNum,
    #[serde(default)]
    vol: MaybeNum,
    #[serde(default)]
    vol_value: MaybeNum,
    #[serde(default)]
    last: MaybeNum,
    #[serde(default)]
    time: MaybeMs,
}

/// All of them at one time.
#[derive(Deserialize)]
struct SpotTickers {
    #[serde(default)]
    time: MaybeMs,
    ticker: Vec<SpotTicker>,
}

/// The last trade and the best quotes at the futures server.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FuturesTicker {
    symbol: Text,
    #[serde(default)]
    price: MaybeNum,
    #[serde(default)]
    best_bid_price: MaybeNum,
    #[serde(default)]
    best_bid_size: MaybeNum,
    #[serde(default)]
    best_ask_price: MaybeNum,
    #[serde(default)]
    best_ask_size: MaybeNum,
    #[serde(default)]
    ts: MaybeNanos,
}

/// The day at a glance in the list of contracts.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContractDay {
    symbol: Text,
    #[serde(default)]
    last_trade_price: MaybeNum,
    #[serde(default)]
    high_price: MaybeNum,
    #[serde(default)]
    low_price: MaybeNum,
    #[serde(default)]
    price_chg: MaybeNum,
    #[serde(default)]
    price_chg_pct: MaybeNum,
    #[serde(default)]
    volume_of24h: MaybeNum,
    #[serde(default)]
    turnover_of24h: MaybeNum,
    #[serde(default)]
    mark_price: MaybeNum,
    #[serde(default)]
    index_price: MaybeNum,
}

#[derive(Deserialize)]
struct UnifiedTickers {
    #[serde(default)]
    ts: MaybeNanos,
    list: Vec<UnifiedTicker>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UnifiedTicker {
    symbol: Text,
    #[serde(default)]
    best_bid_price: MaybeNum,
    #[serde(default)]
    best_bid_size: MaybeNum,
    #[serde(default)]
    best_ask_price: MaybeNum,
    #[serde(default)]
    best_ask_size: MaybeNum,
    #[serde(default)]
    last_price: MaybeNum,
    #[serde(default)]
    open: MaybeNum,
    #[serde(default)]
    high: MaybeNum,
    #[serde(default)]
    low: MaybeNum,
    #[serde(default)]
    base_volume: MaybeNum,
    #[serde(default)]
    quote_volume: MaybeNum,
    #[serde(default)]
    price_change: MaybeNum,
    #[serde(default)]
    price_change_percent: MaybeNum,
    #[serde(default)]
    mark_price: MaybeNum,
    #[serde(default)]
    index_price: MaybeNum,
}

/// A fraction, in per cent.
fn per_cent(fraction: MaybeNum) -> Option<Decimal> {
    fraction.0.and_then(|fraction| fraction.checked_mul(Decimal::ONE_HUNDRED))
}

/// What the price was before the change.
fn before(last: MaybeNum, change: MaybeNum) -> Option<Decimal> {
    last.nonzero()?.checked_sub(change.0?).filter(|open| *open > Decimal::ZERO)
}

impl SpotTicker {
    fn ticker(&self, markets: &Markets, at: MaybeMs) -> Ticker {
        Ticker {
            market: markets.name_of(&self.symbol.0, &[Product::Spot]),
            at: self.time.0.or(at.0),
            bid: self.buy.nonzero(),
            bid_quantity: self.best_bid_size.0,
            ask: self.sell.nonzero(),
            ask_quantity: self.best_ask_size.0,
            last: self.last.nonzero(),
            open: before(self.last, self.change_price),
            high: self.high.nonzero(),
            low: self.low.nonzero(),
            change: self.change_price.0,
            percentage: per_cent(self.change_rate),
            base_volume: self.vol.0,
            quote_volume: self.vol_value.0,
            ..Ticker::default()
        }
    }
}

impl FuturesTicker {
    fn ticker(&self, markets: &Markets) -> Ticker {
        Ticker {
            market: markets.name_of(&self.symbol.0, &[]),
            at: self.ts.0,
            bid: self.best_bid_price.nonzero(),
            bid_quantity: self.best_bid_size.0,
            ask: self.best_ask_price.nonzero(),
            ask_quantity: self.best_ask_size.0,
            last: self.price.nonzero(),
            ..Ticker::default()
        }
    }
}

impl ContractDay {
    fn ticker(&self, markets: &Markets) -> Ticker {
        Ticker {
            market: markets.name_of(&self.symbol.0, &[]),
            last: self.last_trade_price.nonzero(),
            open: before(self.last_trade_price, self.price_chg),
            high: self.high_price.nonzero(),
            low: self.low_price.nonzero(),
            change: self.price_chg.0,
            percentage: per_cent(self.price_chg_pct),
            base_volume: self.volume_of24h.0,
            quote_volume: self.turnover_of24h.0.filter(|turnover| !turnover.is_sign_negative()),
            mark: self.mark_price.nonzero(),
            index: self.index_price.nonzero(),
            ..Ticker::default()
        }
    }
}

impl UnifiedTicker {
    fn ticker(&self, markets: &Markets, at: MaybeNanos) -> Ticker {
        Ticker {
            market: markets.name_of(&self.symbol.0, &[]),
            at: at.0,
            bid: self.best_bid_price.nonzero(),
            bid_quantity: self.best_bid_size.0,
            ask: self.best_ask_price.nonzero(),
            ask_quantity: self.best_ask_size.0,
            last: self.last_price.nonzero(),
            open: self.open.nonzero(),
            high: self.high.nonzero(),
            low: self.low.nonzero(),
            change: self.price_change.0,
            percentage: self.price_change_percent.0,
            base_volume: self.base_volume.0,
            quote_volume: self.quote_volume.0,
            mark: self.mark_price.nonzero(),
            index: self.index_price.nonzero(),
            ..Ticker::default()
        }
    }
}

fn of_symbol(market: &Instrument) -> Params {
    Params::new().with("symbol", &market.symbol)
}

fn unified(scope: &Scope) -> bool {
    scope.account == AccountSystem::Unified
}

fn public(origin: &'static str, path: &'static str, ours: &Params, scope: &Scope, weight: u32) -> Unsigned {
    Unsigned::public(origin, path, query(ours, &scope.extra, &[])).weighing(weight)
}

fn unified_tickers(reply: &Reply, markets: &Markets) -> Result<Vec<Ticker>, ReadFault> {
    let answer: UnifiedTickers = raw::data(reply)?;
    Ok(answer.list.iter().map(|row| row.ticker(markets, answer.ts)).collect())
}

/// A market's day at a glance.
pub(super) fn ticker(market: &Instrument, scope: &Scope) -> Built<Ticker> {
    if unified(scope) {
        let ours = of_symbol(market).with("tradeType", data_type(market.product));
        let request = public(SPOT, "/api/ua/v1/market/ticker", &ours, scope, 15);
        return Ok(Ask::new(request, |reply, markets| {
            let first = unified_tickers(reply, markets)?.into_iter().next();
            first.ok_or_else(|| ReadFault::parse(reply, "no ticker in the answer"))
        }));
    }
    if market.product.is_contract() {
        let request = public(FUTURES, "/api/v1/ticker", &of_symbol(market), scope, 2);
        return Ok(Ask::new(request, |reply, markets| Ok(raw::data::<FuturesTicker>(reply)?.ticker(markets))));
    }
    let request = public(SPOT, "/api/v1/market/stats", &of_symbol(market), scope, 15);
    Ok(Ask::new(request, |reply, markets| Ok(raw::data::<SpotTicker>(reply)?.ticker(markets, MaybeMs::default()))))
}

/// Of which product the markets of a question are.
fn product_of(asked: &MarketsQuery, usual: Product) -> Product {
    super::ask::product(asked.instruments.first(), &asked.scope, usual)
}

fn only(asked: &MarketsQuery) -> impl Fn(Vec<Ticker>) -> Vec<Ticker> + Send + Sync + 'static {
    let wanted: Vec<String> = asked.instruments.iter().map(|market| market.name.clone()).collect();
    move |mut all| {
        all.retain(|ticker| wanted.is_empty() || wanted.contains(&ticker.market));
        all
    }
}

/// The day at a glance of several markets: the venue answers for all, those asked for are kept.
pub(super) fn tickers(asked: &MarketsQuery, usual: Product) -> Built<Vec<Ticker>> {
    let product = product_of(asked, usual);
    let scope = &asked.scope;
    let ask = if unified(scope) {
        let ours = Params::new().with("tradeType", data_type(product));
        Ask::new(public(SPOT, "/api/ua/v1/market/ticker", &ours, scope, 15), unified_tickers)
    } else if product.is_contract() {
        Ask::new(public(FUTURES, "/api/v1/contracts/active", &Params::new(), scope, 3), |reply, markets| {
            let all: Vec<ContractDay> = raw::data(reply)?;
            Ok(all.iter().map(|row| row.ticker(markets)).collect())
        })
    } else {
        spot_tickers(scope)
    };
    Ok(ask.map(only(asked)))
}

fn spot_tickers(scope: &Scope) -> Ask<Vec<Ticker>> {
    Ask::new(public(SPOT, "/api/v1/market/allTickers", &Params::new(), scope, 15), |reply, markets| {
        let answer: SpotTickers = raw::data(reply)?;
        Ok(answer.ticker.iter().map(|row| row.ticker(markets, answer.time)).collect())
    })
}

/// The best bid and ask of several markets.
pub(super) fn best_quotes(asked: &MarketsQuery, usual: Product) -> Built<Vec<Ticker>> {
    let scope = &asked.scope;
    if unified(scope) || !product_of(asked, usual).is_contract() {
        return tickers(asked, usual);
    }
    let ask = Ask::new(public(FUTURES, "/api/v1/allTickers", &Params::new(), scope, 5), |reply, markets| {
        let all: Vec<FuturesTicker> = raw::data(reply)?;
        Ok(all.iter().map(|row| row.ticker(markets)).collect::<Vec<_>>())
    });
    Ok(ask.map(only(asked)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MarkPrice {
    #[serde(default)]
    time_point: MaybeMs,
    value: Num,
    #[serde(default)]
    index_price: MaybeNum,
}

/// The mark price of a contract, or of a margin pair.
pub(super) fn mark_price(market: &Instrument, scope: &Scope) -> Built<Ticker> {
    let origin = if market.product.is_contract() { FUTURES } else { SPOT };
    let path = format!("/api/v1/mark-price/{}/current", super::ask::segment(&market.symbol));
    let request = Unsigned::public(origin, path, query(&Params::new(), &scope.extra, &[])).weighing(3);
    let name = market.name.clone();
    Ok(Ask::new(request, move |reply, _| {
        let answer: MarkPrice = raw::data(reply)?;
        let (mark, index) = (Some(answer.value.0), answer.index_price.nonzero());
        Ok(Ticker { market: name.clone(), at: answer.time_point.0, mark, index, ..Ticker::default() })
    }))
}

#[derive(Deserialize)]
struct RawBook {
    #[serde(default)]
    sequence: MaybeNum,
    #[serde(default)]
    time: MaybeMs,
    #[serde(default)]
    ts: MaybeEither,
    bids: Vec<Vec<Num>>,
    asks: Vec<Vec<Num>>,
}

fn levels(rows: &[Vec<Num>]) -> Result<Vec<Level>, String> {
    let level = |row: &Vec<Num>| match row.as_slice() {
        [price, quantity, ..] => Ok(Level { price: wire::price(price.0)?, quantity: wire::quantity(quantity.0)? }),
        _ => Err("a level without its quantity".to_owned()),
    };
    rows.iter().map(level).collect()
}

/// Which book endpoint has `depth` levels a side. All of spot's levels are only given to known customers.
fn book_request(market: &Instrument, depth: Option<u32>, scope: &Scope) -> Unsigned {
    let ours = of_symbol(market);
    if unified(scope) {
        let levels = match depth {
            Some(0..=20) => "20",
            Some(21..=50) => "50",
            None | Some(51..=100) => "100",
            Some(_) => "FULL",
        };
        let ours = ours.with("tradeType", data_type(market.product)).with("limit", levels);
        return public(SPOT, "/api/ua/v1/market/orderbook", &ours, scope, 3);
    }
    match (market.product.is_contract(), depth) {
        (true, Some(0..=20)) => public(FUTURES, "/api/v1/level2/depth20", &ours, scope, 5),
        (true, Some(21..=100)) => public(FUTURES, "/api/v1/level2/depth100", &ours, scope, 5),
        (true, _) => public(FUTURES, "/api/v1/level2/snapshot", &ours, scope, 3),
        (false, Some(0..=20)) => public(SPOT, "/api/v1/market/orderbook/level2_20", &ours, scope, 2),
        (false, Some(21..=100)) => public(SPOT, "/api/v1/market/orderbook/level2_100", &ours, scope, 4),
        (false, _) => {
            let request = public(SPOT, "/api/v3/market/orderbook/level2", &ours, scope, 3);
            Unsigned { auth: crate::protocol::Auth::Signed, ..request }
        }
    }
}

/// An order book.
pub(super) fn order_book(market: &Instrument, depth: Option<u32>, scope: &Scope) -> Built<OrderBook> {
    let name = market.name.clone();
    Ok(Ask::new(book_request(market, depth, scope), move |reply, _| {
        let fault = |e: String| ReadFault::parse(reply, e);
        let answer: RawBook = raw::data(reply)?;
        let sequence = answer.sequence.0.map(|n| u64::try_from(n).map_err(|e| fault(e.to_string()))).transpose()?;
        let (bids, asks) = (levels(&answer.bids).map_err(fault)?, levels(&answer.asks).map_err(fault)?);
        if let (Some(bid), Some(ask)) = (bids.first(), asks.first())
            && bid.price >= ask.price
        {
            return Err(fault("a crossed book".to_owned()));
        }
        Ok(OrderBook { market: name.clone(), at: answer.time.0.or(answer.ts.0), sequence, bids, asks })
    }))
}

/// A bar length in the venue's words.
pub(super) fn interval_text(interval: Interval) -> Result<&'static str, CallError> {
    const MINUTE: i64 = 60_000;
    Ok(match interval.ms() / MINUTE {
        1 => "1min",
        3 => "3min",
        5 => "5min",
        15 => "15min",
        30 => "30min",
        60 => "1hour",
        120 => "2hour",
        240 => "4hour",
        360 => "6hour",
        480 => "8hour",
        720 => "12hour",
        1440 => "1day",
        10_080 => "1week",
        _ => return Err(lacks(format!("bars of {interval}"))),
    })
}

/// The stretch of time bars are asked for. With a first instant and a number of bars and no last instant, that is where
/// so many bars end.
fn bar_range(asked: &BarQuery) -> (Option<i64>, Option<i64>) {
    let range = asked.range;
    let since = range.since.map(Timestamp::ms);
    let length = |bars: u32| asked.interval.ms().saturating_mul(i64::from(bars));
    match (since, range.until.map(Timestamp::ms), range.limit) {
        (Some(since), None, Some(bars)) => (Some(since), Some(since.saturating_add(length(bars)))),
        (None, Some(until), Some(bars)) => (Some(until.saturating_sub(length(bars))), Some(until)),
        (since, until, _) => (since, until),
    }
}

/// How the cells of a row stand behind the time: the futures server has its own order.
#[derive(Clone, Copy)]
enum Cells {
    OpenCloseHighLow,
    OpenHighLowClose,
}

fn bar(row: &[Num], cells: Cells) -> Result<Bar, String> {
    let [time, a, b, c, d, rest @ ..] = row else { return Err("a bar with too few cells".to_owned()) };
    let [open, high, low, close] = match cells {
        Cells::OpenCloseHighLow => [a, c, d, b],
        Cells::OpenHighLowClose => [a, b, c, d],
    };
    let bar = Bar {
        open_time: bar_time(time.0)?,
        open: wire::price(open.0)?,
        high: wire::price(high.0)?,
        low: wire::price(low.0)?,
        close: wire::price(close.0)?,
        volume: wire::quantity(rest.first().map_or(Decimal::ZERO, |volume| volume.0))?,
    };
    let inside = |price: desk::money::Price| price >= bar.low && price <= bar.high;
    if inside(bar.open) && inside(bar.close) { Ok(bar) } else { Err("a bar outside of its own range".to_owned()) }
}

/// Bars out of a page: the oldest first, each instant once.
fn bars_of(reply: &Reply, cells: Cells, range: Range) -> Result<Vec<Bar>, ReadFault> {
    let rows = raw::rows::<Vec<Num>>(reply)?.0;
    let all: Result<Vec<Bar>, String> =
        rows.iter().enumerate().map(|(at, row)| bar(row, cells).map_err(|e| format!("bar {at}: {e}"))).collect();
    let mut all = all.map_err(|e| ReadFault::parse(reply, e))?;
    all.sort_by_key(|bar| bar.open_time);
    if let Some(pair) = all.windows(2).find(|pair| matches!(pair, [a, b] if a.open_time == b.open_time)) {
        let at = pair.first().map_or_else(String::new, |bar| bar.open_time.to_string());
        return Err(ReadFault::parse(reply, format!("two bars at {at}")));
    }
    Ok(window(all, range, |bar| Some(bar.open_time)))
}

/// Bars.
pub(super) fn bars(market: &Instrument, asked: &BarQuery, scope: &Scope) -> Built<Vec<Bar>> {
    let (from, to) = bar_range(asked);
    let range = Range { until: None, ..asked.range };
    // Only the unified market data has bars of the index and the mark price.
    let suffix = match asked.price {
        BarPrice::Trade => "",
        BarPrice::Index => "-index-price",
        BarPrice::Mark => "-mark-price",
        // A premium may be negative, which no bar of prices can hold.
        BarPrice::Premium => return Err(lacks("bars of the premium")),
    };
    if asked.price != BarPrice::Trade {
        contract(market)?;
    }
    let seconds = |ms: Option<i64>| ms.map(|ms| ms.div_euclid(1000));
    if unified(scope) || !suffix.is_empty() {
        let ours = Params::new()
            .with("symbol", format!("{}{suffix}", market.symbol))
            .with("interval", interval_text(asked.interval)?)
            .with("tradeType", data_type(market.product))
            .maybe("startAt", seconds(from))
            .maybe("endAt", seconds(to));
        let request = public(SPOT, "/api/ua/v1/market/kline", &ours, scope, 3);
        return Ok(Ask::new(request, move |reply, _| bars_of(reply, Cells::OpenCloseHighLow, range)));
    }
    if market.product.is_contract() {
        let minutes = asked.interval.ms() / 60_000;
        if !matches!(minutes, 1 | 5 | 15 | 30 | 60 | 120 | 240 | 480 | 720 | 1440 | 10_080) {
            return Err(lacks(format!("bars of {}", asked.interval)));
        }
        let ours = of_symbol(market).with("granularity", minutes).maybe("from", from).maybe("to", to);
        let request = public(FUTURES, "/api/v1/kline/query", &ours, scope, 3);
        return Ok(Ask::new(request, move |reply, _| bars_of(reply, Cells::OpenHighLowClose, range)));
    }
    let ours = of_symbol(market).with("type", interval_text(asked.interval)?);
    let ours = ours.maybe("startAt", seconds(from)).maybe("endAt", seconds(to));
    let request = public(SPOT, "/api/v1/market/candles", &ours, scope, 3);
    Ok(Ask::new(request, move |reply, _| bars_of(reply, Cells::OpenCloseHighLow, range)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawTrade {
    #[serde(default)]
    trade_id: Text,
    #[serde(default)]
    sequence: Text,
    #[serde(default)]
    time: MaybeNanos,
    #[serde(default)]
    ts: MaybeNanos,
    price: Num,
    size: Num,
    #[serde(default)]
    side: Text,
}

/// Trades of the market. The venue tells the newest hundred, whatever is asked.
pub(super) fn trades(market: &Instrument, range: &Range, scope: &Scope) -> Built<Vec<PublicTrade>> {
    let ours = of_symbol(market);
    let request = match Route::asked(Some(market), scope, market.product)? {
        Route::Unified(_) => {
            let ours = ours.with("tradeType", data_type(market.product));
            public(SPOT, "/api/ua/v1/market/trade", &ours, scope, 3)
        }
        Route::Futures => public(FUTURES, "/api/v1/trade/history", &ours, scope, 5),
        Route::Spot | Route::Fast | Route::Margin(_) => public(SPOT, "/api/v1/market/histories", &ours, scope, 3),
    };
    let (name, range) = (market.name.clone(), *range);
    Ok(Ask::new(request, move |reply, _| {
        let one = |row: &RawTrade| {
            Ok(PublicTrade {
                market: name.clone(),
                // The old spot answer has no id but its sequence, which is as unique.
                id: row.trade_id.owned().or_else(|| row.sequence.owned()),
                at: row.time.0.or(row.ts.0).ok_or("a trade without a time")?,
                side: row.side.some().map(side).transpose()?,
                price: wire::price(row.price.0)?,
                quantity: wire::quantity(row.size.0)?,
            })
        };
        let rows = raw::rows::<RawTrade>(reply)?.0;
        let all: Result<Vec<_>, String> = rows.iter().map(one).collect();
        let all = all.map_err(|e| ReadFault::parse(reply, e))?;
        Ok(window(all, range, |trade| Some(trade.at)))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(data: &str) -> Reply {
        Reply::new(200, format!(r#"{{"code":"200000","data":{data}}}"#))
    }

    #[test]
    fn bars_of_both_servers_have_their_cells_in_their_own_order() {
        let spot = reply(r#"[["1566789720","4","3","5","2","29.1","3"],["1566789660","4","3","5","2","15.6","1"]]"#);
        let futures = reply("[[1566789720000,4,5,2,3,29.1]]");
        let spot = bars_of(&spot, Cells::OpenCloseHighLow, Range::default()).unwrap();
        let futures = bars_of(&futures, Cells::OpenHighLowClose, Range::default()).unwrap();
        assert_eq!(spot.last(), futures.first());
        assert_eq!(spot.first().unwrap().open_time.ms(), 1_566_789_660_000, "the oldest first");
    }

    #[test]
    fn a_batch_with_a_bar_that_can_not_be_is_refused() {
        for bad in [
            r#"[["1566789720","4","3","2","5","29.1","3"]]"#,
            r#"[["1566789720","4","3","5","2","1"],["1566789720","4","3","5","2","1"]]"#,
            r#"[["1566789720","NaN","3","5","2","1"]]"#,
            r#"[["1566789720","0","3","5","2","1"]]"#,
            r#"[["1566789720","4"]]"#,
        ] {
            assert!(bars_of(&reply(bad), Cells::OpenCloseHighLow, Range::default()).is_err(), "{bad}");
        }
    }
}

//! The day at a glance, best quotes and mark prices: of the spot and the futures server, and of the unified market data
//! where the caller's account is a unified one.

use super::ask::{FUTURES, SPOT, data_type, of_symbol, public, query, unified};
use super::raw::{self, MaybeNanos};
use crate::protocol::model::Ticker;
use crate::protocol::wire::{MaybeMs, MaybeNum, Num, Text};
use crate::protocol::{
    Ask, Built, Instrument, Markets, MarketsQuery, Params, Product, ReadFault, Reply, Scope, Unsigned,
};
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

fn unified_tickers(reply: &Reply, markets: &Markets) -> Result<Vec<Ticker>, ReadFault> {
    let answer: UnifiedTickers = raw::object(reply)?;
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
        return Ok(Ask::new(request, |reply, markets| Ok(raw::object::<FuturesTicker>(reply)?.ticker(markets))));
    }
    let request = public(SPOT, "/api/v1/market/stats", &of_symbol(market), scope, 15);
    Ok(Ask::new(request, |reply, markets| Ok(raw::object::<SpotTicker>(reply)?.ticker(markets, MaybeMs::default()))))
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
        let answer: SpotTickers = raw::object(reply)?;
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
        let answer: MarkPrice = raw::object(reply)?;
        let (mark, index) = (Some(answer.value.0), answer.index_price.nonzero());
        Ok(Ticker { market: name.clone(), at: answer.time_point.0, mark, index, ..Ticker::default() })
    }))
}

//! Tickers, order books and trades of the market.

use super::super::protocol::call::{MarketsQuery, Range, Scope};
use super::super::protocol::fault::{CallError, ReadFault};
use super::super::protocol::http::{Reply, Unsigned};
use super::super::protocol::market::{Instrument, Markets, Product};
use super::super::protocol::model::{Level, OrderBook, PublicTrade, Side, Ticker};
use super::super::protocol::wire::{self, MaybeMs, MaybeNum, Num, Text};
use super::super::protocol::{Ask, Built};
use super::line::{Line, System, need_contract};
use super::raw::{Fields, data, each, public, rows};
use rust_decimal::Decimal;
use serde::Deserialize;

/// A ticker: the classic fields, then those of the unified account.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawTicker {
    #[serde(default)]
    pub(super) symbol: Text,
    #[serde(default)]
    category: Text,
    #[serde(default)]
    ts: MaybeMs,
    #[serde(default)]
    pub(super) next_funding_time: MaybeMs,
    #[serde(default)]
    last_pr: MaybeNum,
    #[serde(default)]
    bid_pr: MaybeNum,
    #[serde(default)]
    bid_sz: MaybeNum,
    #[serde(default)]
    ask_pr: MaybeNum,
    #[serde(default)]
    ask_sz: MaybeNum,
    #[serde(default)]
    open: MaybeNum,
    #[serde(default)]
    open24h: MaybeNum,
    #[serde(default)]
    high24h: MaybeNum,
    #[serde(default)]
    low24h: MaybeNum,
    #[serde(default)]
    change24h: MaybeNum,
    #[serde(default)]
    base_volume: MaybeNum,
    #[serde(default)]
    quote_volume: MaybeNum,
    #[serde(default)]
    pub(super) mark_price: MaybeNum,
    #[serde(default)]
    pub(super) index_price: MaybeNum,
    #[serde(default)]
    pub(super) funding_rate: MaybeNum,
    #[serde(default)]
    last_price: MaybeNum,
    #[serde(default)]
    bid1_price: MaybeNum,
    #[serde(default)]
    bid1_size: MaybeNum,
    #[serde(default)]
    ask1_price: MaybeNum,
    #[serde(default)]
    ask1_size: MaybeNum,
    #[serde(default)]
    open_price24h: MaybeNum,
    #[serde(default)]
    high_price24h: MaybeNum,
    #[serde(default)]
    low_price24h: MaybeNum,
    #[serde(default)]
    price24h_pcnt: MaybeNum,
    #[serde(default)]
    volume24h: MaybeNum,
    #[serde(default)]
    turnover24h: MaybeNum,
}

impl RawTicker {
    pub(super) fn name(&self, line: Line, markets: &Markets) -> String {
        line.name_in(markets, self.category.some(), &self.symbol.0)
    }

    fn ticker(&self, line: Line, markets: &Markets) -> Ticker {
        self.named(self.name(line, markets))
    }

    /// The ticker of a market that is known.
    pub(super) fn named(&self, market: String) -> Ticker {
        let change = self.change24h.0.or(self.price24h_pcnt.0);
        Ticker {
            market,
            at: self.ts.0,
            bid: self.bid_pr.nonzero().or(self.bid1_price.nonzero()),
            bid_quantity: self.bid_sz.0.or(self.bid1_size.0),
            ask: self.ask_pr.nonzero().or(self.ask1_price.nonzero()),
            ask_quantity: self.ask_sz.0.or(self.ask1_size.0),
            last: self.last_pr.nonzero().or(self.last_price.nonzero()),
            open: self.open.nonzero().or(self.open24h.nonzero()).or(self.open_price24h.nonzero()),
            high: self.high24h.nonzero().or(self.high_price24h.nonzero()),
            low: self.low24h.nonzero().or(self.low_price24h.nonzero()),
            // A fraction on the wire.
            percentage: change.and_then(|part| part.checked_mul(Decimal::ONE_HUNDRED)).map(|p| p.normalize()),
            base_volume: self.base_volume.0.or(self.volume24h.0),
            quote_volume: self.quote_volume.0.or(self.turnover24h.0),
            mark: self.mark_price.nonzero(),
            index: self.index_price.nonzero(),
            ..Ticker::default()
        }
    }
}

/// Where the tickers of a line are.
pub(super) fn tickers_request(line: Line, symbol: Option<&str>, scope: &Scope) -> Unsigned {
    let fields = Fields::new().maybe("symbol", symbol);
    let all = |fields: Fields| fields.extra(&scope.extra, &["method"]);
    match line.system {
        System::Unified => {
            // Margin trading has no prices of its own.
            let category = if line.category == "MARGIN" { "SPOT" } else { line.category };
            public("/api/v3/market/tickers", all(fields.with("category", category)))
        }
        System::Spot | System::Margin(_) => public("/api/v2/spot/market/tickers", all(fields)),
        System::Mix if symbol.is_some() => {
            public("/api/v2/mix/market/ticker", all(fields.with("productType", line.category)))
        }
        System::Mix => public("/api/v2/mix/market/tickers", all(fields.with("productType", line.category))),
    }
}

/// A market's day at a glance.
pub(super) fn ticker(market: &Instrument, scope: &Scope) -> Built<Ticker> {
    let line = Line::asked(Some(market), scope, Product::Spot)?;
    let request = tickers_request(line, Some(&market.symbol), scope);
    Ok(Ask::new(request, move |reply, markets| {
        let raw: Vec<RawTicker> = rows(reply, &[])?;
        let first = raw.first().ok_or_else(|| ReadFault::parse(reply, "no ticker"))?;
        Ok(first.ticker(line, markets))
    }))
}

/// The same of several markets.
pub(super) fn tickers(query: &MarketsQuery) -> Built<Vec<Ticker>> {
    let line = Line::asked(query.instruments.first(), &query.scope, Product::Spot)?;
    // Only the unified account can be asked for one of a list.
    let one = match query.instruments.as_slice() {
        [one] if line.is_unified() => Some(one.symbol.as_str()),
        _ => None,
    };
    let wanted: Vec<String> = query.instruments.iter().map(|i| i.symbol.clone()).collect();
    Ok(Ask::new(tickers_request(line, one, &query.scope), move |reply, markets| {
        let raw: Vec<RawTicker> = rows(reply, &[])?;
        let wanted = raw.iter().filter(|raw| wanted.is_empty() || wanted.contains(&raw.symbol.0));
        Ok(wanted.map(|raw| raw.ticker(line, markets)).collect())
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawPrices {
    symbol: Text,
    #[serde(default)]
    price: MaybeNum,
    #[serde(default)]
    index_price: MaybeNum,
    #[serde(default)]
    mark_price: MaybeNum,
    #[serde(default)]
    ts: MaybeMs,
}

/// The mark price of a contract.
pub(super) fn mark_price(market: &Instrument, scope: &Scope) -> Built<Ticker> {
    let line = Line::asked(Some(market), scope, Product::Linear)?;
    need_contract(line, "mark prices")?;
    if line.is_unified() {
        return ticker(market, scope);
    }
    let fields = Fields::new().with("symbol", market.symbol.as_str()).with("productType", line.category);
    let request = public("/api/v2/mix/market/symbol-price", fields.extra(&scope.extra, &[]));
    Ok(Ask::new(request, move |reply, markets| {
        let raw: Vec<RawPrices> = rows(reply, &[])?;
        let raw = raw.first().ok_or_else(|| ReadFault::parse(reply, "no price"))?;
        Ok(Ticker {
            market: line.name(markets, &raw.symbol.0),
            at: raw.ts.0,
            last: raw.price.nonzero(),
            mark: raw.mark_price.nonzero(),
            index: raw.index_price.nonzero(),
            ..Ticker::default()
        })
    }))
}

#[derive(Deserialize)]
struct RawBook {
    #[serde(default)]
    asks: Vec<(Num, Num)>,
    #[serde(default)]
    bids: Vec<(Num, Num)>,
    #[serde(default)]
    a: Vec<(Num, Num)>,
    #[serde(default)]
    b: Vec<(Num, Num)>,
    #[serde(default)]
    ts: MaybeMs,
}

fn levels(reply: &Reply, raw: &[(Num, Num)]) -> Result<Vec<Level>, ReadFault> {
    each(reply, raw, |(price, quantity)| {
        Ok(Level { price: wire::price(price.0)?, quantity: wire::quantity(quantity.0)? })
    })
}

/// An order book.
pub(super) fn order_book(market: &Instrument, depth: Option<u32>, scope: &Scope) -> Built<OrderBook> {
    let line = Line::asked(Some(market), scope, Product::Spot)?;
    let fields = Fields::new().with("symbol", market.symbol.as_str()).maybe("limit", depth.map(|n| n.to_string()));
    let all = |fields: Fields| fields.extra(&scope.extra, &[]);
    let request = match line.system {
        System::Unified => {
            let category = if line.category == "MARGIN" { "SPOT" } else { line.category };
            public("/api/v3/market/orderbook", all(fields.with("category", category)))
        }
        System::Spot | System::Margin(_) => public("/api/v2/spot/market/orderbook", all(fields)),
        System::Mix => public("/api/v2/mix/market/merge-depth", all(fields.with("productType", line.category))),
    };
    let name = market.name.clone();
    Ok(Ask::new(request, move |reply, _| {
        let raw: RawBook = data(reply)?;
        let (bids, asks) = if line.is_unified() { (&raw.b, &raw.a) } else { (&raw.bids, &raw.asks) };
        Ok(OrderBook {
            market: name.clone(),
            at: raw.ts.0,
            sequence: None,
            bids: levels(reply, bids)?,
            asks: levels(reply, asks)?,
        })
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawTrade {
    #[serde(default)]
    trade_id: Text,
    #[serde(default)]
    exec_id: Text,
    #[serde(default)]
    side: Text,
    price: Num,
    size: Num,
    ts: Num,
}

/// Buy or sell, in the venue's words.
pub(super) fn side(text: &str) -> Result<Side, String> {
    if text.eq_ignore_ascii_case("buy") {
        Ok(Side::Buy)
    } else if text.eq_ignore_ascii_case("sell") {
        Ok(Side::Sell)
    } else {
        Err(format!("{text:?} is no side"))
    }
}

fn trade(raw: &RawTrade, market: &str) -> Result<PublicTrade, String> {
    Ok(PublicTrade {
        market: market.to_owned(),
        id: raw.trade_id.owned().or_else(|| raw.exec_id.owned()),
        at: wire::millis(raw.ts.0)?,
        side: raw.side.some().map(side).transpose()?,
        price: wire::price(raw.price.0)?,
        quantity: wire::quantity(raw.size.0)?,
    })
}

/// Which of the two classic endpoints: `fills-history` reaches back in time, `fills` has the newest only.
fn recent_only(scope: &Scope) -> bool {
    let method = scope.extra.text("method").unwrap_or_default();
    !method.is_empty() && method.ends_with("MarketFills")
}

/// Trades of the market.
pub(super) fn trades(market: &Instrument, range: &Range, scope: &Scope) -> Result<Ask<Vec<PublicTrade>>, CallError> {
    let line = Line::asked(Some(market), scope, Product::Spot)?;
    let fields = Fields::new().with("symbol", market.symbol.as_str());
    let recent = recent_only(scope);
    let all = |fields: Fields| fields.extra(&scope.extra, &["method"]);
    let request = match line.system {
        System::Unified => {
            let limit = range.limit.map(|n| n.min(100).to_string());
            let fields = fields.with("category", line.category).maybe("limit", limit);
            public("/api/v3/market/fills", all(fields))
        }
        System::Spot | System::Margin(_) => {
            let path = if recent { "/api/v2/spot/market/fills" } else { "/api/v2/spot/market/fills-history" };
            public(path, all(fields.range(range)))
        }
        System::Mix => {
            let path = if recent { "/api/v2/mix/market/fills" } else { "/api/v2/mix/market/fills-history" };
            public(path, all(fields.range(range).with("productType", line.category)))
        }
    };
    let name = market.name.clone();
    Ok(Ask::new(request, move |reply, _| {
        let raw: Vec<RawTrade> = rows(reply, &[])?;
        let mut trades = each(reply, &raw, |raw| trade(raw, &name))?;
        trades.sort_by_key(|trade| trade.at);
        Ok(trades)
    }))
}

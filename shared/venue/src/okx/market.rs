//! Public data: time, health, tickers, books, trades, funding, open interest.

use super::raw::{BookRow, FundingRow, MarkRow, OpenInterestRow, Status, TickerRow, Time, TradeRow};
use super::{envelope, inst_type, inst_type_of, limits, rows, underlying};
use crate::protocol::call::{HistoryQuery, MarketsQuery, Range, Scope};
use crate::protocol::fields::Fields;
use crate::protocol::model::{Funding, Level, OpenInterest, OrderBook, PublicTrade, Ticker, VenueHealth};
use crate::protocol::wire::{self, MaybeMs, Text, price, quantity};
use crate::protocol::{Ask, Built, CallError, Instrument, Markets, Product, ReadFault, Reply, Unsigned};
use desk::time::Timestamp;
use rust_decimal::Decimal;

/// How deep a book is when nobody says: the venue's own answer would be one level.
const DEPTH: u32 = 100;
/// The deepest book of the quick endpoint.
const DEPTH_QUICK: u32 = 400;
/// The deepest book there is.
const DEPTH_MAX: u32 = 5000;
/// Milliseconds of an hour.
const HOUR_MS: i64 = 3_600_000;

fn get(path: &'static str, fields: Fields) -> Unsigned {
    limits::public(path, fields)
}

/// The server's time.
pub(super) fn server_time() -> Built<Timestamp> {
    Ok(Ask::new(limits::public("/api/v5/public/time", Fields::new()), |reply, _| {
        let MaybeMs(at) = envelope::first::<Time>(reply)?.ts;
        at.ok_or_else(|| ReadFault::parse(reply, "there is no time"))
    }))
}

/// Whether a maintenance is going on or planned.
pub(super) fn health() -> Built<VenueHealth> {
    Ok(Ask::new(limits::public("/api/v5/system/status", Fields::new()), |reply, _| {
        let all = envelope::rows::<Status>(reply)?;
        let in_state = |state: &str| all.iter().find(|row| row.state.0 == state);
        let (now, next) = (in_state("ongoing"), in_state("scheduled").or_else(|| in_state("pre_open")));
        Ok(VenueHealth {
            trading: now.is_none(),
            until: now.map_or_else(|| next.and_then(|row| row.begin.0), |row| row.end.0),
            message: now.or(next).and_then(|row| row.title.owned()),
        })
    }))
}

pub(super) fn ticker_of(row: &TickerRow, markets: &Markets) -> Result<Ticker, String> {
    let inst_id = row.inst_id.some().ok_or("a ticker without its instrument")?;
    let known = markets.of_symbol(inst_id, &[]);
    // Of contracts the venue tells the volume in contracts and in base units, of the rest in base and quote units.
    let spot = known.map_or(!inst_id.ends_with("-SWAP"), |market| market.product == Product::Spot);
    Ok(Ticker {
        market: markets.name_of(inst_id, &[]),
        at: row.ts.0,
        bid: row.bid_px.0,
        bid_quantity: row.bid_sz.0,
        ask: row.ask_px.0,
        ask_quantity: row.ask_sz.0,
        last: row.last.0,
        open: row.open.0,
        high: row.high.0,
        low: row.low.0,
        base_volume: row.volume.0,
        quote_volume: if spot { row.quote_volume.0 } else { None },
        ..Ticker::default()
    })
}

/// A market's day.
pub(super) fn ticker(market: &Instrument, scope: &Scope) -> Built<Ticker> {
    let fields = Fields::new().with("instId", market.symbol.as_str()).extra(&scope.extra, &[]);
    Ok(Ask::new(get("/api/v5/market/ticker", fields), |reply, markets| {
        ticker_of(&envelope::first(reply)?, markets).map_err(|e| ReadFault::parse(reply, e))
    }))
}

/// What a question about several markets is about: the first one's type, or the product's; spot otherwise.
fn kind_of(query: &MarketsQuery) -> &'static str {
    let named = query.instruments.first().map(inst_type);
    named.or_else(|| inst_type_of(query.scope.product)).unwrap_or("SPOT")
}

/// The names that are wanted; all, when there are none.
fn wanted(query: &MarketsQuery) -> Vec<String> {
    query.instruments.iter().map(|market| market.name.clone()).collect()
}

/// The same of several markets.
pub(super) fn tickers(query: &MarketsQuery) -> Built<Vec<Ticker>> {
    let fields = Fields::new().with("instType", kind_of(query)).extra(&query.scope.extra, &[]);
    let wanted = wanted(query);
    Ok(Ask::new(get("/api/v5/market/tickers", fields), move |reply, markets| {
        let mut all = envelope::each(reply, |row: TickerRow| ticker_of(&row, markets))?;
        all.retain(|ticker| wanted.is_empty() || wanted.contains(&ticker.market));
        Ok(all)
    }))
}

/// The mark price; the venue has one for spot pairs on margin too.
pub(super) fn mark_price(market: &Instrument, scope: &Scope) -> Built<Ticker> {
    let kind = if market.product == Product::Spot { "MARGIN" } else { inst_type(market) };
    let fields = Fields::new().with("instType", kind).with("instId", market.symbol.as_str()).extra(&scope.extra, &[]);
    Ok(Ask::new(get("/api/v5/public/mark-price", fields), |reply, markets| {
        let row: MarkRow = envelope::first(reply)?;
        let market = markets.name_of(&row.inst_id.0, &[]);
        Ok(Ticker { market, at: row.ts.0, mark: row.mark_px.0, ..Ticker::default() })
    }))
}

fn levels(side: &[Vec<Text>]) -> Result<Vec<Level>, String> {
    let number = |row: &[Text], at: usize| -> Result<Decimal, String> {
        wire::decimal(&row.get(at).ok_or("a level is too short")?.0)
    };
    side.iter().map(|row| Ok(Level { price: price(number(row, 0)?)?, quantity: quantity(number(row, 1)?)? })).collect()
}

/// An order book.
pub(super) fn order_book(market: &Instrument, depth: Option<u32>, scope: &Scope) -> Built<OrderBook> {
    let full = scope.extra.text("method").is_some_and(|method| method.ends_with("BooksFull"));
    let depth = depth.unwrap_or(if full { DEPTH_MAX } else { DEPTH });
    let path = if full || depth > DEPTH_QUICK { "/api/v5/market/books-full" } else { "/api/v5/market/books" };
    let fields = Fields::new()
        .with("instId", market.symbol.as_str())
        .with("sz", depth.min(DEPTH_MAX).to_string())
        .extra(&scope.extra, &["method"]);
    let name = market.name.clone();
    Ok(Ask::new(get(path, fields), move |reply, _| {
        let row: BookRow = envelope::first(reply)?;
        let parse = |e| ReadFault::parse(reply, e);
        let sequence = row.seq_id.0.and_then(|n| u64::try_from(n).ok());
        let (bids, asks) = (levels(&row.bids).map_err(parse)?, levels(&row.asks).map_err(parse)?);
        if let (Some(bid), Some(ask)) = (bids.first(), asks.first())
            && bid.price >= ask.price
        {
            return Err(ReadFault::parse(reply, "the book is crossed"));
        }
        Ok(OrderBook { market: name.clone(), at: row.ts.0, sequence, bids, asks })
    }))
}

fn trade_of(row: &TradeRow, markets: &Markets) -> Result<PublicTrade, String> {
    Ok(PublicTrade {
        market: markets.name_of(row.inst_id.some().ok_or("a trade without its instrument")?, &[]),
        id: row.trade_id.owned(),
        at: row.ts.0.ok_or("a trade without its time")?,
        side: Some(rows::side(&row.side.0)?),
        price: price(row.px.0.ok_or("a trade without its price")?)?,
        quantity: quantity(row.sz.0.ok_or("a trade without its quantity")?)?,
    })
}

/// Trades, oldest first: the newest ones, or those up to an instant.
pub(super) fn trades(market: &Instrument, range: &Range, scope: &Scope) -> Built<Vec<PublicTrade>> {
    let mut fields =
        Fields::new().with("instId", market.symbol.as_str()).maybe("limit", range.limit.map(|n| n.to_string()));
    let asked = scope.extra.text("method").is_some_and(|method| method.ends_with("HistoryTrades"));
    if let Some(until) = range.until {
        // Type 2: paged by time instead of by id.
        fields = fields.with("type", "2").with("after", until.plus_ms(1).ms().to_string());
    }
    let path = if asked || range.until.is_some() { "/api/v5/market/history-trades" } else { "/api/v5/market/trades" };
    let fields = fields.extra(&scope.extra, &["method"]);
    let range = *range;
    Ok(Ask::new(get(path, fields), move |reply, markets| {
        let mut all = envelope::each(reply, |row: TradeRow| trade_of(&row, markets))?;
        all.retain(|trade| range.since.is_none_or(|since| trade.at >= since));
        all.sort_by_key(|trade| trade.at);
        Ok(all)
    }))
}

pub(super) fn funding_of(row: &FundingRow, markets: &Markets) -> Result<Funding, String> {
    let (paid, next) = (row.funding_time.0, row.next_funding_time.0);
    let hours = paid.zip(next).map(|(paid, next)| next.ms_since(paid) / HOUR_MS).filter(|hours| *hours > 0);
    Ok(Funding {
        market: markets.name_of(row.inst_id.some().ok_or("a funding rate without its instrument")?, &[]),
        at: row.ts.0,
        rate: row.funding_rate.0,
        next_at: paid,
        next_rate: row.next_funding_rate.0,
        after_next_at: next,
        previous_at: row.prev_funding_time.0,
        interval_hours: hours.and_then(|hours| u32::try_from(hours).ok()),
        interest_rate: row.interest_rate.0,
        ..Funding::default()
    })
}

fn contract(market: &Instrument, what: &str) -> Result<(), CallError> {
    if market.product.is_contract() {
        return Ok(());
    }
    Err(CallError::Invalid(format!("{} is no contract and has no {what}", market.name)))
}

/// The funding rate of a contract.
pub(super) fn funding(market: &Instrument, scope: &Scope) -> Built<Funding> {
    contract(market, "funding")?;
    let fields = Fields::new().with("instId", market.symbol.as_str()).extra(&scope.extra, &[]);
    Ok(Ask::new(get("/api/v5/public/funding-rate", fields), |reply, markets| {
        funding_of(&envelope::first(reply)?, markets).map_err(|e| ReadFault::parse(reply, e))
    }))
}

/// Of all perpetual contracts.
pub(super) fn fundings(query: &MarketsQuery) -> Built<Vec<Funding>> {
    let fields = Fields::new().with("instId", "ANY").extra(&query.scope.extra, &[]);
    let wanted = wanted(query);
    Ok(Ask::new(get("/api/v5/public/funding-rate", fields), move |reply, markets| {
        let mut all = envelope::each(reply, |row: FundingRow| funding_of(&row, markets))?;
        all.retain(|funding| wanted.is_empty() || wanted.contains(&funding.market));
        Ok(all)
    }))
}

/// Rates that were, oldest first.
pub(super) fn funding_history(query: &HistoryQuery) -> Built<Vec<Funding>> {
    let Some(market) = &query.instrument else {
        return Err(CallError::Invalid("OKX wants to know whose funding rates are meant".into()));
    };
    contract(market, "funding")?;
    let before = query.range.since.map(|since| Timestamp::from_ms((since.ms() - 1).max(0)));
    let fields = Fields::new()
        .with("instId", market.symbol.as_str())
        .time("before", before)
        .time("after", query.range.until.map(|until| until.plus_ms(1)))
        .maybe("limit", query.range.limit.map(|n| n.to_string()))
        .extra(&query.scope.extra, &[]);
    Ok(Ask::new(get("/api/v5/public/funding-rate-history", fields), |reply, markets| {
        let mut all = envelope::each(reply, |row: FundingRow| {
            let inst_id = row.inst_id.some().ok_or("a funding rate without its instrument")?;
            let at = Some(row.funding_time.0.ok_or("a funding rate without its time")?);
            // What was paid, where the venue tells it, is not always what was announced.
            let rate = row.realized_rate.0.or(row.funding_rate.0);
            Ok(Funding { market: markets.name_of(inst_id, &[]), at, rate, ..Funding::default() })
        })?;
        all.sort_by_key(|funding| funding.at);
        Ok(all)
    }))
}

fn open_interest_of(row: &OpenInterestRow, markets: &Markets) -> Result<OpenInterest, String> {
    Ok(OpenInterest {
        market: markets.name_of(row.inst_id.some().ok_or("open interest without its instrument")?, &[]),
        amount: row.oi.0,
        value: row.oi_usd.0,
        at: row.ts.0,
    })
}

/// Open interest of a contract.
pub(super) fn open_interest(market: &Instrument, scope: &Scope) -> Built<OpenInterest> {
    contract(market, "open interest")?;
    let fields = Fields::new()
        .with("instType", inst_type(market))
        .maybe("uly", underlying(market))
        .with("instId", market.symbol.as_str())
        .extra(&scope.extra, &[]);
    Ok(Ask::new(get("/api/v5/public/open-interest", fields), |reply: &Reply, markets| {
        open_interest_of(&envelope::first(reply)?, markets).map_err(|e| ReadFault::parse(reply, e))
    }))
}

/// The same of several.
pub(super) fn open_interests(query: &MarketsQuery) -> Built<Vec<OpenInterest>> {
    let named = query.instruments.first().map(inst_type);
    let kind = named.or_else(|| inst_type_of(query.scope.product)).filter(|kind| *kind != "SPOT").unwrap_or("SWAP");
    let fields = Fields::new().with("instType", kind).extra(&query.scope.extra, &[]);
    let wanted = wanted(query);
    Ok(Ask::new(get("/api/v5/public/open-interest", fields), move |reply, markets| {
        let mut all = envelope::each(reply, |row: OpenInterestRow| open_interest_of(&row, markets))?;
        all.retain(|row| wanted.is_empty() || wanted.contains(&row.market));
        Ok(all)
    }))
}

//! The spot exchange's WebSocket v2.
//!
//! A book has no numbers: after every message the ten best levels of each side have a checksum over their digits, with as
//! many decimals as the pair has. The wire has numbers without trailing zeros, so they are put back by the market's steps.

mod own;
mod rows;

use super::reports::market_of;
use super::{Kraken, account, errors};
use crate::kraken::shared::side_of;
use crate::protocol::book::{Book, BookRule, BookUpdate, Numbering, WireLevel};
use crate::protocol::fault::{ApiError, Meaning, ReadFault};
use crate::protocol::model::{Bar, PublicTrade, Ticker};
use crate::protocol::plain;
use crate::protocol::stream::{Channel, Event, Heartbeat, StreamToken, Streams, Topic};
use crate::protocol::{Ask, CallError, Credentials, Instrument, Markets, Moment, Product, wire};
use desk::time::Interval;
use own::{balances, executions};
use rows::{Accepted, BalanceRow, BarRow, BookRow, ExecutionRow, Frame, LevelRow, TickerRow, TradeRow};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// How many levels of each side are kept.
const DEPTH: u32 = 100;
/// How many levels of each side a checksum is over.
const CHECKED: usize = 10;

/// CRC-32 over the digits of the ten lowest asks, then of the ten highest bids: of each the price and the quantity, without
/// the point and without zeros in front.
pub(super) fn checksum(book: &Book) -> u32 {
    let mut text = String::with_capacity(CHECKED * 2 * 24);
    for (price, quantity) in book.asks().take(CHECKED).chain(book.bids().take(CHECKED)) {
        text.push_str(&price.mantissa().to_string());
        text.push_str(&quantity.mantissa().to_string());
    }
    crc32fast::hash(text.as_bytes())
}

/// A number with at least as many decimals as a step has.
fn padded(value: Decimal, step: Option<Decimal>) -> Decimal {
    let Some(step) = step else { return value };
    let mut value = value.normalize();
    if value.scale() < step.scale() {
        value.rescale(step.scale());
    }
    value
}

fn name_of(markets: &Markets, symbol: &str) -> String {
    market_of(markets, symbol).map_or_else(|| symbol.to_owned(), |i| i.name.clone())
}

fn book(row: &BookRow<'_>, snapshot: bool, markets: &Markets) -> Result<BookUpdate, String> {
    let market: Option<&Instrument> = market_of(markets, row.symbol);
    let (tick, lot) = (market.and_then(|i| i.tick), market.and_then(|i| i.lot));
    let level = |row: &LevelRow| -> WireLevel { (padded(row.price.0, tick), padded(row.qty.0, lot)) };
    Ok(BookUpdate {
        market: market.map_or_else(|| row.symbol.to_owned(), |i| i.name.clone()),
        at: row.timestamp.map(wire::rfc3339).transpose()?,
        snapshot,
        checksum: Some(row.checksum),
        bids: row.bids.iter().map(level).collect(),
        asks: row.asks.iter().map(level).collect(),
        ..BookUpdate::default()
    })
}

fn trade(row: &TradeRow<'_>, markets: &Markets) -> Result<PublicTrade, String> {
    Ok(PublicTrade {
        market: name_of(markets, row.symbol),
        id: Some(row.trade_id.to_string()),
        at: wire::rfc3339(row.timestamp)?,
        side: Some(side_of(row.side)?),
        price: wire::price(row.price.0)?,
        quantity: wire::quantity(row.qty.0)?,
    })
}

fn ticker(row: &TickerRow<'_>, markets: &Markets) -> Result<Ticker, String> {
    Ok(Ticker {
        market: name_of(markets, row.symbol),
        at: row.timestamp.map(wire::rfc3339).transpose()?,
        bid: row.bid.nonzero(),
        bid_quantity: row.bid_qty.0,
        ask: row.ask.nonzero(),
        ask_quantity: row.ask_qty.0,
        last: row.last.nonzero(),
        high: row.high.nonzero(),
        low: row.low.nonzero(),
        change: row.change.0,
        percentage: row.change_pct.0,
        vwap: row.vwap.nonzero(),
        base_volume: row.volume.0,
        ..Ticker::default()
    })
}

/// Bars of a snapshot are followed by others but for the last one of each market.
fn bars(rows: &[BarRow<'_>], snapshot: bool, markets: &Markets) -> Result<Vec<Event>, String> {
    let one = |(at, row): (usize, &BarRow<'_>)| -> Result<Event, String> {
        let later = rows.iter().skip(at + 1).any(|other| other.symbol == row.symbol && other.interval == row.interval);
        let length = row.interval.checked_mul(60_000).ok_or("a bar too long")?;
        let bar = Bar {
            open_time: wire::rfc3339(row.interval_begin)?,
            open: wire::price(row.open.0)?,
            high: wire::price(row.high.0)?,
            low: wire::price(row.low.0)?,
            close: wire::price(row.close.0)?,
            volume: wire::quantity(row.volume.0)?,
        }
        .believed()?;
        let interval = Interval::from_ms(length).map_err(|e| e.to_string())?;
        Ok(Event::Bar { market: name_of(markets, row.symbol), interval, bar, closed: snapshot && later })
    };
    rows.iter().enumerate().map(one).collect()
}

fn of_channel(channel: &str, kind: &str, data: &str, markets: &Markets) -> Result<Vec<Event>, String> {
    fn rows<'a, T: Deserialize<'a>>(data: &'a str) -> Result<Vec<T>, String> {
        plain::from_str(data).map_err(|e| e.to_string())
    }
    let snapshot = match kind {
        "snapshot" => true,
        "update" => false,
        other => return Err(format!("{other:?} is no type of message")),
    };
    match channel {
        "trade" => rows::<TradeRow<'_>>(data)?.iter().map(|row| trade(row, markets).map(Event::Trade)).collect(),
        "book" => rows::<BookRow<'_>>(data)?.iter().map(|row| book(row, snapshot, markets).map(Event::Book)).collect(),
        "ticker" => rows::<TickerRow<'_>>(data)?.iter().map(|row| ticker(row, markets).map(Event::from)).collect(),
        "ohlc" => bars(&rows::<BarRow<'_>>(data)?, snapshot, markets),
        "executions" => executions(&rows::<ExecutionRow>(data)?, markets),
        "balances" => balances(&rows::<BalanceRow>(data)?),
        "status" => Ok(vec![Event::Ignored("the state of the trading engine")]),
        "instrument" => Ok(vec![Event::Ignored("the list of pairs")]),
        "level3" => Ok(vec![Event::Ignored("single orders of a book")]),
        other => Err(format!("{other:?} is no channel")),
    }
}

fn of_method(frame: &Frame<'_>, method: &str) -> Vec<Event> {
    match (method, frame.success) {
        ("pong", _) => vec![Event::Heartbeat],
        ("subscribe" | "unsubscribe", Some(true)) => {
            let told = frame.result.and_then(|result| serde_json::from_str::<Accepted>(result.get()).ok());
            let Accepted { channel, symbol } = told.unwrap_or_default();
            vec![Event::Accepted(format!("{method} {} {}", channel.0, symbol.0).trim_end().to_owned())]
        }
        ("subscribe" | "unsubscribe", _) => {
            let text = frame.error.clone().unwrap_or_else(|| format!("{method} failed"));
            let code: String = text.chars().take(200).collect();
            let meaning = errors::meaning(&text);
            let error = ApiError { message: code.clone(), code, status: 0, meaning, retry_after_ms: None };
            vec![Event::Refused(error)]
        }
        _ => vec![Event::Ignored("the answer to an order of the stream: orders are placed by requests")],
    }
}

fn read(frame: &str, markets: &Markets) -> Result<Vec<Event>, String> {
    let parsed: Frame<'_> = plain::from_str(frame).map_err(|e| e.to_string())?;
    if let Some(method) = parsed.method {
        return Ok(of_method(&parsed, method));
    }
    match (parsed.channel, parsed.data, &parsed.error) {
        (Some("heartbeat"), _, _) => Ok(vec![Event::Heartbeat]),
        (Some(channel), Some(data), _) => of_channel(channel, parsed.kind.unwrap_or_default(), data.get(), markets),
        (None, None, Some(error)) => {
            let code: String = error.chars().take(200).collect();
            let error =
                ApiError { message: code.clone(), code, status: 0, meaning: Meaning::Unclear, retry_after_ms: None };
            Ok(vec![Event::Refused(error)])
        }
        _ => Err("neither a channel nor a method".to_owned()),
    }
}

fn request(channel: &str, on: bool, params: Value) -> String {
    let mut all = Map::new();
    all.insert("channel".to_owned(), Value::String(channel.to_owned()));
    if let Value::Object(params) = params {
        all.extend(params);
    }
    json!({ "method": if on { "subscribe" } else { "unsubscribe" }, "params": all }).to_string()
}

/// A market's name on this stream.
fn symbol(instrument: &Instrument) -> String {
    format!("{}/{}", instrument.base, instrument.quote)
}

fn subscriptions(topics: &[Topic], token: Option<&StreamToken>, on: bool) -> Result<Vec<String>, CallError> {
    let mut public: BTreeMap<(&str, i64), Vec<String>> = BTreeMap::new();
    let mut private: Vec<&str> = Vec::new();
    for topic in topics {
        match topic {
            Topic::Trades(i) => public.entry(("trade", 0)).or_default().push(symbol(i)),
            Topic::Ticker(i) => public.entry(("ticker", 0)).or_default().push(symbol(i)),
            Topic::Book(i) => public.entry(("book", 0)).or_default().push(symbol(i)),
            Topic::Bars(i, interval) => {
                if interval.ms() % 60_000 != 0 {
                    return Err(CallError::Unsupported { venue: "kraken", what: format!("bars of {interval}") });
                }
                public.entry(("ohlc", interval.ms() / 60_000)).or_default().push(symbol(i));
            }
            Topic::Orders(Product::Spot) => private.push("executions"),
            Topic::Balances(Product::Spot) => private.push("balances"),
            Topic::Positions(_) | Topic::Orders(_) | Topic::Balances(_) => {
                return Err(CallError::Unsupported {
                    venue: "kraken",
                    what: "a stream of positions or contracts".to_owned(),
                });
            }
        }
    }
    let mut frames = Vec::new();
    for ((channel, interval), symbols) in public {
        let params = match channel {
            "book" if on => json!({ "symbol": symbols, "depth": DEPTH, "snapshot": true }),
            "book" => json!({ "symbol": symbols, "depth": DEPTH }),
            "ohlc" if on => json!({ "symbol": symbols, "interval": interval, "snapshot": true }),
            "ohlc" => json!({ "symbol": symbols, "interval": interval }),
            // Old trades would be told as new ones.
            _ if on => json!({ "symbol": symbols, "snapshot": channel != "trade" }),
            _ => json!({ "symbol": symbols }),
        };
        frames.push(request(channel, on, params));
    }
    for channel in private {
        let token = token.ok_or_else(|| CallError::Invalid("a private stream needs a token".to_owned()))?;
        let params = match (channel, on) {
            // Old trades would be told as new ones; those that were missed are looked for in the lists.
            ("executions", true) => {
                json!({ "token": token.token, "snap_orders": true, "snap_trades": false, "order_status": true })
            }
            ("balances", true) => json!({ "token": token.token, "snapshot": true }),
            _ => json!({ "token": token.token }),
        };
        frames.push(request(channel, on, params));
    }
    Ok(frames)
}

impl Streams for Kraken {
    fn token(&self, channel: Channel) -> Result<Option<Ask<StreamToken>>, CallError> {
        match channel {
            Channel::Public(_) => Ok(None),
            Channel::Private(_) => account::stream_token().map(Some),
        }
    }

    fn url(&self, channel: Channel, _: Option<&StreamToken>, test: bool) -> Result<String, CallError> {
        if test {
            return Err(CallError::Unsupported { venue: "kraken", what: "a test network".to_owned() });
        }
        match channel {
            Channel::Public(Product::Spot) => Ok("wss://ws.kraken.com/v2".to_owned()),
            Channel::Private(Product::Spot) => Ok("wss://ws-auth.kraken.com/v2".to_owned()),
            Channel::Public(product) | Channel::Private(product) => {
                Err(CallError::Unsupported { venue: "kraken", what: format!("a stream of {product:?} contracts") })
            }
        }
    }

    fn login(&self, _: Channel, _: &Credentials, _: Moment) -> Result<Vec<String>, CallError> {
        // The token stands in each subscription.
        Ok(Vec::new())
    }

    fn subscribe(&self, topics: &[Topic], token: Option<&StreamToken>, on: bool) -> Result<Vec<String>, CallError> {
        subscriptions(topics, token, on)
    }

    fn heartbeat(&self, _: Channel) -> Heartbeat {
        // The server tells that it is there once a second, when there is nothing else to tell.
        Heartbeat { every_ms: 30_000, frame: Some(r#"{"method":"ping"}"#.to_owned()), silence_max_ms: 10_000 }
    }

    fn book_rule(&self, _: Product) -> BookRule {
        let depth = usize::try_from(DEPTH).unwrap_or_default();
        BookRule { numbering: Numbering::None, fetched: false, depth, checksum: Some(checksum) }
    }

    fn read(&self, _: Channel, frame: &str, markets: &Markets) -> Result<Vec<Event>, ReadFault> {
        read(frame, markets).map_err(|what| ReadFault::Parse {
            what,
            status: 0,
            excerpt: frame.chars().take(200).collect(),
        })
    }
}

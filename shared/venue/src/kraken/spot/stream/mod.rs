//! The spot exchange's WebSocket v2.
//!
//! A book has no numbers: after every message the ten best levels of each side have a checksum over their digits, with as
//! many decimals as the pair has. The wire has numbers without trailing zeros, so they are put back by the market's steps.

mod rows;

use super::reports::{kind_of, market_of};
use super::{Kraken, account, errors};
use crate::kraken::shared::side_of;
use crate::protocol::book::{Book, BookRule, BookUpdate, Numbering, WireLevel};
use crate::protocol::call::TimeInForce;
use crate::protocol::fault::{ApiError, Meaning, ReadFault};
use crate::protocol::model::{
    Balances, Bar, Holding, Liquidity, OrderReport, OrderState, OwnTrade, PublicTrade, Ticker, VenueFee,
};
use crate::protocol::plain;
use crate::protocol::stream::{Channel, Event, Heartbeat, StreamToken, Streams, Topic};
use crate::protocol::wire;
use crate::protocol::{Ask, CallError, Credentials, Instrument, Markets, Moment, Product};
use desk::time::{Interval, Timestamp};
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

fn state_of(row: &ExecutionRow) -> Result<Option<OrderState>, String> {
    Ok(Some(match row.order_status.0.as_str() {
        // Old fills of a snapshot tell of no status.
        "" => return Ok(None),
        "pending_new" | "new" | "partially_filled" => OrderState::Open,
        "filled" => OrderState::Closed,
        "canceled" => OrderState::Canceled,
        "expired" => OrderState::Expired,
        other => return Err(format!("{other:?} is no status of an order")),
    }))
}

fn force_of(text: &str) -> Option<TimeInForce> {
    match text.to_ascii_uppercase().as_str() {
        "GTC" => Some(TimeInForce::Gtc),
        "IOC" => Some(TimeInForce::Ioc),
        "GTD" => Some(TimeInForce::Gtd),
        "FOK" => Some(TimeInForce::Fok),
        _ => None,
    }
}

fn order(row: &ExecutionRow, at: Timestamp, markets: &Markets) -> Result<OrderReport, String> {
    let id = row.order_id.owned().ok_or("an order without its id")?;
    let (quantity, filled) = (row.order_qty.quantity()?, row.cum_qty.quantity()?);
    if quantity.zip(filled).is_some_and(|(quantity, filled)| filled > quantity) {
        return Err(format!("order {id}: more is filled than was asked for"));
    }
    let trigger = row.triggers.as_ref().and_then(|triggers| {
        let fixed = triggers.price.nonzero().filter(|_| triggers.price_type.some().is_none_or(|kind| kind == "static"));
        triggers.actual_price.nonzero().or(fixed)
    });
    let kind = row.order_type.0.as_str();
    Ok(OrderReport {
        market: row.symbol.some().map(|symbol| name_of(markets, symbol)),
        id: Some(id),
        client_id: client_id(row),
        state: state_of(row)?,
        kind: kind_of(kind)?,
        side: row.side.some().map(side_of).transpose()?,
        time_in_force: force_of(&row.time_in_force.0),
        post_only: row.post_only.0,
        reduce_only: row.reduce_only.0,
        price: row.limit_price.nonzero(),
        trigger_price: trigger,
        take_profit_price: trigger.filter(|_| kind.starts_with("take-profit")),
        stop_loss_price: trigger.filter(|_| kind.starts_with("stop-loss")),
        quantity,
        filled,
        cost: row.cum_cost.0,
        average: row.avg_price.nonzero(),
        updated_at: Some(at),
        last_trade_at: Some(at).filter(|_| row.exec_type.0 == "trade"),
        ..OrderReport::default()
    })
}

fn client_id(row: &ExecutionRow) -> Option<String> {
    row.cl_ord_id.owned().or_else(|| row.order_userref.nonzero().map(|number| number.to_string()))
}

fn fill(row: &ExecutionRow, at: Timestamp, markets: &Markets) -> Result<OwnTrade, String> {
    let fee = match row.fees.as_slice() {
        [fee] => Some(VenueFee { cost: fee.qty.0, currency: fee.asset.owned() }),
        _ => None,
    };
    Ok(OwnTrade {
        market: row.symbol.some().map(|symbol| name_of(markets, symbol)).ok_or("a fill without its market")?,
        id: row.exec_id.owned().ok_or("a fill without its id")?,
        order: row.order_id.owned(),
        client_id: client_id(row),
        at: Some(at),
        side: row.side.some().map(side_of).transpose()?,
        liquidity: match row.liquidity_ind.0.as_str() {
            "m" => Some(Liquidity::Maker),
            "t" => Some(Liquidity::Taker),
            _ => None,
        },
        price: wire::price(row.last_price.0.ok_or("a fill without its price")?)?,
        quantity: wire::quantity(row.last_qty.0.ok_or("a fill without its quantity")?)?,
        cost: row.cost.0,
        fee,
    })
}

fn executions(rows: &[ExecutionRow], markets: &Markets) -> Result<Vec<Event>, String> {
    let mut events = Vec::with_capacity(rows.len());
    for row in rows {
        let at = wire::rfc3339(&row.timestamp.0)?;
        match row.exec_type.0.as_str() {
            "trade" => events.push(Event::Fill(fill(row, at, markets)?)),
            "pending_new" | "new" | "filled" | "iceberg_refill" | "canceled" | "expired" | "amended" | "restated"
            | "status" => {}
            other => return Err(format!("{other:?} is no kind of event of an order")),
        }
        if row.order_status.some().is_some() {
            events.push(Event::Order(order(row, at, markets)?));
        }
    }
    Ok(events)
}

/// Only the wallet that trades: others earn interest, or are those of another exchange.
fn balances(rows: &[BalanceRow]) -> Result<Vec<Event>, String> {
    let mut told = Balances::default();
    let mut of: BTreeMap<String, Holding> = BTreeMap::new();
    for row in rows {
        let trading = |kind: &str, id: &str| matches!(kind, "" | "spot") && matches!(id, "" | "main");
        let total = match &row.wallets {
            Some(wallets) => {
                let mine = wallets.iter().filter(|wallet| trading(&wallet.kind.0, &wallet.id.0));
                mine.map(|wallet| wallet.balance.0).sum()
            }
            None if trading(&row.wallet_type.0, &row.wallet_id.0) => row.balance.0,
            None => continue,
        };
        if let Some(at) = row.timestamp.some() {
            told.at = Some(wire::rfc3339(at)?);
        }
        of.insert(crate::kraken::assets::common(&row.asset.0), Holding { total: Some(total), ..Holding::default() });
    }
    if of.is_empty() {
        return Ok(vec![Event::Ignored("balances of wallets that don't trade")]);
    }
    told.of = of;
    Ok(vec![Event::Balances(told)])
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
        "ticker" => rows::<TickerRow<'_>>(data)?.iter().map(|row| ticker(row, markets).map(Event::Ticker)).collect(),
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
            ("executions", true) => {
                json!({ "token": token.token, "snap_orders": true, "snap_trades": true, "order_status": true })
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

//! Streams, v5: `publicTrade`, `orderbook.50`, `tickers`, `kline`; `order`, `execution`, `position`, `wallet`.
//!
//! 1. The topic tells the type of the rest, so a frame is read once, into borrowed text and exact numbers.
//! 2. A book's number `u` grows by one. A snapshot starts anew, and so does `u = 1`, which the venue sends when its
//!    service was restarted.
//! 3. Tickers of contracts come as deltas: what a delta does not name has not changed, and is `None` in its event.
//! 4. Executions that are no fills (funding, settlement of profit) change no quantity and are passed over by name.

use super::errors::meaning;
use super::market::{funding_of, interval_of, interval_word, ticker_of};
use super::raw::{ExecutionRow, OrderRow, PositionRow, WalletRow};
use super::raw_market::TickerRow;
use super::request::{category, invalid, product};
use super::{Bybit, reports, signature};
use crate::protocol::book::{BookRule, BookUpdate, Numbering};
use crate::protocol::fault::{ApiError, Meaning};
use crate::protocol::model::{Balances, Bar, PublicTrade};
use crate::protocol::plain;
use crate::protocol::stream::{Channel, Event, Heartbeat, StreamToken, Topic};
use crate::protocol::wire::{MaybeMs, Num, Text, instant, price, quantity};
use crate::protocol::{Ask, CallError, Credentials, Instrument, Markets, Moment, Product, ReadFault, Reply, Streams};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use std::borrow::Cow;

/// How many levels of a side are listened to.
const DEPTH: usize = 50;
/// The most topics of one request (of spot; other products take more).
const TOPICS_MAX: usize = 10;

/// A frame of a topic.
#[derive(Deserialize)]
struct Frame<'a, T> {
    #[serde(borrow)]
    topic: Cow<'a, str>,
    #[serde(borrow, default, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(default)]
    ts: MaybeMs,
    #[serde(default, rename = "creationTime")]
    created: MaybeMs,
    data: T,
}

#[derive(Deserialize)]
struct Trade<'a> {
    #[serde(rename = "T")]
    at: i64,
    #[serde(borrow, rename = "s")]
    symbol: Cow<'a, str>,
    #[serde(borrow, rename = "S")]
    side: Cow<'a, str>,
    #[serde(rename = "v")]
    quantity: Num,
    #[serde(rename = "p")]
    price: Num,
    #[serde(borrow, rename = "i")]
    id: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Depth<'a> {
    #[serde(borrow, rename = "s")]
    symbol: Cow<'a, str>,
    #[serde(rename = "b")]
    bids: Vec<(Num, Num)>,
    #[serde(rename = "a")]
    asks: Vec<(Num, Num)>,
    #[serde(rename = "u")]
    number: u64,
}

#[derive(Deserialize)]
struct Kline {
    start: MaybeMs,
    interval: String,
    open: Num,
    high: Num,
    low: Num,
    close: Num,
    volume: Num,
    confirm: bool,
}

/// A frame that is about the connection itself.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Control {
    op: Text,
    success: Option<bool>,
    #[serde(alias = "retCode")]
    ret_code: Text,
    #[serde(alias = "retMsg")]
    ret_msg: Text,
}

/// The text of the topic, without reading the rest.
fn topic_of(frame: &str) -> Option<&str> {
    let behind = frame.get(frame.find("\"topic\"")? + 7..)?;
    let value = behind.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    value.get(..value.find('"')?)
}

fn bad(frame: &str, what: impl std::fmt::Display) -> ReadFault {
    // A frame has no status; the excerpt is cut as that of a reply.
    let begins: Vec<u8> = frame.bytes().take(400).collect();
    ReadFault::parse(&Reply::new(0, begins), what)
}

/// A frame of the topic that was seen in it. A topic inside of the data is no topic.
fn framed<'a, T: Deserialize<'a>>(frame: &'a str, topic: &str) -> Result<Frame<'a, T>, ReadFault> {
    let read: Frame<'a, T> = plain::from_str(frame).map_err(|e| bad(frame, e))?;
    if read.topic != topic {
        return Err(bad(frame, format!("{topic:?} is not the topic")));
    }
    Ok(read)
}

fn trades(frame: &str, topic: &str, product: Product, markets: &Markets) -> Result<Vec<Event>, ReadFault> {
    let rows = framed::<Vec<Trade<'_>>>(frame, topic)?.data;
    let trade = |row: Trade<'_>| -> Result<Event, String> {
        Ok(Event::Trade(PublicTrade {
            market: markets.name_of(&row.symbol, &[product]),
            id: Some(row.id.into_owned()),
            at: instant(row.at)?,
            side: Some(reports::side(&row.side)?),
            price: price(row.price.0)?,
            quantity: quantity(row.quantity.0)?,
        }))
    };
    rows.into_iter().map(trade).collect::<Result<_, _>>().map_err(|e| bad(frame, e))
}

fn book(frame: &str, topic: &str, product: Product, markets: &Markets) -> Result<Vec<Event>, ReadFault> {
    let read = framed::<Depth<'_>>(frame, topic)?;
    let snapshot = match read.kind.as_deref() {
        Some("snapshot") => true,
        Some("delta") => read.data.number == 1,
        _ => return Err(bad(frame, "neither a snapshot nor a delta")),
    };
    let levels = |rows: Vec<(Num, Num)>| rows.into_iter().map(|(price, quantity)| (price.0, quantity.0)).collect();
    Ok(vec![Event::Book(BookUpdate {
        market: markets.name_of(&read.data.symbol, &[product]),
        at: read.ts.0,
        snapshot,
        first: None,
        last: Some(read.data.number),
        previous: None,
        checksum: None,
        bids: levels(read.data.bids),
        asks: levels(read.data.asks),
    })])
}

fn tickers(frame: &str, topic: &str, product: Product, markets: &Markets) -> Result<Vec<Event>, ReadFault> {
    let read = framed::<TickerRow>(frame, topic)?;
    let row = read.data;
    if row.symbol.is_empty() {
        return Err(bad(frame, "a ticker of nothing"));
    }
    let known = markets.of_symbol(&row.symbol, &[product]);
    let mut events =
        vec![Event::Ticker(Box::new(ticker_of(&row, markets.name_of(&row.symbol, &[product]), read.ts.0)))];
    if row.funding_rate.0.is_some() {
        events.push(Event::Funding(funding_of(&row, known, read.ts.0)));
    }
    Ok(events)
}

fn bars(frame: &str, topic: &str, product: Product, markets: &Markets) -> Result<Vec<Event>, ReadFault> {
    let rows = framed::<Vec<Kline>>(frame, topic)?.data;
    let ordered = |pair: &[Kline]| matches!(pair, [a, b] if a.start.0 < b.start.0);
    if !rows.windows(2).all(ordered) {
        return Err(bad(frame, "the bars are not in order of time"));
    }
    let symbol = topic.splitn(3, '.').nth(2).unwrap_or_default();
    let market = markets.name_of(symbol, &[product]);
    let bar = |row: &Kline| -> Result<Event, String> {
        let interval = interval_of(&row.interval).ok_or_else(|| format!("bars of {:?}", row.interval))?;
        let bar = Bar {
            open_time: row.start.0.ok_or("a bar without a time")?,
            open: price(row.open.0)?,
            high: price(row.high.0)?,
            low: price(row.low.0)?,
            close: price(row.close.0)?,
            volume: quantity(row.volume.0)?,
        };
        Ok(Event::Bar { market: market.clone(), interval, bar: bar.believed()?, closed: row.confirm })
    };
    rows.iter().map(bar).collect::<Result<_, _>>().map_err(|e| bad(frame, e))
}

/// One event a row.
fn rows<T: for<'de> Deserialize<'de>>(
    frame: &str,
    topic: &str,
    turn: impl Fn(&T) -> Result<Event, String>,
) -> Result<Vec<Event>, ReadFault> {
    let rows = framed::<Vec<T>>(frame, topic)?.data;
    rows.iter().map(turn).collect::<Result<_, _>>().map_err(|e| bad(frame, e))
}

fn execution(row: &ExecutionRow, page: Product, markets: &Markets) -> Result<Event, String> {
    match row.exec_type.0.as_str() {
        // The fast stream of fills has no type.
        "" | "Trade" | "AdlTrade" | "BustTrade" | "BlockTrade" | "MovePosition" | "Delivery" => {
            reports::execution(row, page, markets).map(Event::from)
        }
        "Funding" => Ok(Event::Ignored("a funding payment")),
        "Settle" => Ok(Event::Ignored("a settlement of profit and loss")),
        other => Err(format!("{other:?} is no type of execution")),
    }
}

fn wallets(frame: &str, topic: &str) -> Result<Vec<Event>, ReadFault> {
    let read = framed::<Vec<WalletRow>>(frame, topic)?;
    let coins = read.data.iter().flat_map(|wallet| &wallet.coin);
    let of = coins.map(reports::holding).collect::<Result<_, _>>().map_err(|e| bad(frame, e))?;
    Ok(vec![Event::Balances(Balances { at: read.created.0, of })])
}

/// A frame of no use: it has to be whole all the same.
fn ignored(frame: &str, topic: &str, what: &'static str) -> Result<Vec<Event>, ReadFault> {
    framed::<IgnoredAny>(frame, topic).map(|_| vec![Event::Ignored(what)])
}

fn private(frame: &str, topic: &str, page: Product, markets: &Markets) -> Result<Vec<Event>, ReadFault> {
    let (name, rest) = topic.split_once('.').unwrap_or((topic, ""));
    let page = product(rest).unwrap_or(page);
    match name {
        "order" => rows::<OrderRow>(frame, topic, |row| reports::order(row, page, markets).map(Event::from)),
        "execution" => rows::<ExecutionRow>(frame, topic, |row| execution(row, page, markets)),
        "position" => rows::<PositionRow>(frame, topic, |row| reports::position(row, page, markets).map(Event::from)),
        "wallet" => wallets(frame, topic),
        "greeks" => ignored(frame, topic, "greeks of options"),
        "dcp" => ignored(frame, topic, "the switch against disconnection"),
        other => Err(bad(frame, format!("{other:?} is no topic"))),
    }
}

fn control(frame: &str) -> Result<Vec<Event>, ReadFault> {
    let read: Control = serde_json::from_str(frame).map_err(|e| bad(frame, e))?;
    let code = read.ret_code.some();
    let refused = read.success == Some(false) || code.is_some_and(|code| code != "0");
    let event = match read.op.0.as_str() {
        "ping" | "pong" => Event::Heartbeat,
        name if name.starts_with("order.") => Event::Ignored("order entry over WebSocket"),
        "" if read.success.is_none() => return Err(bad(frame, "neither a topic nor an answer")),
        _ if read.ret_msg.0 == "pong" => Event::Heartbeat,
        op if refused => {
            let code = code.filter(|code| *code != "0").unwrap_or(op).to_owned();
            let message = read.ret_msg.0.chars().take(200).collect();
            let meaning = match (op, meaning(&code)) {
                ("auth", Meaning::Unclear) => Meaning::Credentials,
                (_, meaning) => meaning,
            };
            Event::Refused(ApiError { code, message, status: 0, meaning, retry_after_ms: None })
        }
        op => Event::Accepted(op.to_owned()),
    };
    Ok(vec![event])
}

fn args(topic: &Topic) -> Result<Vec<String>, CallError> {
    let of = |name: &str, market: &Instrument| vec![format!("{name}.{}", market.symbol)];
    Ok(match topic {
        Topic::Trades(market) => of("publicTrade", market),
        Topic::Ticker(market) => of("tickers", market),
        Topic::Book(market) => of(&format!("orderbook.{DEPTH}"), market),
        Topic::Bars(market, interval) => {
            let Some(word) = interval_word(*interval) else {
                return invalid(format!("the venue has no bars of {interval}"));
            };
            of(&format!("kline.{word}"), market)
        }
        Topic::Orders(product) => {
            vec![format!("order.{}", category(*product)), format!("execution.{}", category(*product))]
        }
        Topic::Balances(_) => vec!["wallet".to_owned()],
        Topic::Positions(Product::Spot) => return invalid("spot has no positions"),
        Topic::Positions(product) => vec![format!("position.{}", category(*product))],
    })
}

impl Streams for Bybit {
    fn token(&self, _channel: Channel) -> Result<Option<Ask<StreamToken>>, CallError> {
        Ok(None)
    }

    fn url(&self, channel: Channel, _token: Option<&StreamToken>, test: bool) -> Result<String, CallError> {
        let host = if test { "stream-testnet.bybit.com" } else { "stream.bybit.com" };
        Ok(match channel {
            Channel::Public(product) => format!("wss://{host}/v5/public/{}", category(product)),
            Channel::Private(_) => format!("wss://{host}/v5/private"),
        })
    }

    fn login(&self, channel: Channel, credentials: &Credentials, moment: Moment) -> Result<Vec<String>, CallError> {
        match channel {
            Channel::Public(_) => Ok(Vec::new()),
            Channel::Private(_) => {
                let until = moment.now.plus_ms(i64::from(moment.window_ms)).ms();
                let signed = signature(credentials, &[b"GET/realtime", until.to_string().as_bytes()]);
                Ok(vec![json!({ "op": "auth", "args": [credentials.key(), until, signed] }).to_string()])
            }
        }
    }

    fn subscribe(&self, topics: &[Topic], _token: Option<&StreamToken>, on: bool) -> Result<Vec<String>, CallError> {
        let all: Result<Vec<Vec<String>>, _> = topics.iter().map(args).collect();
        let all: Vec<String> = all?.into_iter().flatten().collect();
        let op = if on { "subscribe" } else { "unsubscribe" };
        Ok(all.chunks(TOPICS_MAX).map(|args| json!({ "op": op, "args": args }).to_string()).collect())
    }

    fn heartbeat(&self, _channel: Channel) -> Heartbeat {
        let frame: Value = json!({ "op": "ping" });
        Heartbeat { every_ms: 20_000, frame: Some(frame.to_string()), silence_max_ms: 45_000 }
    }

    fn book_rule(&self, _product: Product) -> BookRule {
        BookRule { numbering: Numbering::Counted, fetched: false, depth: DEPTH, checksum: None }
    }

    fn read(&self, channel: Channel, frame: &str, markets: &Markets) -> Result<Vec<Event>, ReadFault> {
        if !frame.trim_start().starts_with('{') {
            return Err(bad(frame, "an object was expected"));
        }
        let Some(topic) = topic_of(frame) else { return control(frame) };
        let (Channel::Public(product) | Channel::Private(product)) = channel;
        let name = topic.split('.').next().unwrap_or_default();
        match name {
            "publicTrade" => trades(frame, topic, product, markets),
            "orderbook" => book(frame, topic, product, markets),
            "tickers" => tickers(frame, topic, product, markets),
            "kline" => bars(frame, topic, product, markets),
            "liquidation" | "allLiquidation" => ignored(frame, topic, "forced closings of others"),
            "insurance" | "priceLimit" | "adlAlert" => ignored(frame, topic, "the venue's risk figures"),
            _ => private(frame, topic, product, markets),
        }
    }
}

#[cfg(test)]
mod tests;

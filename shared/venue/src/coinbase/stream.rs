//! Streams: `market_trades`, `ticker`, `level2`, `candles`; `user`; `heartbeats`.
//!
//! 1. All frames of a connection, whatever their channel, are counted in `sequence_num`; a book has no number of its own.
//!    Whoever holds the connection has to compare: [`Streams::sequence`] tells the number. A frame that is missing may
//!    have been a delta of any book.
//! 2. A connection on which nothing happens is closed by the venue, so heartbeats are always subscribed to.
//! 3. The `user` channel wants a token inside of its subscription. It is for all products at once, so logging in is
//!    subscribing, and a subscription to orders adds nothing.
//! 4. Bars come in five minutes only.

mod rows;

use super::market::{bar, trade};
use super::raw::CandleRow;
use super::reports::{self, dated, kind, perpetual, side, state};
use super::{Coinbase, account, auth};
use crate::protocol::book::{BookRule, BookUpdate, Numbering};
use crate::protocol::fault::{ApiError, Meaning};
use crate::protocol::model::{OrderReport, Ticker, VenueFee};
use crate::protocol::plain;
use crate::protocol::stream::{Channel, Event, Heartbeat, StreamToken, Topic};
use crate::protocol::wire::{MaybeNum, rfc3339};
use crate::protocol::{Ask, CallError, Credentials, Markets, Moment, Product, ReadFault, Reply, Streams};
use desk::money::{Quantity, exact};
use desk::time::{Interval, Timestamp};
use rows::{BookEvent, Candles, Frame, Head, StreamCandle, TickerRow, Tickers, Trades, UserEvent, UserOrder};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

/// The only length of bars in the stream, in milliseconds.
const BAR_MS: i64 = 300_000;

fn bad(frame: &str, what: impl std::fmt::Display) -> ReadFault {
    let begins: Vec<u8> = frame.bytes().take(400).collect();
    ReadFault::parse(&Reply::new(0, begins), what)
}

/// The channel of a frame, without reading the rest.
fn channel_of(frame: &str) -> Option<&str> {
    let behind = frame.get(frame.find("\"channel\"")? + 9..)?;
    let value = behind.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    value.get(..value.find('"')?)
}

/// A frame of the channel that was seen in it.
fn framed<'a, T: Deserialize<'a>>(frame: &'a str, channel: &str) -> Result<Frame<'a, T>, ReadFault> {
    let read: Frame<'a, T> = plain::from_str(frame).map_err(|e| bad(frame, e))?;
    if read.channel != channel {
        return Err(bad(frame, format!("{channel:?} is not the channel")));
    }
    Ok(read)
}

fn at(frame: &str, text: &str) -> Result<Option<Timestamp>, ReadFault> {
    if text.is_empty() { Ok(None) } else { rfc3339(text).map(Some).map_err(|e| bad(frame, e)) }
}

fn books(frame: &str, channel: &str, markets: &Markets) -> Result<Vec<Event>, ReadFault> {
    let read = framed::<BookEvent<'_>>(frame, channel)?;
    let when = at(frame, &read.timestamp)?;
    let mut events = Vec::with_capacity(read.events.len());
    for event in read.events {
        let snapshot = match event.kind.as_ref() {
            "snapshot" => true,
            "update" => false,
            other => return Err(bad(frame, format!("{other:?} is neither a snapshot nor an update"))),
        };
        let mut update =
            BookUpdate { market: markets.name_of(&event.product_id, &[]), at: when, snapshot, ..BookUpdate::default() };
        for level in event.updates {
            let side = match level.side.as_ref() {
                "bid" => &mut update.bids,
                "offer" | "ask" => &mut update.asks,
                other => return Err(bad(frame, format!("{other:?} is no side of a book"))),
            };
            side.push((level.price_level.0, level.new_quantity.0));
        }
        events.push(Event::Book(update));
    }
    Ok(events)
}

fn trades(frame: &str, channel: &str, markets: &Markets) -> Result<Vec<Event>, ReadFault> {
    let events = framed::<Trades>(frame, channel)?.events;
    let rows = events.iter().flat_map(|event| &event.trades);
    rows.map(|row| trade(row, markets).map(Event::Trade)).collect::<Result<_, _>>().map_err(|e| bad(frame, e))
}

fn tickers(frame: &str, channel: &str, markets: &Markets) -> Result<Vec<Event>, ReadFault> {
    let read = framed::<Tickers>(frame, channel)?;
    let when = at(frame, &read.timestamp)?;
    let ticker = |row: &TickerRow| {
        Event::Ticker(Box::new(Ticker {
            market: markets.name_of(&row.product_id, &[]),
            at: when,
            bid: row.best_bid.nonzero(),
            bid_quantity: row.best_bid_quantity.0,
            ask: row.best_ask.nonzero(),
            ask_quantity: row.best_ask_quantity.0,
            last: row.price.nonzero(),
            high: row.high_24_h.nonzero(),
            low: row.low_24_h.nonzero(),
            percentage: row.price_percent_chg_24_h.0,
            base_volume: row.volume_24_h.0,
            ..Ticker::default()
        }))
    };
    Ok(read.events.iter().flat_map(|event| &event.tickers).map(ticker).collect())
}

fn bars(frame: &str, channel: &str, markets: &Markets) -> Result<Vec<Event>, ReadFault> {
    let read = framed::<Candles>(frame, channel)?;
    let interval = Interval::from_ms(BAR_MS).map_err(|e| bad(frame, e))?;
    let when = at(frame, &read.timestamp)?;
    let one = |row: StreamCandle| -> Result<Event, String> {
        let StreamCandle { product_id, start, open, high, low, close, volume } = row;
        let bar = bar(&CandleRow { start, open, high, low, close, volume })?;
        // A snapshot has bars that are over; the venue does not mark them.
        let closed = when.is_some_and(|when| when.ms_since(bar.open_time) >= BAR_MS);
        Ok(Event::Bar { market: markets.name_of(&product_id, &[]), interval, bar, closed })
    };
    // The venue sends the newest first.
    let mut rows: Vec<StreamCandle> = read.events.into_iter().flat_map(|event| event.candles).collect();
    rows.sort_by(|a, b| (&a.product_id, a.start).cmp(&(&b.product_id, b.start)));
    if rows.windows(2).any(|pair| matches!(pair, [a, b] if a.product_id == b.product_id && a.start == b.start)) {
        return Err(bad(frame, "two bars of one time"));
    }
    rows.into_iter().map(one).collect::<Result<_, _>>().map_err(|e| bad(frame, e))
}

fn order(row: &UserOrder, markets: &Markets) -> Result<OrderReport, String> {
    let (market, currency) = reports::names(&row.product_id, markets)?;
    let some = |value: MaybeNum, what: &str| value.quantity().map_err(|e| format!("{what}: {e}"));
    let filled = some(row.cumulative_quantity, "cumulative_quantity")?;
    let left = some(row.leaves_quantity, "leaves_quantity")?;
    let quantity = match (filled, left) {
        (Some(filled), Some(left)) => {
            let sum = exact::add(filled.value(), left.value()).map_err(|e| e.to_string())?;
            Some(Quantity::new(sum).map_err(|e| e.to_string())?)
        }
        _ => None,
    };
    Ok(OrderReport {
        market: Some(market),
        id: Some(row.order_id.owned().ok_or("an order without an id")?),
        client_id: row.client_order_id.owned(),
        state: Some(state(row.status.some().ok_or("an order without a status")?)?),
        kind: kind(&row.order_type.0),
        side: Some(side(&row.order_side.0)?),
        time_in_force: reports::force(&row.time_in_force.0),
        post_only: match row.post_only.0.as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        },
        price: row.limit_price.nonzero(),
        trigger_price: row.stop_price.nonzero(),
        // What is left of an order that ended is not told, so neither is what was asked for.
        quantity: quantity.filter(|_| matches!(row.status.0.as_str(), "PENDING" | "OPEN" | "QUEUED" | "FILLED")),
        filled,
        remaining: left,
        cost: row.filled_value.nonzero(),
        average: row.avg_price.nonzero(),
        fee: row.total_fees.nonzero().map(|cost| VenueFee { cost, currency }),
        at: reports::time(&row.creation_time)?,
        ..OrderReport::default()
    })
}

fn user(frame: &str, channel: &str, markets: &Markets) -> Result<Vec<Event>, ReadFault> {
    let mut events = Vec::new();
    for event in framed::<UserEvent>(frame, channel)?.events {
        let fault = |e| bad(frame, e);
        for row in &event.orders {
            events.push(Event::Order(Box::new(order(row, markets).map_err(fault)?)));
        }
        let positions = event.positions.unwrap_or_default();
        for row in &positions.perpetual_futures_positions {
            events.push(Event::Position(Box::new(perpetual(row, markets).map_err(fault)?)));
        }
        for row in &positions.expiring_futures_positions {
            events.push(Event::Position(Box::new(dated(row, markets).map_err(fault)?)));
        }
    }
    if events.is_empty() {
        events.push(Event::Ignored("a snapshot without orders"));
    }
    Ok(events)
}

fn control(frame: &str) -> Result<Vec<Event>, ReadFault> {
    let head: Head<'_> = serde_json::from_str(frame).map_err(|e| bad(frame, e))?;
    if head.kind.as_deref() != Some("error") {
        return Err(bad(frame, "neither a channel nor an error"));
    }
    let message: String = head.message.unwrap_or_default().chars().take(200).collect();
    let denied = message.to_lowercase().contains("authenticat");
    let meaning = if denied { Meaning::Credentials } else { Meaning::Unclear };
    Ok(vec![Event::Refused(ApiError { code: "error".to_owned(), message, status: 0, meaning, retry_after_ms: None })])
}

/// The name of a topic's channel and its market; `None` for what logging in subscribes to.
fn place(topic: &Topic) -> Result<Option<(&'static str, &str)>, CallError> {
    Ok(match topic {
        Topic::Trades(market) => Some(("market_trades", &market.symbol)),
        Topic::Ticker(market) => Some(("ticker", &market.symbol)),
        Topic::Book(market) => Some(("level2", &market.symbol)),
        Topic::Bars(market, interval) if interval.ms() == BAR_MS => Some(("candles", &market.symbol)),
        Topic::Bars(..) => return Err(account::unsupported("stream of bars but those of 5 minutes")),
        Topic::Orders(_) | Topic::Positions(_) => None,
        Topic::Balances(_) => return Err(account::unsupported("stream of balances")),
    })
}

impl Streams for Coinbase {
    fn token(&self, _channel: Channel) -> Result<Option<Ask<StreamToken>>, CallError> {
        Ok(None)
    }

    fn url(&self, channel: Channel, _token: Option<&StreamToken>, test: bool) -> Result<String, CallError> {
        if test {
            return Err(account::unsupported("test network of streams"));
        }
        Ok(match channel {
            Channel::Public(_) => "wss://advanced-trade-ws.coinbase.com".to_owned(),
            Channel::Private(_) => "wss://advanced-trade-ws-user.coinbase.com".to_owned(),
        })
    }

    fn login(&self, channel: Channel, credentials: &Credentials, moment: Moment) -> Result<Vec<String>, CallError> {
        match channel {
            Channel::Public(_) => return Ok(Vec::new()),
            Channel::Private(_) => {}
        }
        let mut frame = json!({ "type": "subscribe", "channel": "user" });
        let signed = match auth::token(credentials, moment, None)? {
            Some(token) => json!({ "jwt": token }),
            None => {
                let time = moment.now.ms().div_euclid(1000).to_string();
                let signature = auth::legacy(credentials, &format!("{time}user"));
                json!({ "api_key": credentials.key(), "timestamp": time, "signature": signature })
            }
        };
        if let (Value::Object(frame), Value::Object(signed)) = (&mut frame, signed) {
            frame.extend(signed);
        }
        Ok(vec![frame.to_string(), json!({ "type": "subscribe", "channel": "heartbeats" }).to_string()])
    }

    /// One frame a channel; heartbeats go with the first subscription to market data.
    fn subscribe(&self, topics: &[Topic], _token: Option<&StreamToken>, on: bool) -> Result<Vec<String>, CallError> {
        let mut channels: Vec<(&'static str, Vec<&str>)> = Vec::new();
        for topic in topics {
            let Some((channel, symbol)) = place(topic)? else { continue };
            match channels.iter_mut().find(|(known, _)| *known == channel) {
                Some((_, symbols)) => symbols.push(symbol),
                None => channels.push((channel, vec![symbol])),
            }
        }
        let what = if on { "subscribe" } else { "unsubscribe" };
        let frame = |(channel, symbols): &(&str, Vec<&str>)| {
            json!({ "type": what, "channel": channel, "product_ids": symbols }).to_string()
        };
        let mut frames: Vec<String> = channels.iter().map(frame).collect();
        if on && !frames.is_empty() {
            frames.push(json!({ "type": "subscribe", "channel": "heartbeats" }).to_string());
        }
        Ok(frames)
    }

    /// The venue's own heartbeats come every second.
    fn heartbeat(&self, _channel: Channel) -> Heartbeat {
        Heartbeat { every_ms: 20_000, frame: None, silence_max_ms: 10_000 }
    }

    fn book_rule(&self, _product: Product) -> BookRule {
        BookRule { numbering: Numbering::None, fetched: false, depth: 0, checksum: None }
    }

    fn read(&self, _channel: Channel, frame: &str, markets: &Markets) -> Result<Vec<Event>, ReadFault> {
        if !frame.trim_start().starts_with('{') {
            return Err(bad(frame, "an object was expected"));
        }
        let Some(channel) = channel_of(frame) else { return control(frame) };
        let whole = |event: Event| framed::<IgnoredAny>(frame, channel).map(|_| vec![event]);
        match channel {
            "market_trades" => trades(frame, channel, markets),
            "l2_data" => books(frame, channel, markets),
            "ticker" | "ticker_batch" => tickers(frame, channel, markets),
            "candles" => bars(frame, channel, markets),
            "user" => user(frame, channel, markets),
            "heartbeats" => whole(Event::Heartbeat),
            "subscriptions" => whole(Event::Accepted("subscriptions".to_owned())),
            "status" => whole(Event::Ignored("the state of products")),
            "futures_balance_summary" => whole(Event::Ignored("a summary of money behind futures")),
            other => Err(bad(frame, format!("{other:?} is no channel"))),
        }
    }

    fn sequence(&self, frame: &str) -> Option<u64> {
        serde_json::from_str::<Head<'_>>(frame).ok().filter(|head| head.channel.is_some())?.sequence_num
    }
}

#[cfg(test)]
mod tests;

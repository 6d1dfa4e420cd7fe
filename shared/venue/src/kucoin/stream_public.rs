//! Frames of market data. Trades and book deltas are read in one pass into borrowed text; everything else is rarer and
//! read by its topic.

use super::raw::{self, MaybeEither, bar_time, either, side};
use crate::protocol::book::{BookUpdate, WireLevel};
use crate::protocol::model::{Bar, Funding, PublicTrade, Ticker};
use crate::protocol::plain::{self, scalar};
use crate::protocol::stream::Event;
use crate::protocol::wire::{self, MaybeNum, Num, Text};
use crate::protocol::{ApiError, Markets, Meaning};
use desk::time::{Interval, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// A frame whose data is of a known kind.
#[derive(Deserialize)]
struct Hot<'a, T> {
    #[serde(borrow)]
    topic: Cow<'a, str>,
    data: T,
}

/// Any frame.
#[derive(Deserialize)]
pub(super) struct Frame<'a> {
    #[serde(default, rename = "type")]
    kind: Text,
    #[serde(default)]
    id: Text,
    #[serde(default)]
    pub(super) topic: Text,
    #[serde(default)]
    pub(super) subject: Text,
    #[serde(default)]
    code: Text,
    #[serde(borrow, default)]
    pub(super) data: Option<&'a RawValue>,
}

impl Frame<'_> {
    /// What its data holds.
    pub(super) fn data<'b, T: Deserialize<'b>>(&'b self) -> Result<T, String> {
        let data = self.data.ok_or("a message without data")?;
        serde_json::from_str(data.get()).map_err(|e| e.to_string())
    }

    /// What stands before the colon of its topic, and behind it.
    pub(super) fn parts(&self) -> (&str, &str) {
        self.topic.0.split_once(':').unwrap_or((self.topic.0.as_str(), ""))
    }

    /// What it is if it carries no data: the server's talk.
    pub(super) fn talk(&self) -> Option<Result<Event, String>> {
        match self.kind.0.as_str() {
            "message" => None,
            // One old channel leaves the type out.
            "" if self.topic.some().is_some() => None,
            "welcome" => Some(Ok(Event::Accepted("welcome".to_owned()))),
            "ack" => Some(Ok(Event::Accepted(self.id.0.clone()))),
            "pong" => Some(Ok(Event::Heartbeat)),
            "ping" => {
                let answer = serde_json::json!({ "id": self.id.0, "type": "pong" });
                Some(Ok(Event::Answer(answer.to_string())))
            }
            "error" => {
                let words = self.data.map_or_else(String::new, |data| data.get().trim_matches('"').to_owned());
                let meaning = match self.code.0.as_str() {
                    "401" | "403" => Meaning::Credentials,
                    "509" => Meaning::RateLimit,
                    _ => Meaning::Unclear,
                };
                let message = words.chars().take(200).collect();
                let code = self.code.0.clone();
                Some(Ok(Event::Refused(ApiError { code, message, status: 0, meaning, retry_after_ms: None })))
            }
            other => Some(Err(format!("a frame of type {other:?}"))),
        }
    }
}

/// An instant in nanoseconds, as text or as a number: never absent.
struct Nanos(Timestamp);

impl<'de> Deserialize<'de> for Nanos {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = scalar(deserializer)?;
        let number: Option<i64> = text.and_then(|text| text.parse().ok());
        let number: i64 = number.ok_or_else(|| serde::de::Error::custom("no time in nanoseconds"))?;
        // The range is checked where a wrong unit would show: 2001 to 2100.
        let at = wire::instant(number / 1_000_000).map_err(serde::de::Error::custom)?;
        Ok(Self(at))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Match<'a> {
    #[serde(borrow)]
    symbol: Cow<'a, str>,
    #[serde(borrow)]
    side: Cow<'a, str>,
    price: Num,
    size: Num,
    #[serde(borrow)]
    trade_id: Cow<'a, str>,
    #[serde(alias = "ts")]
    time: Nanos,
}

fn trade(frame: &str, markets: &Markets) -> Result<Event, String> {
    let frame: Hot<'_, Match<'_>> = plain::from_str(frame).map_err(|e| e.to_string())?;
    let data = frame.data;
    Ok(Event::Trade(PublicTrade {
        market: markets.name_of(&data.symbol, &[]),
        id: Some(data.trade_id.into_owned()),
        at: data.time.0,
        side: Some(side(&data.side)?),
        price: wire::price(data.price.0)?,
        quantity: wire::quantity(data.size.0)?,
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SpotDelta<'a> {
    #[serde(borrow)]
    symbol: Cow<'a, str>,
    sequence_start: u64,
    sequence_end: u64,
    changes: Changes,
    #[serde(default)]
    time: MaybeEither,
}

/// Price, quantity and the number of the change.
#[derive(Deserialize)]
struct Changes {
    #[serde(default)]
    asks: Vec<(Num, Num, Num)>,
    #[serde(default)]
    bids: Vec<(Num, Num, Num)>,
}

/// The changed levels. A price of 0 changes nothing but the number.
fn levels(rows: &[(Num, Num, Num)]) -> Vec<WireLevel> {
    rows.iter().filter(|(price, _, _)| !price.0.is_zero()).map(|(price, quantity, _)| (price.0, quantity.0)).collect()
}

fn spot_delta(frame: &str, markets: &Markets) -> Result<Event, String> {
    let frame: Hot<'_, SpotDelta<'_>> = plain::from_str(frame).map_err(|e| e.to_string())?;
    let data = frame.data;
    if data.sequence_end < data.sequence_start {
        return Err(format!("a delta from {} to {}", data.sequence_start, data.sequence_end));
    }
    Ok(Event::Book(BookUpdate {
        market: markets.name_of(&data.symbol, &[]),
        at: data.time.0,
        first: Some(data.sequence_start),
        last: Some(data.sequence_end),
        bids: levels(&data.changes.bids),
        asks: levels(&data.changes.asks),
        ..BookUpdate::default()
    }))
}

#[derive(Deserialize)]
struct FuturesDelta<'a> {
    sequence: u64,
    #[serde(borrow)]
    change: Cow<'a, str>,
    #[serde(default)]
    timestamp: MaybeEither,
}

fn futures_delta(frame: &str, markets: &Markets) -> Result<Event, String> {
    let frame: Hot<'_, FuturesDelta<'_>> = plain::from_str(frame).map_err(|e| e.to_string())?;
    let symbol = frame.topic.rsplit(':').next().unwrap_or_default();
    let mut parts = frame.data.change.split(',');
    let (Some(price), Some(side), Some(quantity), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(format!("a change {:?}", frame.data.change));
    };
    let price = wire::decimal(price)?;
    let level = vec![(price, wire::decimal(quantity)?)];
    // A price of 0 changes nothing but the number.
    let level = if price.is_zero() { Vec::new() } else { level };
    let (bids, asks) = match raw::side(side)? {
        crate::protocol::model::Side::Buy => (level, Vec::new()),
        crate::protocol::model::Side::Sell => (Vec::new(), level),
    };
    let (market, at) = (markets.name_of(symbol, &[]), frame.data.timestamp.0);
    Ok(Event::Book(BookUpdate { market, at, last: Some(frame.data.sequence), bids, asks, ..BookUpdate::default() }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Quote {
    #[serde(default)]
    symbol: Text,
    #[serde(default)]
    price: MaybeNum,
    #[serde(default, alias = "bestBidPrice")]
    best_bid: MaybeNum,
    #[serde(default)]
    best_bid_size: MaybeNum,
    #[serde(default, alias = "bestAskPrice")]
    best_ask: MaybeNum,
    #[serde(default)]
    best_ask_size: MaybeNum,
    #[serde(default, alias = "Time", alias = "ts")]
    time: MaybeEither,
}

fn ticker(frame: &Frame<'_>, markets: &Markets) -> Result<Event, String> {
    let quote: Quote = frame.data()?;
    let (_, behind) = frame.parts();
    // The channel of all markets has the symbol as its subject.
    let named = if behind == "all" { frame.subject.0.as_str() } else { behind };
    let symbol = quote.symbol.some().unwrap_or(named);
    Ok(Event::Ticker(Box::new(Ticker {
        market: markets.name_of(symbol, &[]),
        at: quote.time.0,
        bid: quote.best_bid.nonzero(),
        bid_quantity: quote.best_bid_size.0,
        ask: quote.best_ask.nonzero(),
        ask_quantity: quote.best_ask_size.0,
        last: quote.price.nonzero(),
        ..Ticker::default()
    })))
}

#[derive(Deserialize)]
struct Candle {
    symbol: Text,
    candles: Vec<Num>,
}

/// The bar length of a topic's end.
fn interval(text: &str) -> Result<Interval, String> {
    const MINUTE: i64 = 60_000;
    let minutes = match text {
        "1min" => 1,
        "3min" => 3,
        "5min" => 5,
        "15min" => 15,
        "30min" => 30,
        "1hour" => 60,
        "2hour" => 120,
        "4hour" => 240,
        "6hour" => 360,
        "8hour" => 480,
        "12hour" => 720,
        "1day" => 1440,
        "1week" => 10_080,
        other => return Err(format!("a bar length {other:?}")),
    };
    Interval::from_ms(minutes * MINUTE).map_err(|e| e.to_string())
}

/// A bar that is forming. The venue never says that one is final: it is when the next one begins.
fn candle(frame: &Frame<'_>, markets: &Markets, contract: bool) -> Result<Event, String> {
    let data: Candle = frame.data()?;
    let length = frame.topic.0.rsplit('_').next().unwrap_or_default();
    let [time, open, close, high, low, volume, turnover, ..] = data.candles.as_slice() else {
        return Err("a bar with too few cells".to_owned());
    };
    // Of contracts the volume's cell is documented as wrong; the next one counts contracts.
    let volume = if contract { turnover } else { volume };
    let bar = Bar {
        open_time: bar_time(time.0)?,
        open: wire::price(open.0)?,
        high: wire::price(high.0)?,
        low: wire::price(low.0)?,
        close: wire::price(close.0)?,
        volume: wire::quantity(volume.0)?,
    };
    let bar = bar.believed()?;
    let market = markets.name_of(&data.symbol.0, &[]);
    Ok(Event::Bar { market, interval: interval(length)?, bar, closed: false })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MarkIndex {
    mark_price: MaybeNum,
    #[serde(default)]
    index_price: MaybeNum,
    timestamp: Num,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rate {
    funding_rate: Num,
    timestamp: Num,
}

fn instrument(frame: &Frame<'_>, markets: &Markets) -> Result<Event, String> {
    let market = markets.name_of(frame.parts().1, &[]);
    match frame.subject.0.as_str() {
        "mark.index.price" => {
            let data: MarkIndex = frame.data()?;
            let (mark, index) = (data.mark_price.nonzero(), data.index_price.nonzero());
            let at = Some(either(data.timestamp.0)?);
            Ok(Event::Ticker(Box::new(Ticker { market, at, mark, index, ..Ticker::default() })))
        }
        "funding.rate" => {
            let data: Rate = frame.data()?;
            let at = Some(either(data.timestamp.0)?);
            Ok(Event::Funding(Funding { market, at, rate: Some(data.funding_rate.0), ..Funding::default() }))
        }
        other => Err(format!("a subject {other:?}")),
    }
}

/// What stands before the colon of a frame's topic, found without reading the frame: the server writes it at the very
/// beginning or near the end. Empty where it is written otherwise; then the frame is read first.
fn channel(text: &str) -> &str {
    const MARK: &str = "\"topic\":\"";
    let head = text.get(..48).unwrap_or(text);
    let Some(at) = head.find(MARK).or_else(|| text.rfind(MARK)) else { return "" };
    let topic = text.get(at + MARK.len()..).unwrap_or_default();
    topic.split([':', '"']).next().unwrap_or_default()
}

/// Trades and deltas, by their channel; `None` for everything else.
fn hot(channel: &str, text: &str, markets: &Markets) -> Option<Result<Event, String>> {
    match channel {
        "/market/match" | "/contractMarket/execution" => Some(trade(text, markets)),
        "/market/level2" => Some(spot_delta(text, markets)),
        "/contractMarket/level2" => Some(futures_delta(text, markets)),
        _ => None,
    }
}

/// What a frame of a public stream tells.
pub(super) fn read(text: &str, markets: &Markets) -> Result<Vec<Event>, String> {
    if let Some(event) = hot(channel(text), text, markets) {
        return event.map(|event| vec![event]);
    }
    let frame: Frame<'_> = serde_json::from_str(text).map_err(|e| e.to_string())?;
    if let Some(talk) = frame.talk() {
        return talk.map(|event| vec![event]);
    }
    if let Some(event) = hot(frame.parts().0, text, markets) {
        return event.map(|event| vec![event]);
    }
    let event = match frame.parts().0 {
        "/market/ticker" | "/contractMarket/ticker" | "/contractMarket/tickerV2" => ticker(&frame, markets)?,
        "/market/candles" => candle(&frame, markets, false)?,
        "/contractMarket/limitCandle" => candle(&frame, markets, true)?,
        "/contract/instrument" => instrument(&frame, markets)?,
        "/contract/announcement" => Event::Ignored("the beginning or end of a funding settlement"),
        "/spotMarket/level2Depth5"
        | "/spotMarket/level2Depth50"
        | "/spotMarket/level1"
        | "/contractMarket/level2Depth5"
        | "/contractMarket/level2Depth50"
        | "/callauction/level2Depth50" => Event::Ignored("the top of a book, which is kept whole here"),
        "/market/snapshot" | "/contractMarket/snapshot" => Event::Ignored("the day at a glance, which is asked for"),
        "/callauction/callauctionData" => Event::Ignored("a call auction before trading begins"),
        "/indicator/markPrice" | "/indicator/index" => Event::Ignored("a price of margin trading"),
        other => return Err(format!("a topic {other:?}")),
    };
    Ok(vec![event])
}

#[cfg(test)]
mod tests;

//! From a frame to events: envelopes are opened, answers of the server told apart from what it tells.
//!
//! 1. `{"stream":…,"data":…}` (combined streams) and `{"subscriptionId":…,"event":…}` (WebSocket API) are opened.
//! 2. The kind of event is its `e`; a frame without one is a best quote, a partial book, or the answer to a request.
//! 3. A channel tells of its own: an order on a public one, or a trade of the market on a private one, is a fault.

use super::{stream_market, stream_trade, stream_user};
use crate::protocol::plain::{self, Reader, Unusual};
use crate::protocol::stream::{Channel, Event};
use crate::protocol::{ApiError, Markets, Meaning, Product, ReadFault};
use serde::Deserialize;
use serde_json::value::RawValue;

/// A result, or in words what does not fit.
pub(super) type Words<T> = Result<T, String>;

/// What a frame is read with.
pub(super) struct Frame<'a> {
    /// The product of the channel.
    pub(super) product: Product,
    /// Whether the channel is our own.
    pub(super) private: bool,
    /// All markets.
    pub(super) markets: &'a Markets,
    /// The stream's name, where the envelope tells it.
    pub(super) stream: Option<&'a str>,
}

impl Frame<'_> {
    /// The unified name of a symbol.
    pub(super) fn market(&self, symbol: &str) -> Words<String> {
        if symbol.is_empty() {
            return Err("the symbol is empty".to_owned());
        }
        Ok(self.markets.name_of(symbol, &[self.product]))
    }
}

/// What a frame tells.
pub(super) fn read(channel: Channel, frame: &str, markets: &Markets) -> Result<Vec<Event>, ReadFault> {
    let (product, private) = match channel {
        Channel::Public(product) => (product, false),
        Channel::Private(product) => (product, true),
    };
    let at = Frame { product, private, markets, stream: None };
    open(&at, frame).map_err(|what| fault(frame, what))
}

/// That a frame is not as documented.
fn fault(frame: &str, what: String) -> ReadFault {
    let excerpt = frame.chars().take(200).map(|c| if c.is_control() { ' ' } else { c }).collect();
    ReadFault::Parse { what, status: 0, excerpt }
}

/// Reads a structure.
pub(super) fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Words<T> {
    plain::from_str(text).map_err(|e| e.to_string())
}

/// The usual envelope without a pass over its contents, which are checked when they are read.
fn combined(frame: &str) -> Result<(&str, &str), Unusual> {
    let mut rest = Reader::new(frame);
    rest.word(r#"{"stream":"#)?;
    let stream = rest.text()?;
    rest.word(r#","data":"#)?;
    Ok((stream, rest.rest()?.strip_suffix('}').ok_or(Unusual)?))
}

/// The usual beginning of an event.
fn usual_kind(text: &str) -> Result<&str, Unusual> {
    let mut rest = Reader::new(text);
    rest.word(r#"{"e":"#)?;
    rest.text()
}

fn open(at: &Frame<'_>, frame: &str) -> Words<Vec<Event>> {
    match combined(frame) {
        Ok((stream, data)) => one_or_several(&Frame { stream: Some(stream), ..*at }, data),
        Err(Unusual) => one_or_several(at, frame),
    }
}

fn one_or_several(at: &Frame<'_>, text: &str) -> Words<Vec<Event>> {
    if !text.trim_start().starts_with('[') {
        return one(at, text);
    }
    let mut events = Vec::new();
    for element in parse::<Vec<&RawValue>>(text)? {
        events.extend(one(at, element.get())?);
    }
    if events.is_empty() { Err("an array of nothing".to_owned()) } else { Ok(events) }
}

fn one(at: &Frame<'_>, text: &str) -> Words<Vec<Event>> {
    if let Ok(kind) = usual_kind(text) {
        return event(at, kind, text);
    }
    if at.stream.is_some_and(|stream| stream.ends_with("@bookTicker")) {
        return event(at, "bookTicker", text);
    }
    // A structure could be read from an array too, field by field.
    if !text.trim_start().starts_with('{') {
        return Err("an object was expected".to_owned());
    }
    unusual(at, text)
}

/// That a key is there, whatever its value.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
struct Present(bool);

impl<'de> Deserialize<'de> for Present {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(deserializer).map(|_| Self(true))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Probe<'a> {
    e: Option<String>,
    stream: Option<String>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    event: Option<&'a RawValue>,
    #[serde(default)]
    subscription_id: Present,
    #[serde(default)]
    result: Present,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    status: Option<u16>,
    error: Option<Refusal>,
    code: Option<i64>,
    msg: Option<String>,
    #[serde(default)]
    last_update_id: Present,
    #[serde(default)]
    u: Present,
    #[serde(default)]
    b: Present,
    #[serde(default)]
    a: Present,
}

#[derive(Deserialize)]
struct Refusal {
    code: i64,
    #[serde(default)]
    msg: String,
    data: Option<RetryAfter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RetryAfter {
    server_time: Option<i64>,
    retry_after: Option<i64>,
}

/// What does not begin as most frames do: keys in another order, no `e` at all, or an answer.
fn unusual(at: &Frame<'_>, text: &str) -> Words<Vec<Event>> {
    let probe: Probe<'_> = parse(text)?;
    if let Some(kind) = probe.e {
        return event(at, &kind, text);
    }
    // An envelope is opened once: what is inside of one has no other inside.
    if at.stream.is_none() {
        if let (Some(stream), Some(data)) = (probe.stream, probe.data) {
            return one_or_several(&Frame { stream: Some(&stream), ..*at }, data.get());
        }
        if let (Present(true), Some(inner)) = (probe.subscription_id, probe.event) {
            return one_or_several(&Frame { stream: Some(""), ..*at }, inner.get());
        }
    }
    if probe.last_update_id.0 {
        return event(at, "depthUpdate", text);
    }
    if probe.u.0 && probe.b.0 && probe.a.0 {
        return event(at, "bookTicker", text);
    }
    let id = probe.id.map(|id| id.get().trim_matches('"').to_owned());
    let refusal = probe
        .error
        .or_else(|| probe.code.map(|code| Refusal { code, msg: probe.msg.clone().unwrap_or_default(), data: None }));
    match (refusal, probe.status) {
        (Some(refusal), status) => Ok(vec![Event::Refused(refused(refusal, status.unwrap_or_default()))]),
        (None, Some(status)) if status != 200 => Err(format!("status {status} without an error")),
        (None, _) if probe.result.0 && id.is_some() => Ok(vec![Event::Accepted(id.unwrap_or_default())]),
        (None, _) => Err("neither an event nor an answer".to_owned()),
    }
}

/// A refusal of the server, by what we do next. Nothing is ever ordered on a stream, so none of them is a clear no.
fn refused(refusal: Refusal, status: u16) -> ApiError {
    let meaning = match (status, refusal.code) {
        (418 | 429, _) | (_, -1003 | -1015 | -1034) => Meaning::RateLimit,
        (_, -1021) => Meaning::Clock,
        (401 | 403, _) | (_, -1002 | -1022 | -2014 | -2015) => Meaning::Credentials,
        _ => Meaning::Unclear,
    };
    let wait = refusal.data.and_then(|data| data.retry_after?.checked_sub(data.server_time?));
    ApiError {
        code: refusal.code.to_string(),
        message: refusal.msg.chars().take(200).collect(),
        status,
        meaning,
        retry_after_ms: wait.filter(|ms| *ms > 0),
    }
}

/// What an event tells.
fn event(at: &Frame<'_>, kind: &str, text: &str) -> Words<Vec<Event>> {
    let own =
        |events: Words<Vec<Event>>| if at.private { events } else { Err(format!("a public stream tells {kind}")) };
    let public = |event: Words<Event>| {
        if at.private { Err(format!("a private stream tells {kind}")) } else { event.map(|event| vec![event]) }
    };
    match kind {
        "trade" => public(stream_trade::trade(at, text)),
        "aggTrade" => public(stream_trade::aggregate(at, text)),
        "depthUpdate" => public(stream_market::depth(at, text)),
        "bookTicker" => public(stream_market::best_quote(at, text)),
        "24hrTicker" | "24hrMiniTicker" => public(stream_market::day(at, text)),
        "kline" => public(stream_market::bar(at, text)),
        "markPriceUpdate" => public(stream_market::mark(at, text)),
        "executionReport" | "ORDER_TRADE_UPDATE" => own(stream_user::order(at, kind, text)),
        "ALGO_UPDATE" => own(stream_user::conditional(at, text)),
        "CONDITIONAL_ORDER_TRIGGER_REJECT" => own(stream_user::trigger_rejected(at, text)),
        "outboundAccountPosition" => own(stream_user::holdings(text)),
        "ACCOUNT_UPDATE" => own(stream_user::account(at, text)),
        "MARGIN_CALL" => own(stream_user::margin_call(at, text)),
        "listenKeyExpired" => own(ended(text, "the listen key has expired")),
        "eventStreamTerminated" => own(ended(text, "the subscription has ended")),
        "serverShutdown" => ended(text, "the server shuts down"),
        other => match IGNORED.iter().find(|(known, _)| *known == other) {
            Some((_, why)) => parse::<Headed>(text).map(|_| vec![Event::Ignored(why)]),
            None => Err(format!("{:?} is no known event", other.chars().take(48).collect::<String>())),
        },
    }
}

/// Known kinds of which the desk has no use, and why.
const IGNORED: &[(&str, &str)] = &[
    ("balanceUpdate", "a deposit or transfer: outboundAccountPosition tells the balance it led to"),
    ("externalLockUpdate", "a balance locked by another system: outboundAccountPosition tells what is at hand"),
    ("listStatus", "the state of an order list: each of its orders is told of by itself"),
    ("TRADE_LITE", "a fill without its fee: ORDER_TRADE_UPDATE tells of the same fill in full"),
    ("ACCOUNT_CONFIG_UPDATE", "leverage or a mode was changed"),
    ("STRATEGY_UPDATE", "a strategy run by the venue"),
    ("GRID_UPDATE", "a grid run by the venue"),
    ("forceOrder", "a liquidation of somebody"),
    ("blockTrade", "a trade made outside of the book"),
    ("avgPrice", "the average price of five minutes"),
    ("referencePrice", "the venue's reference price"),
    ("1hTicker", "the last hour at a glance"),
    ("4hTicker", "the last four hours at a glance"),
    ("1dTicker", "the last day at a glance, in a rolling window"),
    ("continuous_kline", "bars of a continuous contract"),
    ("indexPrice_kline", "bars of an index"),
    ("markPrice_kline", "bars of a mark price"),
    ("indexPriceUpdate", "an index's price"),
    ("compositeIndex", "an index's make-up"),
    ("assetIndexUpdate", "an asset's price as collateral"),
    ("contractInfo", "a contract's brackets or state"),
    ("tradingSession", "the hours of a market that closes"),
];

/// An event of which only the beginning counts.
#[derive(Deserialize)]
struct Headed {
    #[serde(rename = "E")]
    _at: i64,
}

fn ended(text: &str, why: &str) -> Words<Vec<Event>> {
    parse::<Headed>(text).map(|_| vec![Event::Reconnect(why.to_owned())])
}

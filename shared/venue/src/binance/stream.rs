//! Streams of spot, USD-M and COIN-M.
//!
//! Source: the exchange's documentation of WebSocket market streams, user data streams and the spot WebSocket API.
//!
//! | what | where | how |
//! |---|---|---|
//! | spot, market | `stream.binance.com` | combined streams, subscribed to by name |
//! | spot, own | `ws-api.binance.com` | `userDataStream.subscribe.signature`; the listen keys it had answer 410 since 2026 |
//! | USD-M, market | `fstream.binance.com/market`, books under `/public` | combined streams, subscribed to by name |
//! | COIN-M, market | `dstream.binance.com` | combined streams, subscribed to by name |
//! | contracts, own | the same hosts | a listen key in the URL |
//!
//! 1. A listen key lives for an hour. Asking for the token again gives the same key another hour: no other call is needed.
//! 2. Books are deltas over a snapshot that REST gives: `U..=u` on spot, `pu` naming the one before with contracts.
//! 3. Trades are single ones on spot, and one row for each order and price with contracts, where nothing else is documented.
//! 4. A contract's ticker comes with its mark price and funding.
//!
//! Deliberately absent: placing orders over the WebSocket API, streams of portfolio margin and of margin accounts.

use super::errors::{self, Family};
use super::system::{COINM, USDM};
use super::{Binance, stream_read, stream_sign};
use crate::protocol::book::{BookRule, Numbering};
use crate::protocol::stream::{Channel, Event, Heartbeat, StreamToken, Topic};
use crate::protocol::{
    Ask, Auth, Body, CallError, Credentials, EndpointClass, Instrument, Markets, Moment, Product, ReadFault, Reply,
    Streams, Unsigned,
};
use desk::time::Interval;
use serde::{Deserialize, Serialize};
use serde_json::Map;

const VENUE: &str = "binance";

/// How many streams are subscribed to by one frame; a server takes five frames a second.
const STREAMS_PER_FRAME: usize = 100;

/// How often a listen key is asked for again, in milliseconds: half of its life.
const RENEWAL_MS: u32 = 1_800_000;

/// The lengths of bars there are. A second is spot's alone; a month has no fixed length.
const BARS: [&str; 15] = ["1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w"];

impl Streams for Binance {
    fn token(&self, channel: Channel) -> Result<Option<Ask<StreamToken>>, CallError> {
        let (origin, path) = match channel {
            Channel::Public(_) | Channel::Private(Product::Spot) => return Ok(None),
            Channel::Private(Product::Linear) => (USDM, "/fapi/v1/listenKey"),
            Channel::Private(Product::Inverse) => (COINM, "/dapi/v1/listenKey"),
            Channel::Private(Product::Option) => return Err(no_options()),
        };
        let request = Unsigned::post(origin, path, Body::None, EndpointClass::Account);
        Ok(Some(Ask::new(Unsigned { auth: Auth::Key, ..request }, |reply, _| listen_key(reply))))
    }

    fn url(&self, channel: Channel, token: Option<&StreamToken>, test: bool) -> Result<String, CallError> {
        let host = |live: &str, testnet: &str| format!("wss://{}", if test { testnet } else { live });
        let usdm = || host("fstream.binance.com", "demo-fstream.binance.com");
        let coinm = || host("dstream.binance.com", "demo-dstream.binance.com");
        let key = || {
            let token = token.ok_or_else(|| CallError::Invalid("a listen key is needed".to_owned()))?;
            Ok::<_, CallError>(token.token.clone())
        };
        Ok(match channel {
            Channel::Public(Product::Spot) => {
                format!("{}/stream", host("stream.binance.com:9443", "stream.testnet.binance.vision"))
            }
            Channel::Public(Product::Linear) => format!("{}/market/stream", usdm()),
            Channel::Public(Product::Inverse) => format!("{}/stream", coinm()),
            Channel::Private(Product::Spot) => {
                format!("{}/ws-api/v3", host("ws-api.binance.com:443", "ws-api.testnet.binance.vision"))
            }
            Channel::Private(Product::Linear) => format!("{}/private/ws/{}", usdm(), key()?),
            Channel::Private(Product::Inverse) => format!("{}/ws/{}", coinm(), key()?),
            Channel::Public(Product::Option) | Channel::Private(Product::Option) => return Err(no_options()),
        })
    }

    fn login(&self, channel: Channel, credentials: &Credentials, moment: Moment) -> Result<Vec<String>, CallError> {
        match channel {
            Channel::Private(Product::Spot) => {
                let method = "userDataStream.subscribe.signature";
                stream_sign::request("1", method, Map::new(), credentials, moment).map(|frame| vec![frame])
            }
            Channel::Private(Product::Option) | Channel::Public(Product::Option) => Err(no_options()),
            Channel::Public(_) | Channel::Private(_) => Ok(Vec::new()),
        }
    }

    fn subscribe(&self, topics: &[Topic], _: Option<&StreamToken>, on: bool) -> Result<Vec<String>, CallError> {
        let mut names = Vec::new();
        for topic in topics {
            names.extend(streams_of(topic)?);
        }
        let method = if on { "SUBSCRIBE" } else { "UNSUBSCRIBE" };
        let frames = names.chunks(STREAMS_PER_FRAME).zip(1..);
        frames.map(|(params, id)| text(&Subscription { method, params, id })).collect()
    }

    fn heartbeat(&self, _: Channel) -> Heartbeat {
        // The server pings too, at its own pace; answering that is the socket's business.
        Heartbeat { every_ms: 30_000, frame: None, silence_max_ms: 90_000 }
    }

    fn book_rule(&self, product: Product) -> BookRule {
        let numbering = if product.is_contract() { Numbering::Linked } else { Numbering::Ranges };
        BookRule { numbering, fetched: true, depth: 0, checksum: None }
    }

    fn snapshot_depth(&self, _: Product) -> Option<u32> {
        // Five thousand, on spot, would cost five times as much for prices that are far away.
        Some(1000)
    }

    fn renewal_ms(&self, channel: Channel) -> Option<u32> {
        matches!(channel, Channel::Private(Product::Linear | Product::Inverse)).then_some(RENEWAL_MS)
    }

    fn read(&self, channel: Channel, frame: &str, markets: &Markets) -> Result<Vec<Event>, ReadFault> {
        stream_read::read(channel, frame, markets)
    }

    fn url_of(&self, topic: &Topic, token: Option<&StreamToken>, test: bool) -> Result<String, CallError> {
        let url = self.url(topic.channel(), token, test)?;
        let apart = matches!(topic, Topic::Book(market) if market.product == Product::Linear);
        Ok(if apart { url.replace("/market/", "/public/") } else { url })
    }
}

fn no_options() -> CallError {
    CallError::Unsupported { venue: VENUE, what: "streams of options".to_owned() }
}

#[derive(Serialize)]
struct Subscription<'a> {
    method: &'static str,
    params: &'a [String],
    id: u32,
}

fn text(subscription: &Subscription<'_>) -> Result<String, CallError> {
    serde_json::to_string(subscription).map_err(|e| CallError::Invalid(e.to_string()))
}

/// The streams of a topic. Our own account needs none: its URL, or its login, is all.
fn streams_of(topic: &Topic) -> Result<Vec<String>, CallError> {
    let (market, streams) = match topic {
        Topic::Orders(Product::Option) | Topic::Balances(Product::Option) | Topic::Positions(Product::Option) => {
            return Err(no_options());
        }
        Topic::Positions(Product::Spot) => {
            return Err(CallError::Unsupported { venue: VENUE, what: "positions on spot".to_owned() });
        }
        Topic::Orders(_) | Topic::Balances(_) | Topic::Positions(_) => return Ok(Vec::new()),
        Topic::Trades(market) if market.product.is_contract() => (market, vec!["aggTrade".to_owned()]),
        Topic::Trades(market) => (market, vec!["trade".to_owned()]),
        Topic::Ticker(market) if market.product.is_contract() => {
            (market, vec!["ticker".to_owned(), "markPrice@1s".to_owned()])
        }
        Topic::Ticker(market) => (market, vec!["ticker".to_owned()]),
        Topic::Book(market) => (market, vec!["depth@100ms".to_owned()]),
        Topic::Bars(market, interval) => (market, vec![bars(market, *interval)?]),
    };
    if market.product == Product::Option {
        return Err(no_options());
    }
    let symbol = market.symbol.to_lowercase();
    Ok(streams.into_iter().map(|stream| format!("{symbol}@{stream}")).collect())
}

fn bars(market: &Instrument, interval: Interval) -> Result<String, CallError> {
    let word = interval.to_string();
    if !BARS.contains(&word.as_str()) || word == "1s" && market.product.is_contract() {
        return Err(CallError::Invalid(format!("{}: there are no bars of {word}", market.name)));
    }
    Ok(format!("kline_{word}"))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListenKey {
    listen_key: String,
}

/// The listen key that was given out.
fn listen_key(reply: &Reply) -> Result<StreamToken, ReadFault> {
    errors::check(reply, Family::Contract)?;
    // Neither fault repeats the body: it may hold a key.
    let fault = |what: String| ReadFault::Parse { what, status: reply.status, excerpt: String::new() };
    let ListenKey { listen_key: key } = serde_json::from_slice(&reply.body).map_err(|e| fault(e.to_string()))?;
    // It becomes part of a URL.
    if key.is_empty() || !key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')) {
        return Err(fault("no listen key".to_owned()));
    }
    Ok(StreamToken { token: key, url: None, ping_every_ms: None })
}

//! KuCoin's streams: a token is fetched first, then topics are subscribed to, and a ping is sent every few seconds.
//!
//! The spot and the futures server have streams and tokens of their own. The token tells the URL, too, so there is no
//! login. What a frame means is read in `stream_public` and `stream_private`.

use super::ask::{FUTURES, SPOT, lacks};
use super::bars::interval_text;
use super::raw;
use super::{KuCoin, KuCoinFutures, stream_private, stream_public};
use crate::protocol::book::{BookRule, Numbering};
use crate::protocol::stream::{Channel, Event, Heartbeat, StreamToken, Streams, Topic};
use crate::protocol::wire::{MaybeNum, Text};
use crate::protocol::{
    Ask, Auth, Body, CallError, Credentials, EndpointClass, Instrument, Markets, Moment, Product, ReadFault, Unsigned,
};
use serde::Deserialize;

/// How many symbols one subscription may name.
const SYMBOLS_MAX: usize = 100;
/// How often the server wants a ping, in milliseconds; its tokens say 18 seconds, and a little less is safe.
const PING_MS: u32 = 15_000;
/// For how long nothing at all may come, in milliseconds: the ping interval and the patience its tokens tell of.
const SILENCE_MS: u32 = 28_000;
/// What is sent as a ping.
const PING: &str = r#"{"id":"ping","type":"ping"}"#;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bullet {
    token: Text,
    instance_servers: Vec<Server>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Server {
    endpoint: Text,
    #[serde(default)]
    ping_interval: MaybeNum,
}

const fn product_of(channel: Channel) -> Product {
    match channel {
        Channel::Public(product) | Channel::Private(product) => product,
    }
}

/// The question for a token.
fn token(channel: Channel) -> Ask<StreamToken> {
    let origin = if product_of(channel).is_contract() { FUTURES } else { SPOT };
    let (path, auth, class) = match channel {
        Channel::Public(_) => ("/api/v1/bullet-public", Auth::None, EndpointClass::Public),
        Channel::Private(_) => ("/api/v1/bullet-private", Auth::Signed, EndpointClass::Account),
    };
    let request = Unsigned { auth, ..Unsigned::post(origin, path, Body::None, class) };
    Ask::new(request.weighing(10), |reply, _| {
        let bullet: Bullet = raw::object(reply)?;
        let token = bullet.token.owned().ok_or_else(|| ReadFault::parse(reply, "no token"))?;
        let server = bullet.instance_servers.first().ok_or_else(|| ReadFault::parse(reply, "no stream server"))?;
        let url = server.endpoint.owned().filter(|url| url.starts_with("wss://"));
        let url = url.ok_or_else(|| ReadFault::parse(reply, "a stream server without a safe URL"))?;
        let ping_every_ms = server.ping_interval.0.and_then(|ms| u32::try_from(ms).ok());
        Ok(StreamToken { token, url: Some(url), ping_every_ms })
    })
}

/// Where to connect.
fn url(token: Option<&StreamToken>, test: bool) -> Result<String, CallError> {
    if test {
        return Err(lacks("a test network"));
    }
    let missing = || CallError::Invalid("KuCoin's streams need a token first".to_owned());
    let token = token.ok_or_else(missing)?;
    let url = token.url.as_deref().ok_or_else(missing)?;
    let mut text = format!("{url}{}token=", if url.contains('?') { '&' } else { '?' });
    crate::protocol::http::encode_into(&mut text, &token.token);
    Ok(text)
}

/// A channel a topic is told on: which, about which market (none for our own), and what stands behind the symbol.
struct Line<'a> {
    channel: &'static str,
    market: Option<&'a Instrument>,
    behind: String,
}

/// The channels of a topic.
fn lines(topic: &Topic) -> Result<Vec<Line<'_>>, CallError> {
    fn about<'a>(market: &'a Instrument, spot: &'static str, contract: &'static str) -> Line<'a> {
        let channel = if market.product.is_contract() { contract } else { spot };
        Line { channel, market: Some(market), behind: String::new() }
    }
    let own = |channel| Line { channel, market: None, behind: String::new() };
    Ok(match topic {
        Topic::Trades(market) => vec![about(market, "/market/match", "/contractMarket/execution")],
        // Of contracts also the mark and index price, and the funding rate.
        Topic::Ticker(market) if market.product.is_contract() => vec![
            about(market, "/market/ticker", "/contractMarket/tickerV2"),
            about(market, "/market/ticker", "/contract/instrument"),
        ],
        Topic::Ticker(market) => vec![about(market, "/market/ticker", "/contractMarket/tickerV2")],
        Topic::Book(market) => vec![about(market, "/market/level2", "/contractMarket/level2")],
        Topic::Bars(market, interval) => {
            let behind = format!("_{}", interval_text(*interval)?);
            vec![Line { behind, ..about(market, "/market/candles", "/contractMarket/limitCandle") }]
        }
        Topic::Orders(product) if product.is_contract() => {
            vec![own("/contractMarket/tradeOrders"), own("/contractMarket/advancedOrders")]
        }
        Topic::Orders(_) => vec![own("/spotMarket/tradeOrdersV2"), own("/spotMarket/advancedOrders")],
        Topic::Balances(product) if product.is_contract() => vec![own("/contractAccount/wallet")],
        Topic::Balances(_) => vec![own("/account/balance")],
        Topic::Positions(product) if product.is_contract() => vec![own("/contract/positionAll")],
        Topic::Positions(_) => return Err(lacks("positions of spot")),
    })
}

/// The frames that subscribe. Markets of one channel share a frame.
fn subscribe(topics: &[Topic], on: bool) -> Result<Vec<String>, CallError> {
    let mut public: Vec<(&'static str, Vec<String>)> = Vec::new();
    let mut all: Vec<(String, bool)> = Vec::new();
    for topic in topics {
        for Line { channel, market, behind } in lines(topic)? {
            let Some(market) = market else {
                all.push((channel.to_owned(), true));
                continue;
            };
            let symbol = format!("{}{behind}", market.symbol);
            let open = public.iter_mut().find(|(known, symbols)| *known == channel && symbols.len() < SYMBOLS_MAX);
            match open {
                Some((_, symbols)) => symbols.push(symbol),
                None => public.push((channel, vec![symbol])),
            }
        }
    }
    let public = public.into_iter().map(|(channel, symbols)| (format!("{channel}:{}", symbols.join(",")), false));
    let frames = public.chain(all).enumerate().map(|(at, (topic, private))| {
        let kind = if on { "subscribe" } else { "unsubscribe" };
        let frame = serde_json::json!({ "id": (at + 1).to_string(), "type": kind, "topic": topic,
            "privateChannel": private, "response": true });
        frame.to_string()
    });
    Ok(frames.collect())
}

/// Spot deltas carry ranges of numbers, those of futures are counted; both stand on a fetched snapshot.
const fn book_rule(product: Product) -> BookRule {
    let numbering = if product.is_contract() { Numbering::Counted } else { Numbering::Ranges };
    BookRule { numbering, fetched: true, depth: 0, checksum: None }
}

/// What a frame tells.
fn read(channel: Channel, frame: &str, markets: &Markets) -> Result<Vec<Event>, ReadFault> {
    let read = match channel {
        Channel::Public(_) => stream_public::read(frame, markets),
        Channel::Private(_) => stream_private::read(frame, markets),
    };
    read.map_err(|what| ReadFault::Parse { what, status: 0, excerpt: frame.chars().take(200).collect() })
}

macro_rules! streams {
    ($adapter:ident) => {
        impl Streams for $adapter {
            fn token(&self, channel: Channel) -> Result<Option<Ask<StreamToken>>, CallError> {
                Ok(Some(token(channel)))
            }
            fn url(&self, _: Channel, token: Option<&StreamToken>, test: bool) -> Result<String, CallError> {
                url(token, test)
            }
            fn login(&self, _: Channel, _: &Credentials, _: Moment) -> Result<Vec<String>, CallError> {
                Ok(Vec::new())
            }
            fn subscribe(&self, topics: &[Topic], _: Option<&StreamToken>, on: bool) -> Result<Vec<String>, CallError> {
                subscribe(topics, on)
            }
            fn heartbeat(&self, _: Channel) -> Heartbeat {
                Heartbeat { every_ms: PING_MS, frame: Some(PING.to_owned()), silence_max_ms: SILENCE_MS }
            }
            fn book_rule(&self, product: Product) -> BookRule {
                book_rule(product)
            }
            fn read(&self, channel: Channel, frame: &str, markets: &Markets) -> Result<Vec<Event>, ReadFault> {
                read(channel, frame, markets)
            }
        }
    };
}

streams!(KuCoin);
streams!(KuCoinFutures);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Reply;
    use desk::time::Interval;

    fn spot(base: &str) -> Instrument {
        Instrument::named(Product::Spot, &format!("{base}-USDT"), base, "USDT", None)
    }

    #[test]
    fn markets_of_one_channel_share_a_frame() {
        let topics = [
            Topic::Trades(spot("BTC")),
            Topic::Trades(spot("ETH")),
            Topic::Bars(spot("BTC"), Interval::MINUTE),
            Topic::Orders(Product::Spot),
        ];
        let frames = subscribe(&topics, true).unwrap();
        let has = |part: &str| frames.iter().any(|frame| frame.contains(part));
        assert_eq!(frames.len(), 4);
        assert!(has("/market/match:BTC-USDT,ETH-USDT") && has("/market/candles:BTC-USDT_1min"));
        assert!(frames.iter().any(|f| f.contains("tradeOrdersV2") && f.contains(r#""privateChannel":true"#)));
    }

    #[test]
    fn the_url_is_the_tokens_own_and_never_unsafe() {
        let ask = token(Channel::Public(Product::Spot));
        let reply = |endpoint: &str| {
            let server = format!(r#"{{"endpoint":"{endpoint}","pingInterval":18000,"pingTimeout":10000}}"#);
            Reply::new(200, format!(r#"{{"code":"200000","data":{{"token":"a+b=","instanceServers":[{server}]}}}}"#))
        };
        let good = ask.read(&reply("wss://ws.example/endpoint"), &Markets::default()).unwrap();
        assert_eq!(good.ping_every_ms, Some(18_000));
        assert_eq!(url(Some(&good), false).unwrap(), "wss://ws.example/endpoint?token=a%2Bb%3D");
        assert!(ask.read(&reply("ws://ws.example/endpoint"), &Markets::default()).is_err());
        assert!(url(None, false).is_err());
    }
}

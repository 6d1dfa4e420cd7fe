//! Streams: three servers (`public`, `private`, `business`), one form of frames.
//!
//! Bars come from the business server, and so do orders that wait for their trigger, behind a login there:
//! [`OkxTriggers`]. A connection is kept alive by the text "ping", answered by "pong"; 30 silent seconds end it.

use super::sign::passphrase;
use super::{Okx, VENUE, bars, checksum, frames};
use crate::protocol::book::{BookRule, Numbering};
use crate::protocol::sign::base64;
use crate::protocol::stream::{Channel, Event, Heartbeat, StreamToken, Streams, Topic};
use crate::protocol::{Ask, CallError, Credentials, Markets, Moment, Product, ReadFault};
use serde_json::{Value, json};

/// How many subscriptions stand in one frame.
const ARGS_MAX: usize = 100;
/// How many levels of a side the channel `books` has.
const DEPTH: usize = 400;

/// The stream of orders that wait for their trigger: on the business server, with a login there. Everything else is as
/// with [`Okx`].
#[derive(Debug, Clone, Copy, Default)]
pub struct OkxTriggers;

fn server(name: &str, test: bool) -> String {
    let host = if test { "wspap.okx.com" } else { "ws.okx.com" };
    format!("wss://{host}:8443/ws/v5/{name}")
}

/// The frame that logs in: signed like a request, with the time in seconds.
fn login(credentials: &Credentials, moment: Moment) -> Result<Vec<String>, CallError> {
    let time = moment.now.ms().div_euclid(1000).to_string();
    let message = format!("{time}GET/users/self/verify");
    let sign = base64(credentials.hmac_sha256(&[message.as_bytes()]).as_ref());
    let arg =
        json!({ "apiKey": credentials.key(), "passphrase": passphrase(credentials)?, "timestamp": time, "sign": sign });
    Ok(vec![json!({ "op": "login", "args": [arg] }).to_string()])
}

/// The venue's types of instruments of a product, each a subscription.
const fn kinds(product: Product) -> &'static [&'static str] {
    match product {
        Product::Spot => &["SPOT", "MARGIN"],
        Product::Linear | Product::Inverse => &["SWAP", "FUTURES"],
        Product::Option => &["OPTION"],
    }
}

fn args(topic: &Topic, orders: &str) -> Result<Vec<Value>, CallError> {
    let of = |channel: &str, symbol: &str| vec![json!({ "channel": channel, "instId": symbol })];
    let each = |channel: &str, kinds: &[&str]| {
        kinds.iter().map(|kind| json!({ "channel": channel, "instType": kind })).collect::<Vec<_>>()
    };
    Ok(match topic {
        Topic::Trades(market) => of("trades", &market.symbol),
        Topic::Ticker(market) => of("tickers", &market.symbol),
        Topic::Book(market) => of("books", &market.symbol),
        Topic::Bars(market, interval) => of(&format!("candle{}", bars::length(*interval)?), &market.symbol),
        Topic::Orders(product) => each(orders, kinds(*product)),
        Topic::Balances(_) => vec![json!({ "channel": "account" })],
        Topic::Positions(Product::Spot) => each("positions", &["MARGIN"]),
        Topic::Positions(product) => each("positions", kinds(*product)),
    })
}

fn subscribe(topics: &[Topic], orders: &str, on: bool) -> Result<Vec<String>, CallError> {
    let mut all: Vec<Value> = Vec::with_capacity(topics.len());
    for topic in topics {
        for arg in args(topic, orders)? {
            // Two products may share a subscription.
            if !all.contains(&arg) {
                all.push(arg);
            }
        }
    }
    let op = if on { "subscribe" } else { "unsubscribe" };
    Ok(all.chunks(ARGS_MAX).map(|args| json!({ "op": op, "args": args }).to_string()).collect())
}

impl Streams for Okx {
    fn token(&self, _channel: Channel) -> Result<Option<Ask<StreamToken>>, CallError> {
        Ok(None)
    }

    fn url(&self, channel: Channel, _token: Option<&StreamToken>, test: bool) -> Result<String, CallError> {
        Ok(match channel {
            Channel::Public(_) => server("public", test),
            Channel::Private(_) => server("private", test),
        })
    }

    fn url_of(&self, topic: &Topic, token: Option<&StreamToken>, test: bool) -> Result<String, CallError> {
        match topic {
            Topic::Bars(..) => Ok(server("business", test)),
            Topic::Trades(_)
            | Topic::Ticker(_)
            | Topic::Book(_)
            | Topic::Orders(_)
            | Topic::Balances(_)
            | Topic::Positions(_) => self.url(topic.channel(), token, test),
        }
    }

    fn login(&self, channel: Channel, credentials: &Credentials, moment: Moment) -> Result<Vec<String>, CallError> {
        match channel {
            Channel::Public(_) => Ok(Vec::new()),
            Channel::Private(_) => login(credentials, moment),
        }
    }

    fn subscribe(&self, topics: &[Topic], _token: Option<&StreamToken>, on: bool) -> Result<Vec<String>, CallError> {
        subscribe(topics, "orders", on)
    }

    fn heartbeat(&self, _channel: Channel) -> Heartbeat {
        Heartbeat { every_ms: 15_000, frame: Some("ping".to_owned()), silence_max_ms: 30_000 }
    }

    fn book_rule(&self, _product: Product) -> BookRule {
        BookRule { numbering: Numbering::Linked, fetched: false, depth: DEPTH, checksum: Some(checksum::checksum) }
    }

    fn read(&self, _channel: Channel, frame: &str, markets: &Markets) -> Result<Vec<Event>, ReadFault> {
        frames::read(frame, markets)
    }
}

impl Streams for OkxTriggers {
    fn token(&self, channel: Channel) -> Result<Option<Ask<StreamToken>>, CallError> {
        Okx.token(channel)
    }

    fn url(&self, _channel: Channel, _token: Option<&StreamToken>, test: bool) -> Result<String, CallError> {
        Ok(server("business", test))
    }

    fn login(&self, _channel: Channel, credentials: &Credentials, moment: Moment) -> Result<Vec<String>, CallError> {
        login(credentials, moment)
    }

    fn subscribe(&self, topics: &[Topic], _token: Option<&StreamToken>, on: bool) -> Result<Vec<String>, CallError> {
        if topics.iter().any(|topic| !matches!(topic, Topic::Orders(_) | Topic::Bars(..))) {
            return Err(CallError::Unsupported { venue: VENUE, what: "such a topic on its business server".into() });
        }
        subscribe(topics, "orders-algo", on)
    }

    fn heartbeat(&self, channel: Channel) -> Heartbeat {
        Okx.heartbeat(channel)
    }

    fn book_rule(&self, product: Product) -> BookRule {
        Okx.book_rule(product)
    }

    fn read(&self, channel: Channel, frame: &str, markets: &Markets) -> Result<Vec<Event>, ReadFault> {
        Okx.read(channel, frame, markets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Instrument;
    use desk::time::{Interval, Timestamp};

    #[test]
    fn a_login_is_signed_with_seconds() {
        let credentials =
            Credentials::new(VENUE, "test_api_key".into(), "test_secret".into(), Some("test_passphrase".into()))
                .unwrap();
        let moment = Moment { now: Timestamp::from_ms(1_700_000_000_999), nonce: 0, window_ms: 0 };
        let frames = Okx.login(Channel::Private(Product::Spot), &credentials, moment).unwrap();
        let frame: Value = serde_json::from_str(&frames[0]).unwrap();
        assert_eq!(frame["op"], "login");
        assert_eq!(frame["args"][0]["timestamp"], "1700000000");
        assert_eq!(frame["args"][0]["sign"], "DEw2aeeERPFSK37pukYB5dZYKfsBHsXjYcJF3lAVSNM=");
        assert!(Okx.login(Channel::Public(Product::Spot), &credentials, moment).unwrap().is_empty());
    }

    #[test]
    fn bars_have_a_server_of_their_own() {
        let market = Instrument::named(Product::Spot, "BTC-USDT", "BTC", "USDT", None);
        let bars = Topic::Bars(market.clone(), Interval::MINUTE);
        assert_eq!(Okx.url_of(&bars, None, false).unwrap(), "wss://ws.okx.com:8443/ws/v5/business");
        let book = Topic::Book(market);
        assert_eq!(Okx.url_of(&book, None, true).unwrap(), "wss://wspap.okx.com:8443/ws/v5/public");
        let frames = Okx.subscribe(&[bars, book], None, true).unwrap();
        assert_eq!(
            frames,
            [
                r#"{"args":[{"channel":"candle1m","instId":"BTC-USDT"},{"channel":"books","instId":"BTC-USDT"}],"op":"subscribe"}"#
            ]
        );
    }

    #[test]
    fn products_that_share_a_subscription_ask_for_it_once() {
        let topics = [Topic::Orders(Product::Linear), Topic::Orders(Product::Inverse)];
        let frames = OkxTriggers.subscribe(&topics, None, true).unwrap();
        assert_eq!(frames.len(), 1);
        assert_eq!(frames[0].matches("orders-algo").count(), 2);
        assert!(OkxTriggers.subscribe(&[Topic::Balances(Product::Spot)], None, true).is_err());
    }
}
